import { type RuntimeAddress, TargetFault } from '../../base/index.ts';
import type { MapType, Type } from '../../image/index.ts';
import type { Memory } from '../../target/index.ts';
import type { Layout } from '../runtime-facts/form.ts';
import {
  ClassicBucket,
  ClassicMap,
  EMPTY_ONE,
  MAX_INLINE,
  MIN_TOP_HASH,
  SAME_SIZE_GROW,
} from '../runtime-facts/values.ts';
import { type Cells, entryAt, type MapEntry } from './map-entry.ts';
import { fieldAtAny, fieldNamed, layoutIn, targetOf, underlying } from './shapes.ts';
import { Source } from './source.ts';

/**
 * Maps of Go up to 1.23 (runtime/map.go): `hmap` has 2^B buckets `bmap` of 8 cells, each bucket with a chain of
 * overflow buckets. The linker writes bucket types per map (`bucket<K,V>`: tophash, keys, values, overflow).
 * While a map grows, `oldbuckets` holds what has not been moved yet. A key or element that is larger than 128
 * bytes is kept behind a pointer.
 */
export interface ClassicLayout {
  readonly map: Layout<typeof ClassicMap>;
  readonly bucketSize: number;
  readonly cells: number;
  readonly tophash: number;
  readonly keys: Cells;
  readonly elements: Cells;
  readonly overflow: number;
}

/** Where the keys or elements of a bucket are. */
/** A bound for what damaged memory can make us look at. */
const MAX_LOG_BUCKETS = 32;

export function classicLayout(type: MapType, header: Type | undefined): ClassicLayout | undefined {
  const map = layoutIn(header, ClassicMap);
  const bucket = targetOf(fieldAtAny(header, ClassicMap.fields.buckets.paths)?.type);
  const tophash = fieldAtAny(bucket, ClassicBucket.fields.tophash.paths);
  // These the linker adds (cmd/link/internal/ld/dwarf.go, synthesizemaptypes).
  const keys = fieldNamed(bucket, 'keys');
  const elements = fieldNamed(bucket, 'values');
  const overflow = fieldNamed(bucket, 'overflow');
  if (!map || !bucket || !tophash || !keys || !elements || !overflow) return undefined;
  const tophashes = underlying(tophash.type);
  if (tophashes.kind !== 'array' || tophashes.length < 1 || tophashes.length > 64) return undefined;
  return {
    map,
    bucketSize: bucket.size,
    cells: tophashes.length,
    tophash: tophash.offset,
    keys: cellsOf(keys.offset, type.key),
    elements: cellsOf(elements.offset, type.element),
    overflow: overflow.offset,
  };
}

function cellsOf(offset: number, type: Type): Cells {
  const indirect = type.size > MAX_INLINE;
  return { offset, stride: indirect ? 8 : type.size, indirect };
}

export function* classicEntries(
  memory: Memory,
  layout: ClassicLayout,
  pointer: RuntimeAddress,
): Generator<MapEntry> {
  const map = Source.memory(memory, pointer);
  const count = map.int64(layout.map.count);
  const buckets = map.pointer(layout.map.buckets);
  if (count <= 0 || buckets === 0) return;
  const logBuckets = map.uint8(layout.map.logBuckets);
  if (logBuckets > MAX_LOG_BUCKETS) {
    throw new TargetFault(`map header is damaged: 2^${logBuckets} buckets`, pointer);
  }
  const total = 2 ** logBuckets;
  // runtime/map.go overLoadFactor keeps the average below 6.5 cells a bucket.
  if (count > total * 2 * layout.cells) {
    throw new TargetFault(`map header is damaged: ${count} entries in 2^${logBuckets} buckets`, pointer);
  }
  const old = map.pointer(layout.map.oldBuckets);
  const sameSize = (map.uint8(layout.map.flags) & SAME_SIZE_GROW) !== 0;
  const oldTotal = sameSize ? total : total / 2;
  const current = Source.memory(memory, buckets);
  const previous = Source.memory(memory, old);
  let found = 0;
  for (let index = 0; index < total; index++) {
    let bucket = current;
    let offset = index * layout.bucketSize;
    if (old !== 0) {
      const oldOffset = (index % oldTotal) * layout.bucketSize;
      if (!evacuated(layout, previous, oldOffset)) {
        // Both new buckets come from this old one: its cells belong to the first of them.
        if (index >= oldTotal) continue;
        bucket = previous;
        offset = oldOffset;
      }
    }
    for (const entry of chainEntries(memory, layout, bucket, offset, count)) {
      yield entry;
      if (++found >= count) return;
    }
  }
}

/** runtime/map.go evacuated. */
function evacuated(layout: ClassicLayout, buckets: Source, offset: number): boolean {
  const first = buckets.uint8(offset + layout.tophash);
  return first > EMPTY_ONE && first < MIN_TOP_HASH;
}

function* chainEntries(
  memory: Memory,
  layout: ClassicLayout,
  first: Source,
  firstOffset: number,
  count: number,
): Generator<MapEntry> {
  let bucket = first;
  let offset = firstOffset;
  // A chain cannot be longer than its entries, each of its buckets being made for one; a circle is.
  for (let links = 0; links <= count; links++) {
    bucket.cover(offset, layout.bucketSize);
    for (let cell = 0; cell < layout.cells; cell++) {
      if (bucket.uint8(offset + layout.tophash + cell) < MIN_TOP_HASH) continue;
      yield entryAt(memory, layout, bucket, offset, cell);
    }
    const next = bucket.pointer(offset + layout.overflow);
    if (next === 0) return;
    bucket = Source.memory(memory, next);
    offset = 0;
  }
  throw new TargetFault('a chain of map buckets goes in a circle', first.addressOf(firstOffset));
}
