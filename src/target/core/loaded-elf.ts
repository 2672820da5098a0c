import { type ByteSource, MattockError, type Platform, type RuntimeAddress } from '../../base/index.ts';
import { ElfFile, type Image, PT_LOAD } from '../../image/index.ts';
import type { CoreMemory } from './core-memory.ts';

/**
 * What the core itself keeps of a binary: Linux writes the first page of every ELF mapping (coredump_filter bit 4),
 * in which the ELF header, the program headers and the build id notes stand. Only bytes of the core are read here,
 * never those of the file that is yet to be compared with it.
 */
export interface LoadedElf {
  readonly bias: number;
  /** End of the last PT_LOAD in memory. */
  readonly end: number;
  readonly identity: BuildIdentity;
  /** PT_DYNAMIC, at its runtime address. */
  readonly dynamic: { readonly address: number; readonly size: number } | undefined;
}

export interface BuildIdentity {
  /** NT_GNU_BUILD_ID in hex. */
  readonly buildId: string | undefined;
  readonly goBuildId: string | undefined;
}

export const unknownIdentity: BuildIdentity = { buildId: undefined, goBuildId: undefined };

const PT_DYNAMIC = 2;
const NT_GNU_BUILD_ID = 3;
const NT_GO_BUILD_ID = 4;
/** More than program headers and notes ever need: 4 KiB pages on amd64, up to 64 KiB on arm64. */
const LONGEST_HEADER = 64 * 1024;

/** The binary whose ELF header is at an address, or undefined: not in the core, or not an ELF header. */
export function readLoadedElf(
  memory: CoreMemory,
  address: RuntimeAddress,
  platform: Platform,
  name: string,
): LoadedElf | undefined {
  const stored = Math.min(memory.storedAt(address), LONGEST_HEADER);
  if (stored < 64 || memory.uint32(address) !== 0x464c457f) return undefined;
  const source: ByteSource = {
    name,
    size: stored,
    read: (offset, length) =>
      memory.readUpTo((address + offset) as RuntimeAddress, Math.max(0, Math.min(length, stored - offset))),
  };
  try {
    return describe(new ElfFile(source, platform), address);
  } catch (error) {
    // A damaged header in memory: the module is then known by its file alone.
    if (error instanceof MattockError) return undefined;
    throw error;
  }
}

function describe(elf: ElfFile, address: number): LoadedElf | undefined {
  const headers = elf.programHeaders;
  const first = headers.ofType(PT_LOAD)[0];
  if (first === undefined) return undefined;
  const bias = address - (first.address - first.fileOffset);
  let end = 0;
  for (const load of headers.ofType(PT_LOAD)) end = Math.max(end, load.address + load.memorySize + bias);
  const dynamic = headers.ofType(PT_DYNAMIC)[0];
  return {
    bias,
    end,
    identity: identityOf(elf),
    dynamic:
      dynamic === undefined ? undefined : { address: dynamic.address + bias, size: dynamic.memorySize },
  };
}

function identityOf(elf: ElfFile): BuildIdentity {
  let buildId: string | undefined;
  let goBuildId: string | undefined;
  for (const note of elf.notes()) {
    if (note.owner === 'GNU' && note.type === NT_GNU_BUILD_ID) {
      buildId ??= Array.from(note.description, (byte) => byte.toString(16).padStart(2, '0')).join('');
    } else if (note.owner === 'Go' && note.type === NT_GO_BUILD_ID) {
      goBuildId ??= String.fromCharCode(...note.description);
    }
  }
  return { buildId, goBuildId };
}

/** Whether a file is the build that the core was made of, as far as both say. */
export function compareBuilds(loaded: BuildIdentity, image: Image): 'same' | 'different' | 'unknown' {
  if (loaded.goBuildId && image.goBuildId) return loaded.goBuildId === image.goBuildId ? 'same' : 'different';
  if (loaded.buildId && image.buildId) return loaded.buildId === image.buildId ? 'same' : 'different';
  return 'unknown';
}

export function describeIdentity(identity: BuildIdentity): string {
  if (identity.buildId) return `build id ${identity.buildId}`;
  return identity.goBuildId ? `Go build id ${identity.goBuildId}` : 'no build id';
}
