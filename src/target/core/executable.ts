import {
  MattockError,
  type Platform,
  type RuntimeAddress,
  runtimeAddress,
  UserError,
} from '../../base/index.ts';
import type { Image } from '../../image/index.ts';
import type { CoreFacts } from './core-facts.ts';
import type { CoreMemory } from './core-memory.ts';
import { AT, type LoadedFile } from './core-modules.ts';
import {
  type BuildIdentity,
  compareBuilds,
  describeIdentity,
  readLoadedElf,
  unknownIdentity,
} from './loaded-elf.ts';
import type { ModuleFile, ModuleFiles } from './module-files.ts';

/** The program that was run: its file, and where it is loaded. */
export interface Executable {
  /** The file that is read. */
  readonly path: string;
  /** What the core calls it. */
  readonly mappedPath: string | undefined;
  readonly file: ModuleFile;
  readonly bias: number;
}

interface Request {
  readonly facts: CoreFacts;
  readonly memory: CoreMemory;
  readonly loaded: readonly LoadedFile[];
  readonly files: ModuleFiles;
  readonly warnings: string[];
  readonly platform: Platform;
  readonly core: { readonly name: string };
  readonly executable?: ModuleFile;
  readonly acceptMismatch?: boolean;
}

const ELF_HEADER_SIZE = 64;
const LONGEST_PATH = 4096;

export function findExecutable(request: Request): Executable {
  const { facts, files } = request;
  const mapped = mappedExecutable(request);
  const mappedPath = mapped?.path;
  const identity = mapped?.elf?.identity ?? identityInMemory(request) ?? unknownIdentity;
  const path = mappedPath ?? pathInMemory(request) ?? facts.status?.name;
  let file = request.executable;
  if (file !== undefined) {
    checkArch(request, file);
    if (compareContents(request, identity, mapped, file) === 'different') {
      file = useInstead(request, file, path, identity);
    }
  } else if (path !== undefined) file = files.find(path, identity);
  if (file === undefined) throw missing(request, path, identity);
  if (mappedPath !== undefined) files.put(mappedPath, file);
  return { path: file.path, mappedPath, file, bias: biasOf(request, mapped, file.image) };
}

/** The mapping that holds the entry point (AT_ENTRY) or the program headers (AT_PHDR). */
function mappedExecutable({ facts, loaded }: Request): LoadedFile | undefined {
  for (const key of [AT.ENTRY, AT.PHDR]) {
    const address = facts.auxv.get(key);
    const found = address && loaded.find((file) => address >= file.start && address < file.end);
    if (found) return found;
  }
  return facts.auxv.size === 0 ? loaded[0] : undefined;
}

/** The program headers follow the ELF header in all files that linkers make. */
function identityInMemory({ facts, memory, platform }: Request): BuildIdentity | undefined {
  const headers = facts.auxv.get(AT.PHDR);
  if (headers === undefined) return undefined;
  return readLoadedElf(memory, runtimeAddress(headers - ELF_HEADER_SIZE), platform, 'executable')?.identity;
}

/** AT_EXECFN: the path given to execve. */
function pathInMemory({ facts, memory }: Request): string | undefined {
  const address = facts.auxv.get(AT.EXECFN);
  if (address === undefined || memory.tryRead(address as RuntimeAddress, 1) === undefined) return undefined;
  try {
    return memory.cString(address as RuntimeAddress, LONGEST_PATH) || undefined;
  } catch (error) {
    // A string that runs out of the core: the path is then not known from here.
    if (error instanceof MattockError) return undefined;
    throw error;
  }
}

function checkArch({ facts, core }: Request, file: ModuleFile): void {
  if (file.image.arch === facts.arch.name) return;
  throw new UserError(
    `${core.name} is a core of ${facts.arch.name}, but ${file.path} is built for ${file.image.arch}`,
    'Give the executable that crashed, or leave it out to have it looked for.',
  );
}

/** By build ids; where one of them is missing, by the bytes that file and core both have. */
function compareContents(
  { memory }: Request,
  identity: BuildIdentity,
  mapped: LoadedFile | undefined,
  file: ModuleFile,
): 'same' | 'different' | 'unknown' {
  const byId = compareBuilds(identity, file.image);
  if (byId !== 'unknown') return byId;
  for (const region of memory.regions) {
    if (mapped === undefined || region.file !== mapped.path || region.writable) continue;
    const length = Math.min(memory.storedAt(region.start), 4096);
    if (length === 0) continue;
    const stored = memory.readUpTo(region.start, length);
    const original = file.source.read(region.fileOffset, length);
    return stored.every((byte, i) => byte === original[i]) ? 'same' : 'different';
  }
  return 'unknown';
}

/** The named executable is of another build: the right one where the core says it was, a warning, or an error. */
function useInstead(
  request: Request,
  named: ModuleFile,
  path: string | undefined,
  identity: BuildIdentity,
): ModuleFile {
  const problem = `${named.path} is of another build than ${request.core.name}: expected ${describeIdentity(identity)}, the file has ${describeIdentity(named.image)}`;
  if (request.acceptMismatch) {
    request.warnings.push(`${problem}. Names, lines and values may be wrong.`);
    return named;
  }
  const found = path === undefined ? undefined : request.files.find(path, identity);
  if (found === undefined)
    throw new UserError(
      problem,
      `Find the file that crashed${path === undefined ? '' : ` (it was ${path})`} and give that one.`,
    );
  request.warnings.push(`${problem}. ${found.path} is used instead.`);
  return found;
}

/** Where it was looked for is what find-module.ts and its like do: the path itself, beside the core, by build id. */
function missing({ core, facts }: Request, path: string | undefined, identity: BuildIdentity): UserError {
  const name = path ?? facts.status?.commandLine ?? 'an unknown program';
  const file = name.slice(name.lastIndexOf('/') + 1) || 'EXECUTABLE';
  const others =
    path?.startsWith('/') === true
      ? `; a file ${file} beside the core is found too, and with --sysroot DIR what is at ${path} below DIR`
      : '';
  return new UserError(
    `${core.name} was left by ${name} (${describeIdentity(identity)}), which was not found`,
    `name the executable before the core (\`mattock core PATH/${path === undefined ? 'EXECUTABLE' : file} ${core.name}\`)${others}`,
  );
}

function biasOf({ facts }: Request, mapped: LoadedFile | undefined, image: Image): number {
  if (mapped?.elf !== undefined) return mapped.elf.bias;
  const entry = facts.auxv.get(AT.ENTRY);
  if (entry !== undefined) return entry - image.entryPoint;
  const first = image.segments[0];
  return mapped === undefined || first === undefined
    ? 0
    : mapped.start - (first.address - first.fileOffset + mapped.fileOffset);
}
