import type { ByteSource } from '../base/index.ts';
import { type Host, Session, Settings } from '../commands/index.ts';
import { openProgram } from '../golang/index.ts';
import { openImage } from '../image/index.ts';
import { openCore as openTarget, type Target } from '../target/index.ts';
import { moduleFinder, nameModule, nodePlatform, openFile } from './files/index.ts';
import type { OpenCoreOptions, Progress } from './session-client.ts';

/** A core with the files that belong to it: memory, threads and modules. */
export async function openCoreTarget(options: OpenCoreOptions, progress?: Progress): Promise<Target> {
  const { core, executable, sysroot } = options;
  const opened = await openFile(core, {
    onProgress: ({ done, total }) => progress?.(`unpacking ${core}`, done, total),
  });
  const image = (source: ByteSource) => openImage(source, nodePlatform);
  return openTarget({
    core: opened.source,
    ...(executable === undefined ? {} : { executable: nameModule(executable, image) }),
    ...(options.acceptMismatch === undefined ? {} : { acceptMismatch: options.acceptMismatch }),
    findModule: moduleFinder({
      ...(sysroot === undefined ? {} : { sysroot }),
      beside: executable === undefined ? [core] : [executable, core],
      openImage: image,
    }),
    openImage: image,
    platform: nodePlatform,
    warnings: opened.warnings,
  });
}

/** Opens a core as a session for commands. */
export async function openCoreSession(
  options: OpenCoreOptions,
  host: Host,
  settings = new Settings(),
): Promise<Session> {
  const target = await openCoreTarget(options, (what, done, total) => host.progress(what, done, total));
  return new Session(openProgram(target), host, settings);
}
