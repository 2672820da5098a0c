import { type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { Image } from '../../image/index.ts';
import type { Memory } from '../target.ts';
import type { FileMapping } from './process-notes.ts';

/**
 * What is loaded, for cores that do not list mapped files (qemu's, Delve's): the dynamic linker's list, which debuggers
 * find through DT_DEBUG (glibc elf/link.h: r_debug has r_map at 8; link_map has l_addr 0, l_name 8, l_ld 16, l_next 24).
 */

export interface LinkedObject {
  readonly path: string;
  readonly bias: number;
}

const DT_NULL = 0;
const DT_DEBUG = 21;
const MAX_DYNAMIC_ENTRIES = 4096;
const MAX_OBJECTS = 16 * 1024;
const LONGEST_PATH = 4096;
const PAGE = 4096;

/** The shared libraries of a program whose dynamic section is at an address. What cannot be read ends the list. */
export function readLinkMap(memory: Memory, dynamic: RuntimeAddress): LinkedObject[] {
  const objects: LinkedObject[] = [];
  try {
    const debug = debugAddress(memory, dynamic);
    if (debug === undefined || debug === 0) return [];
    const seen = new Set<number>();
    let node = memory.pointer(runtimeAddress(debug + 8));
    while (node !== 0 && !seen.has(node) && seen.size < MAX_OBJECTS) {
      seen.add(node);
      const name = memory.pointer(runtimeAddress(node + 8));
      const path = name === 0 ? '' : memory.cString(name, LONGEST_PATH);
      // The executable and the vDSO have no path here.
      if (path.startsWith('/')) objects.push({ path, bias: memory.uint64(node) });
      node = memory.pointer(runtimeAddress(node + 24));
    }
  } catch (error) {
    if (!(error instanceof TargetFault)) throw error;
  }
  return objects;
}

function debugAddress(memory: Memory, dynamic: RuntimeAddress): number | undefined {
  for (let i = 0; i < MAX_DYNAMIC_ENTRIES; i++) {
    const entry = runtimeAddress(dynamic + i * 16);
    const tag = memory.uint64(entry);
    if (tag === DT_NULL) return undefined;
    if (tag === DT_DEBUG) return memory.uint64(runtimeAddress(entry + 8));
  }
  return undefined;
}

/** The mappings that loading an image makes, but for the writable ones, whose contents only the core has. */
export function mappingsOfImage(path: string, image: Image, bias: number): FileMapping[] {
  const mappings: FileMapping[] = [];
  for (const segment of image.segments) {
    if (segment.writable || segment.fileSize === 0) continue;
    const before = segment.address % PAGE;
    const start = segment.address - before + bias;
    const end = Math.ceil((segment.address + segment.fileSize) / PAGE) * PAGE + bias;
    mappings.push({ start, end, fileOffset: segment.fileOffset - before, path });
  }
  return mappings;
}
