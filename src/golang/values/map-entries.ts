import { type RuntimeAddress, TargetFault } from '../../base/index.ts';
import type { MapType } from '../../image/index.ts';
import type { Memory } from '../../target/index.ts';
import { classicEntries, classicLayout } from './map-classic.ts';
import type { MapEntry } from './map-entry.ts';
import { swissEntries, swissLayout } from './map-swiss.ts';
import { targetOf } from './shapes.ts';
import { Source } from './source.ts';

/** Number of entries of the map whose variable holds `pointer` (0: a nil map). */
export function mapLength(memory: Memory, type: MapType, pointer: RuntimeAddress): number {
  if (pointer === 0) return 0;
  return layoutOf(type).length(Source.memory(memory, pointer));
}

/**
 * The entries in the order in which they lie in memory, which is Delve's. Which layout it is, is seen from the
 * struct that the linker wrote for this map: Go 1.24 replaced hmap by Swiss tables (GOEXPERIMENT=noswissmap kept
 * the old ones for two releases).
 */
export function mapEntries(memory: Memory, type: MapType, pointer: RuntimeAddress): Iterable<MapEntry> {
  return pointer === 0 ? [] : layoutOf(type).entries(memory, pointer);
}

interface MapLayout {
  length(map: Source): number;
  entries(memory: Memory, pointer: RuntimeAddress): Iterable<MapEntry>;
}

const layouts = new WeakMap<MapType, MapLayout>();

function layoutOf(type: MapType): MapLayout {
  let layout = layouts.get(type);
  if (layout === undefined) {
    layout = findLayout(type);
    layouts.set(type, layout);
  }
  return layout;
}

function findLayout(type: MapType): MapLayout {
  const header = targetOf(type.pointer);
  const swiss = swissLayout(type, header);
  if (swiss !== undefined) {
    return {
      length: (map) => map.uint64(swiss.map.used),
      entries: (memory, pointer) => swissEntries(memory, swiss, pointer),
    };
  }
  const classic = classicLayout(type, header);
  if (classic !== undefined) {
    return {
      length: (map) => map.int64(classic.map.count),
      entries: (memory, pointer) => classicEntries(memory, classic, pointer),
    };
  }
  throw new TargetFault(`the layout of ${type.name} is not known`);
}
