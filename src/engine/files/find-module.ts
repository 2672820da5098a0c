import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { type ByteSource, MattockError, UserError } from '../../base/index.ts';
import type { Image } from '../../image/index.ts';
import type { FindModule, ModuleFile, ModuleRequest } from '../../target/index.ts';
import { FileSource } from './file-source.ts';

export interface SearchPlaces {
  /** Directory under which the debuggee's paths are looked for first: a container's root, an unpacked image. */
  readonly sysroot?: string;
  /** Files in whose directories a binary is looked for by its base name: the core, the executable. */
  readonly beside: readonly string[];
  readonly openImage: (source: ByteSource) => Image;
}

/** Where distributions keep binaries by build id (`ab/cdef…`). The `.debug` files there hold no code: no modules. */
const BUILD_ID_DIRECTORIES = ['/usr/lib/debug/.build-id', '/usr/lib/.build-id'];
const DELETED = / \(deleted\)$/;

/** Looks for binaries on this machine's disk. Files that cannot be opened or are no binaries are passed over. */
export function moduleFinder(places: SearchPlaces): FindModule {
  const opened = new Map<string, ModuleFile | undefined>();
  const open = (path: string): ModuleFile | undefined => {
    const real = realpathSync(path);
    if (!opened.has(real)) opened.set(real, openModule(path, places.openImage));
    return opened.get(real);
  };
  return (request) => {
    const tried = new Set<ModuleFile>();
    for (const path of candidates(request, places)) {
      if (!existsSync(path)) continue;
      const file = open(path);
      if (file === undefined || tried.has(file)) continue;
      tried.add(file);
      if (request.accepts(file)) return file;
    }
    return undefined;
  };
}

/** Opens a binary; undefined if it is none. For a binary that the user named, use `nameModule`. */
function openModule(path: string, openImage: SearchPlaces['openImage']): ModuleFile | undefined {
  try {
    return nameModule(path, openImage);
  } catch (error) {
    if (error instanceof MattockError) return undefined;
    throw error;
  }
}

/** Opens a binary that the user named: what is wrong with it is the user's to know. */
export function nameModule(path: string, openImage: SearchPlaces['openImage']): ModuleFile {
  const source = FileSource.open(path);
  try {
    if (isCore(source)) {
      throw new UserError(
        `${path} is a core, not an executable`,
        'Give the executable first, then the core.',
      );
    }
    return { path, source, image: openImage(source) };
  } catch (error) {
    source.close();
    throw error;
  }
}

/** e_type of an ELF file is ET_CORE. Anything else is for `openImage` to judge. */
function isCore(source: ByteSource): boolean {
  const [a, b, c, d, ...rest] = source.read(0, 18);
  return a === 0x7f && b === 0x45 && c === 0x4c && d === 0x46 && rest[12] === 4 && rest[13] === 0;
}

function* candidates({ path, buildId }: ModuleRequest, { sysroot, beside }: SearchPlaces): Generator<string> {
  const name = path.replace(DELETED, '');
  const roots = sysroot === undefined ? [''] : [sysroot, ''];
  if (isAbsolute(name)) for (const root of roots) yield join(root, name);
  for (const file of beside) {
    if (!isAbsolute(name)) yield join(dirname(file), name);
    yield join(dirname(file), basename(name));
    // As `dump` keeps the program of a core where it is to be removed.
    yield `${file}.${basename(name)}`;
  }
  if (!isAbsolute(name)) yield name;
  if (buildId === undefined || buildId.length < 4) return;
  for (const root of roots) {
    for (const directory of BUILD_ID_DIRECTORIES) {
      yield join(root, directory, buildId.slice(0, 2), buildId.slice(2));
    }
  }
}
