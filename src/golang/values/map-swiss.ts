import { type RuntimeAddress, TargetFault } from '../../base/index.ts';
import type { MapType, Type } from '../../image/index.ts';
import type { Memory } from '../../target/index.ts';
import type { Layout } from '../runtime-facts/form.ts';
import { MAX_INLINE, SLOT_NOT_FULL, SwissMap, SwissTable } from '../runtime-facts/values.ts';
import { type Cells, entryAt, type MapEntry } from './map-entry.ts';
import { fieldAtAny, fieldNamed, layoutIn, targetOf, underlying } from './shapes.ts';
import { Source } from './source.ts';

/**
 * Maps of Go 1.24 and newer (internal/runtime/maps): `Map.dirPtr` points to one group if `dirLen` is 0, else to
 * `dirLen` pointers to tables; a table that serves several directory entries stands at `table.index`. A group has
 * a control byte per slot (top bit set: nothing there) and slots {key, elem}, or with GOEXPERIMENT=mapsplitgroup
 * keys and elems apart. A key or element that is larger than 128 bytes is kept behind a pointer.
 */
export interface SwissLayout {
  readonly map: Layout<typeof SwissMap>;
  readonly table: Layout<typeof SwissTable>;
  readonly groupSize: number;
  readonly control: number;
  readonly slots: number;
  readonly keys: Cells;
  readonly elements: Cells;
}

/** internal/runtime/maps/table.go maxTableCapacity is 1024 slots; far above it is damage. */
const MAX_GROUPS = 2 ** 20;
const MAX_DIRECTORY = 2 ** 32;
const POINTER = 8;

export function swissLayout(type: MapType, header: Type | undefined): SwissLayout | undefined {
  const map = layoutIn(header, SwissMap);
  // The linker types dirPtr as **table<K,V>.
  const directory = fieldAtAny(header, SwissMap.fields.directory.paths);
  const tableType = targetOf(targetOf(directory?.type));
  const table = layoutIn(tableType, SwissTable);
  const group = targetOf(fieldAtAny(tableType, SwissTable.fields.groups.paths)?.type);
  const control = fieldNamed(group, 'ctrl');
  if (!map || !table || !group || !control) return undefined;
  const slots = slotsOf(type, group);
  return slots && { map, table, groupSize: group.size, control: control.offset, ...slots };
}

function slotsOf(type: MapType, group: Type): Pick<SwissLayout, 'slots' | 'keys' | 'elements'> | undefined {
  const together = fieldNamed(group, 'slots');
  if (together !== undefined) {
    const array = underlying(together.type);
    if (array.kind !== 'array' || array.length > 64) return undefined;
    const key = fieldNamed(array.element, 'key');
    const element = fieldNamed(array.element, 'elem');
    if (key === undefined || element === undefined) return undefined;
    const stride = array.element.size;
    return {
      slots: array.length,
      keys: { offset: together.offset + key.offset, stride, indirect: type.key.size > MAX_INLINE },
      elements: {
        offset: together.offset + element.offset,
        stride,
        indirect: type.element.size > MAX_INLINE,
      },
    };
  }
  const keys = fieldNamed(group, 'keys');
  const elements = fieldNamed(group, 'elems');
  if (keys === undefined || elements === undefined) return undefined;
  const keyArray = underlying(keys.type);
  const elementArray = underlying(elements.type);
  if (keyArray.kind !== 'array' || elementArray.kind !== 'array' || keyArray.length > 64) return undefined;
  return {
    slots: keyArray.length,
    keys: { offset: keys.offset, stride: keyArray.element.size, indirect: type.key.size > MAX_INLINE },
    elements: {
      offset: elements.offset,
      stride: elementArray.element.size,
      indirect: type.element.size > MAX_INLINE,
    },
  };
}

export function* swissEntries(
  memory: Memory,
  layout: SwissLayout,
  pointer: RuntimeAddress,
): Generator<MapEntry> {
  const map = Source.memory(memory, pointer);
  const used = map.uint64(layout.map.used);
  const directory = map.pointer(layout.map.directory);
  const length = map.int64(layout.map.directoryLength);
  if (used === 0) return;
  let found = 0;
  for (const groups of groupArrays(memory, layout, directory, length)) {
    for (const entry of groupEntries(memory, layout, groups.source, groups.count)) {
      yield entry;
      if (++found >= used) return;
    }
  }
}

function* groupArrays(
  memory: Memory,
  layout: SwissLayout,
  directory: RuntimeAddress,
  length: number,
): Generator<{ readonly source: Source; readonly count: number }> {
  if (length <= 0) {
    yield { source: Source.memory(memory, directory), count: 1 };
    return;
  }
  if (length > MAX_DIRECTORY) {
    throw new TargetFault(`map header is damaged: a directory of ${length} tables`, directory);
  }
  const tables = Source.memory(memory, directory);
  for (let i = 0; i < length; i++) {
    const table = Source.memory(memory, tables.pointer(i * POINTER));
    if (table.int64(layout.table.index) !== i) continue;
    const mask = table.uint64(layout.table.lengthMask);
    if (mask >= MAX_GROUPS) throw new TargetFault(`map table is damaged: ${mask} groups`, table.address);
    yield { source: Source.memory(memory, table.pointer(layout.table.groups)), count: mask + 1 };
  }
}

function* groupEntries(
  memory: Memory,
  layout: SwissLayout,
  groups: Source,
  count: number,
): Generator<MapEntry> {
  for (let group = 0; group < count; group++) {
    const base = group * layout.groupSize;
    groups.cover(base, layout.groupSize);
    for (let slot = 0; slot < layout.slots; slot++) {
      if ((groups.uint8(base + layout.control + slot) & SLOT_NOT_FULL) !== 0) continue;
      yield entryAt(memory, layout, groups, base, slot);
    }
  }
}
