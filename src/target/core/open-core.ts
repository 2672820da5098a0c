import { type ByteSource, hex, type Platform, runtimeAddress } from '../../base/index.ts';
import type { Image } from '../../image/index.ts';
import type { Module } from '../module.ts';
import { ModuleList } from '../module-list.ts';
import type { Target } from '../target.ts';
import { type CoreFacts, readCoreFacts } from './core-facts.ts';
import { CoreMemory } from './core-memory.ts';
import {
  AT,
  executableModule,
  type LoadedFile,
  libraryModule,
  loadedFiles,
  vdsoModule,
} from './core-modules.ts';
import { type Executable, findExecutable } from './executable.ts';
import { unknownIdentity } from './loaded-elf.ts';
import { buildMemoryMap } from './memory-map.ts';
import { type FindModule, type ModuleFile, ModuleFiles } from './module-files.ts';

export interface OpenCoreInput {
  readonly core: ByteSource;
  /** The executable that the user named. */
  readonly executable?: ModuleFile;
  /** Use `executable` although its build id is not the core's. */
  readonly acceptMismatch?: boolean;
  readonly findModule: FindModule;
  readonly openImage: (source: ByteSource) => Image;
  readonly platform: Platform;
  /** What was found out about the file before it came here: that its compressed form was damaged. */
  readonly warnings?: readonly string[];
}

/** Opens a Linux core of amd64 or arm64: threads and modules now, memory and binaries as they are asked for. */
export function openCore(input: OpenCoreInput): Target {
  const facts = readCoreFacts(input.core, input.platform);
  const warnings = [...(input.warnings ?? [])];
  if (facts.missingBytes > 0) warnings.push(cutWarning(input.core, facts.missingBytes));
  const files = new ModuleFiles(input.findModule, warnings);
  const loaded: LoadedFile[] = [];
  const map = buildMemoryMap(facts.segments, facts.mappings, input.core.size);
  const memory = new CoreMemory(input.core, map, (path) => {
    const file = loaded.find((candidate) => candidate.path === path);
    return file && files.find(path, file.elf?.identity ?? unknownIdentity)?.source;
  });
  loaded.push(...loadedFiles(facts.mappings, memory, input.platform));
  const executable = findExecutable({ ...input, facts, memory, loaded, files, warnings });
  const modules = moduleList(input, facts, memory, loaded, executable, files);
  return {
    kind: 'core',
    arch: facts.arch,
    memory,
    threads: facts.threads,
    modules,
    process: {
      pid: facts.status?.pid ?? facts.threads[0]?.id,
      executable: executable.path,
      commandLine: facts.status?.commandLine,
      signal: facts.signal ?? signalOfThreads(facts),
      currentThread: facts.threads[0]!.id,
      auxv: facts.auxv,
      origin: facts.origin,
    },
    warnings,
  };
}

function cutWarning(core: ByteSource, missing: number): string {
  const megabytes = (missing / 2 ** 20).toFixed(1);
  return `${core.name} is cut: it ends at ${hex(core.size)}, ${megabytes} MiB are missing. What was in them cannot be read.`;
}

/** Without NT_SIGINFO, the first thread's `pr_cursig` tells the signal's number. */
function signalOfThreads(facts: CoreFacts): Target['process']['signal'] {
  const signo = facts.threads[0]?.currentSignal ?? 0;
  return signo === 0 ? undefined : { signo, code: 0, errno: 0, address: undefined, sender: undefined };
}

function moduleList(
  input: OpenCoreInput,
  facts: CoreFacts,
  memory: CoreMemory,
  loaded: readonly LoadedFile[],
  executable: Executable,
  files: ModuleFiles,
): ModuleList {
  const main = executableModule(executable.path, executable.file, executable.bias);
  const libraries: Module[] = [];
  for (const file of loaded) {
    if (file.start >= main.start && file.start < main.end) continue;
    if (file.path !== executable.mappedPath) libraries.push(libraryModule(file, files));
  }
  const vdso = facts.auxv.get(AT.SYSINFO_EHDR);
  const vdsoModule_ =
    vdso === undefined
      ? undefined
      : vdsoModule(runtimeAddress(vdso), memory, input.platform, input.openImage);
  if (vdsoModule_ !== undefined) libraries.push(vdsoModule_);
  return new ModuleList(main, libraries);
}
