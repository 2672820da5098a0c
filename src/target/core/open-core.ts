import { type ByteSource, hex, type Platform, runtimeAddress } from '../../base/index.ts';
import type { Image } from '../../image/index.ts';
import { ModuleList } from '../module-list.ts';
import type { SignalInfo, Target } from '../target.ts';
import { type CoreFacts, readCoreFacts } from './core-facts.ts';
import { CoreMemory } from './core-memory.ts';
import {
  AT,
  executableModule,
  extentOf,
  type LoadedFile,
  libraryModule,
  loadedFiles,
  vdsoModule,
} from './core-modules.ts';
import { type Executable, findExecutable } from './executable.ts';
import { mappingsOfImage, readLinkMap } from './link-map.ts';
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
  const opening: Opening = { ...input, facts, files, warnings };
  const { memory, loaded, executable } =
    facts.mappings.length > 0 ? withFileNote(opening) : withoutFileNote(opening);
  return {
    kind: 'core',
    arch: facts.arch,
    memory,
    threads: facts.threads,
    modules: moduleList(opening, memory, loaded, executable),
    process: {
      pid: facts.status?.pid ?? facts.threads[0]?.id,
      executable: executable.path,
      commandLine: facts.status?.commandLine,
      signal: signalOf(facts),
      currentThread: facts.threads[0]!.id,
      auxv: facts.auxv,
      origin: facts.origin,
      noteBytes: (note) => facts.processNotes.get(note),
    },
    warnings,
  };
}

interface Opening extends OpenCoreInput {
  readonly facts: CoreFacts;
  readonly files: ModuleFiles;
  readonly warnings: string[];
}

interface Loaded {
  readonly memory: CoreMemory;
  readonly loaded: readonly LoadedFile[];
  readonly executable: Executable;
}

/** NT_FILE lists what is mapped, so memory is known before any binary is opened. */
function withFileNote(opening: Opening): Loaded {
  const { core, facts, files, platform } = opening;
  const loaded: LoadedFile[] = [];
  const memory = new CoreMemory(core, buildMemoryMap(facts.segments, facts.mappings, core.size), (path) => {
    const file = loaded.find((candidate) => candidate.path === path);
    return file && files.find(path, file.elf?.identity ?? unknownIdentity)?.source;
  });
  loaded.push(...loadedFiles(facts.mappings, memory, platform));
  return { memory, loaded, executable: findExecutable({ ...opening, memory, loaded }) };
}

/** The executable and the dynamic linker's list tell what must be mapped; pages of code may be in files alone. */
function withoutFileNote(opening: Opening): Loaded {
  const { core, facts, files } = opening;
  const bare = new CoreMemory(core, buildMemoryMap(facts.segments, [], core.size), () => undefined);
  const executable = findExecutable({ ...opening, memory: bare, loaded: [] });
  const { image } = executable.file;
  const mappings = mappingsOfImage(executable.path, image, executable.bias);
  files.put(executable.path, executable.file);
  const loaded: LoadedFile[] = [];
  const dynamic = image.section('.dynamic');
  const objects =
    dynamic === undefined ? [] : readLinkMap(bare, runtimeAddress(dynamic.address + executable.bias));
  for (const { path, bias } of objects) {
    const library = files.find(path, unknownIdentity)?.image;
    const extent = library && extentOf(library, bias);
    if (extent === undefined || library === undefined) continue;
    mappings.push(...mappingsOfImage(path, library, bias));
    loaded.push({ path, ...extent, fileOffset: 0, elf: undefined });
  }
  const map = buildMemoryMap(facts.segments, mappings, core.size);
  return { memory: new CoreMemory(core, map, (path) => files.known(path)?.source), loaded, executable };
}

/**
 * The signal that ended the process. gcore reports the SIGSTOP of its own attaching; without NT_SIGINFO, the first
 * thread's `pr_cursig` tells the number.
 */
function signalOf({ threads, signal, origin }: CoreFacts): SignalInfo | undefined {
  const signo = threads[0]?.currentSignal ?? 0;
  if (signal !== undefined) return origin === 'gcore' && signo === 0 ? undefined : signal;
  return signo === 0 ? undefined : { signo, code: 0, errno: 0, address: undefined, sender: undefined };
}

function cutWarning(core: ByteSource, missing: number): string {
  const megabytes = (missing / 2 ** 20).toFixed(1);
  return `${core.name} is cut: it ends at ${hex(core.size)}, ${megabytes} MiB are missing. What was in them cannot be read.`;
}

function moduleList(
  { facts, files, platform, openImage }: Opening,
  memory: CoreMemory,
  loaded: readonly LoadedFile[],
  executable: Executable,
): ModuleList {
  const main = executableModule(executable.path, executable.file, executable.bias);
  const libraries = loaded
    .filter(
      (file) => file.path !== executable.mappedPath && !(file.start >= main.start && file.start < main.end),
    )
    .map((file) => libraryModule(file, files));
  const address = facts.auxv.get(AT.SYSINFO_EHDR);
  const vdso =
    address === undefined ? undefined : vdsoModule(runtimeAddress(address), memory, platform, openImage);
  return new ModuleList(main, vdso === undefined ? libraries : [...libraries, vdso]);
}
