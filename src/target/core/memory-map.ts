import { runtimeAddress } from '../../base/index.ts';
import type { MemoryRegion } from '../target.ts';
import type { FileMapping } from './process-notes.ts';

/** A PT_LOAD of the core. */
export interface CoreSegment {
  readonly address: number;
  readonly memorySize: number;
  readonly fileOffset: number;
  readonly fileSize: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
}

/** A stretch of a region whose bytes come from one place. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly region: number;
  readonly from: /** The core file, at `offset`. */
    | { readonly kind: 'core'; readonly offset: number }
    /** The mapped file, at `offset`: the core leaves unmodified file pages out. */
    | { readonly kind: 'file'; readonly offset: number; readonly path: string }
    /** Nowhere: the core ends before, or the mapping was not written. */
    | { readonly kind: 'cut'; readonly fileOffset: number }
    | { readonly kind: 'omitted' };
}

/** What is mapped, and where its bytes are. Regions and pieces are sorted and do not overlap. */
export interface MemoryMap {
  readonly regions: readonly MappedRegion[];
  readonly pieces: readonly Piece[];
}

export type MappedRegion = Omit<MemoryRegion, 'available'>;

/**
 * Lays the core's PT_LOADs and its NT_FILE mappings over each other. A mapping that has no PT_LOAD (gcore leaves
 * read-only file mappings out) becomes a region of its own, whose rights the core does not tell: readable.
 */
export function buildMemoryMap(
  loads: readonly CoreSegment[],
  files: readonly FileMapping[],
  fileSize: number,
): MemoryMap {
  const regions: MappedRegion[] = [];
  const pieces: Piece[] = [];
  const mappings = sortedWithoutOverlap(files);
  const segments = sortedWithoutOverlap(
    loads.map((load) => ({ ...load, start: load.address, end: load.address + load.memorySize })),
  );
  for (const part of overlay(segments, mappings)) {
    const { segment, mapping } = part;
    const region = regions.length;
    const fileOffset = mapping === undefined ? 0 : mapping.fileOffset + (part.start - mapping.start);
    const firstPiece = pieces.length;
    addPieces(pieces, part, region, fileOffset, fileSize);
    regions.push({
      start: runtimeAddress(part.start),
      end: runtimeAddress(part.end),
      readable: segment?.readable ?? true,
      writable: segment?.writable ?? false,
      executable: segment?.executable ?? false,
      file: mapping?.path,
      fileOffset,
      ...(pieces.slice(firstPiece).some(({ from }) => from.kind === 'cut') ? { cut: true } : {}),
    });
  }
  return { regions, pieces };
}

interface Extent {
  readonly start: number;
  readonly end: number;
}
type SegmentExtent = CoreSegment & Extent;
interface Part extends Extent {
  readonly segment: SegmentExtent | undefined;
  readonly mapping: FileMapping | undefined;
}

function sortedWithoutOverlap<T extends Extent>(extents: readonly T[]): T[] {
  const result: T[] = [];
  for (const extent of [...extents].sort((a, b) => a.start - b.start)) {
    if (extent.end > extent.start && extent.start >= (result.at(-1)?.end ?? 0)) result.push(extent);
  }
  return result;
}

/** Cuts both lists at each other's edges. */
function overlay(segments: readonly SegmentExtent[], mappings: readonly FileMapping[]): Part[] {
  const parts: Part[] = [];
  let s = 0;
  let m = 0;
  let at = 0;
  while (s < segments.length || m < mappings.length) {
    const segment = segments[s];
    const mapping = mappings[m];
    const start = Math.max(at, Math.min(segment?.start ?? Infinity, mapping?.start ?? Infinity));
    const inSegment = segment !== undefined && segment.start <= start;
    const inMapping = mapping !== undefined && mapping.start <= start;
    const end = Math.min(edge(segment, inSegment), edge(mapping, inMapping));
    parts.push({
      start,
      end,
      segment: inSegment ? segment : undefined,
      mapping: inMapping ? mapping : undefined,
    });
    if (segment?.end === end) s++;
    if (mapping?.end === end) m++;
    at = end;
  }
  return parts;
}

function edge(extent: Extent | undefined, inside: boolean): number {
  if (extent === undefined) return Infinity;
  return inside ? extent.end : extent.start;
}

function addPieces(
  pieces: Piece[],
  part: Part,
  region: number,
  mappedOffset: number,
  coreSize: number,
): void {
  const { segment } = part;
  let at = part.start;
  const push = (end: number, from: Piece['from']) => {
    if (end > at) pieces.push({ start: at, end, region, from });
    at = Math.max(at, end);
  };
  if (segment !== undefined) {
    const shift = segment.fileOffset - segment.start;
    const written = Math.min(part.end, segment.start + segment.fileSize);
    push(Math.min(written, coreSize - shift), { kind: 'core', offset: at + shift });
    // Writable pages that were written to the core had been changed: the mapped file is no substitute for them.
    if (at < written && (segment.writable || part.mapping === undefined)) {
      push(written, { kind: 'cut', fileOffset: at + shift });
    }
  }
  const rest: Piece['from'] =
    part.mapping === undefined
      ? { kind: 'omitted' }
      : { kind: 'file', offset: mappedOffset + (at - part.start), path: part.mapping.path };
  push(part.end, rest);
}

/** Index of the last entry of a sorted list that begins at or before an address, or -1. */
export function lastAtOrBefore(starts: Float64Array, address: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
