import { type ByteSource, type Platform, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Image } from '../../image/index.ts';
import { Module } from '../module.ts';
import type { CoreMemory } from './core-memory.ts';
import { type LoadedElf, readLoadedElf, unknownIdentity } from './loaded-elf.ts';
import type { ModuleFile, ModuleFiles } from './module-files.ts';
import type { FileMapping } from './process-notes.ts';

/** Auxiliary vector entries (getauxval(3)). */
export const AT = { PHDR: 3, BASE: 7, ENTRY: 9, SYSINFO_EHDR: 33, EXECFN: 31 } as const;

/** A binary's place, before its file is looked for. */
export interface LoadedFile {
  readonly path: string;
  /** Address of the ELF header, or of the lowest mapping. */
  readonly start: number;
  readonly end: number;
  readonly fileOffset: number;
  readonly elf: LoadedElf | undefined;
}

/** The binaries among the mapped files of NT_FILE: those with an ELF header in memory or with code. */
export function loadedFiles(
  mappings: readonly FileMapping[],
  memory: CoreMemory,
  platform: Platform,
): LoadedFile[] {
  const byPath = new Map<string, FileMapping[]>();
  for (const mapping of mappings) {
    const group = byPath.get(mapping.path);
    if (group === undefined) byPath.set(mapping.path, [mapping]);
    else group.push(mapping);
  }
  const files: LoadedFile[] = [];
  for (const [path, group] of byPath) {
    const first = group.reduce((a, b) => (b.start < a.start ? b : a));
    const elf = readLoadedElf(memory, runtimeAddress(first.start), platform, path);
    const hasCode = group.some((mapping) => memory.regionAt(runtimeAddress(mapping.start))?.executable);
    if (elf === undefined && !hasCode) continue;
    const end = group.reduce((last, mapping) => Math.max(last, mapping.end), elf?.end ?? 0);
    files.push({ path, start: first.start, end, fileOffset: first.fileOffset, elf });
  }
  return files.sort((a, b) => a.start - b.start);
}

/** A shared library: its image is opened, and compared with the core, when it is first asked for. */
export function libraryModule(file: LoadedFile, files: ModuleFiles): Module {
  const image = () => files.find(file.path, file.elf?.identity ?? unknownIdentity)?.image;
  return new Module({
    path: file.path,
    image,
    bias: () => file.elf?.bias ?? biasByImage(file, image()) ?? file.start,
    start: runtimeAddress(file.start),
    end: runtimeAddress(file.end),
  });
}

/** The bias at which an image's segment lands where its part of the file is mapped. */
function biasByImage(file: LoadedFile, image: Image | undefined): number | undefined {
  const { fileOffset, start } = file;
  const holds = (s: Image['segments'][number]) => fileOffset < s.fileOffset + s.fileSize;
  const segment = image?.segments.find(holds);
  return segment === undefined ? undefined : start - (segment.address - segment.fileOffset + fileOffset);
}

export function executableModule(path: string, file: ModuleFile, bias: number): Module {
  const { start, end } = extentOf(file.image, bias) ?? { start: 0, end: 0 };
  return new Module({
    path,
    image: file.image,
    bias,
    start: runtimeAddress(start),
    end: runtimeAddress(end),
  });
}

/** From the first to behind the last segment of an image, or undefined: it has none. */
export function extentOf(image: Image, bias: number): { start: number; end: number } | undefined {
  let start = Infinity;
  let end = 0;
  for (const segment of image.segments) {
    start = Math.min(start, segment.address + bias);
    end = Math.max(end, segment.address + segment.memorySize + bias);
  }
  return end > 0 ? { start, end } : undefined;
}

/** The kernel's vDSO, whose file is its memory: it has symbols and call frame information. */
export function vdsoModule(
  address: RuntimeAddress,
  memory: CoreMemory,
  platform: Platform,
  openImage: (source: ByteSource) => Image,
): Module | undefined {
  const region = memory.regionAt(address);
  if (region === undefined || memory.storedAt(address) === 0) return undefined;
  const size = region.end - address;
  const loaded = readLoadedElf(memory, address, platform, '[vdso]');
  if (loaded === undefined) return undefined;
  const image = () => {
    const bytes = memory.readUpTo(address, size);
    return openImage({
      name: '[vdso]',
      size: bytes.length,
      read: (at, length) => bytes.subarray(at, at + length),
    });
  };
  return new Module({ path: '[vdso]', image, bias: loaded.bias, start: address, end: region.end });
}
