import type { RuntimeAddress } from '../../base/index.ts';
import type { Memory } from '../../target/index.ts';
import { Source } from './source.ts';

/** One entry of a map, valid until the next is asked for. */
export interface MapEntry {
  readonly key: Source;
  readonly keyOffset: number;
  readonly element: Source;
  readonly elementOffset: number;
}

/** Where keys or elements stand in a bucket or group: in it, or behind pointers in it. */
export interface Cells {
  readonly offset: number;
  readonly stride: number;
  readonly indirect: boolean;
}

/** The entry in a cell of the bucket or group that begins at `base`. */
export function entryAt(
  memory: Memory,
  cells: { readonly keys: Cells; readonly elements: Cells },
  group: Source,
  base: number,
  index: number,
): MapEntry {
  const { keys, elements } = cells;
  const keyAt = base + keys.offset + index * keys.stride;
  const elementAt = base + elements.offset + index * elements.stride;
  return {
    key: keys.indirect ? behind(memory, group.pointer(keyAt)) : group,
    keyOffset: keys.indirect ? 0 : keyAt,
    element: elements.indirect ? behind(memory, group.pointer(elementAt)) : group,
    elementOffset: elements.indirect ? 0 : elementAt,
  };
}

const behind = (memory: Memory, address: RuntimeAddress): Source => Source.memory(memory, address);
