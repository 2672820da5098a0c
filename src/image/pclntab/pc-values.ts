/**
 * The pc-value encoding (runtime.pcvalue, runtime.step): pairs of varints, a zig-zag delta of the value (which begins
 * at -1) and a delta of the pc in instruction units. A value delta of 0 ends the table, except in the first pair.
 */
import type { PagedBytes } from '../../base/index.ts';

/** Results of `decode` outside of int32: the table has ended, or its bytes have. */
const ENDED = 2 ** 40;
const RAN_OUT = 2 ** 41;
/** By how much the window grows when a table does not end in it. */
const GROWTH = 4;

/** The value at `pcOffset` bytes behind the function's entry, or undefined: the table ends before it. */
export function pcValueAt(
  tables: PagedBytes,
  offset: number,
  pcOffset: number,
  quantum: number,
): number | undefined {
  const page = tables.pageAt(offset);
  const start = tables.indexInPage(offset);
  let value = decode(page, start, pcOffset / quantum);
  let size = page.length - start;
  while (value === RAN_OUT && size < tables.length - offset) {
    size = Math.min(size * GROWTH + 256, tables.length - offset);
    value = decode(tables.bytes(offset, size), 0, pcOffset / quantum);
  }
  if (value === RAN_OUT) throw tables.error('a pc-value table has no end', offset);
  return value === ENDED ? undefined : value;
}

/** `target` is in instruction units. */
function decode(bytes: Uint8Array, start: number, target: number): number {
  const end = bytes.length;
  let at = start;
  let value = -1;
  let pc = 0;
  for (let first = true; ; first = false) {
    let delta = 0;
    let byte = 0x80;
    for (let shift = 0; byte >= 0x80; shift += 7) {
      if (at === end) return RAN_OUT;
      byte = bytes[at++]!;
      delta |= (byte & 0x7f) << shift;
    }
    if (delta === 0 && !first) return ENDED;
    value = (value + ((delta >>> 1) ^ -(delta & 1))) | 0;
    let step = 0;
    byte = 0x80;
    for (let shift = 0; byte >= 0x80; shift += 7) {
      if (at === end) return RAN_OUT;
      byte = bytes[at++]!;
      step |= (byte & 0x7f) << shift;
    }
    pc += step >>> 0;
    if (target < pc) return value;
  }
}

/**
 * Walks a whole table: `visit` gets each value with the bytes [from, to) behind the entry for which it holds. `whole`
 * is all of the tables. False: its bytes ended before the table did.
 */
export function walkPcValues(
  whole: Uint8Array,
  offset: number,
  quantum: number,
  visit: (value: number, from: number, to: number) => void,
): boolean {
  let at = offset;
  let value = -1;
  let pc = 0;
  for (let first = true; ; first = false) {
    let delta = 0;
    let byte = 0x80;
    for (let shift = 0; byte >= 0x80; shift += 7) {
      if (at >= whole.length) return false;
      byte = whole[at++]!;
      delta |= (byte & 0x7f) << shift;
    }
    if (delta === 0 && !first) return true;
    value = (value + ((delta >>> 1) ^ -(delta & 1))) | 0;
    let step = 0;
    byte = 0x80;
    for (let shift = 0; byte >= 0x80; shift += 7) {
      if (at >= whole.length) return false;
      byte = whole[at++]!;
      step |= (byte & 0x7f) << shift;
    }
    const from = pc;
    pc += (step >>> 0) * quantum;
    visit(value, from, pc);
  }
}
