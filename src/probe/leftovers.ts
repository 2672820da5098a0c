import { TargetFault } from '../base/index.ts';
import { JUMP_LENGTH, type PatchSite } from './patch-site.ts';
import type { ProbeTarget } from './port.ts';

/**
 * What stands at the beginning of each block of a session's code, and tells a later one whose it is and what it has
 * patched, if it was killed:
 *
 *    0  MARK
 *   16  process id of the recorder, 32 bits
 *   24  name of the ring's memfd, with a zero
 *   32  first block only: where the table is, from the block's beginning, and how many entries it has, 32 bits each
 *   40  first block only: length of code and ring together, 64 bits
 *   48  first block only: where the part of traps is (signal-trap.ts), from the block's beginning; 0: there is none. 32 bits
 *
 * An entry of the table: address, 64 bits; length, and whether it is a trap, 32 bits; the bytes that were there.
 */
const MARK = 'mattock probes';
export const MARK_BYTES = 64;
const OWNER_AT = 16;
export const NAME_AT = 24;
const TABLE_AT = 32;
const SIZE_AT = 40;
const TRAPS_AT = 48;
/** Of an entry's length. */
const IS_TRAP = 0x8000_0000;
/** Of the code, at least. */
const ALIGNMENT = 64 * 1024;
const ENTRY_BYTES = 12;
const MOST_ENTRIES = 1 << 20;
const MOST_ORIGINAL = 4096;
const JUMP = 0xe9;
const TRAP = 0xcc;

const encode = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));

export function mark(owner: number): Uint8Array {
  const bytes = new Uint8Array(MARK_BYTES);
  bytes.set(encode(MARK));
  new DataView(bytes.buffer).setUint32(OWNER_AT, owner, true);
  bytes.set(encode('mattock'), NAME_AT);
  return bytes;
}

/** Says in the mark of the first block what was patched. */
export function noteTable(
  block: Uint8Array,
  { at, count, size, traps }: Record<'at' | 'count' | 'size' | 'traps', number>,
): void {
  const view = new DataView(block.buffer, block.byteOffset);
  view.setUint32(TABLE_AT, at, true);
  view.setUint32(TABLE_AT + 4, count, true);
  view.setBigUint64(SIZE_AT, BigInt(size), true);
  view.setUint32(TRAPS_AT, traps, true);
}

export function tableOf(sites: readonly PatchSite[]): Uint8Array {
  const bytes = new Uint8Array(sites.reduce((sum, { original }) => sum + ENTRY_BYTES + original.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { address, original, trapped } of sites) {
    view.setBigUint64(at, BigInt(address), true);
    view.setUint32(at + 8, (original.length | (trapped ? IS_TRAP : 0)) >>> 0, true);
    bytes.set(original, at + ENTRY_BYTES);
    at += ENTRY_BYTES + original.length;
  }
  return bytes;
}

/** Process id of the recorder whose block begins there, if it is one. */
export function ownerOf(target: Pick<ProbeTarget, 'read'>, start: number): number | undefined {
  const bytes = tryRead(target, start, MARK_BYTES);
  return bytes === undefined || !isMarked(bytes) ? undefined : viewOf(bytes).getUint32(OWNER_AT, true);
}

/** Code and ring of a recorder that was killed. */
export interface Leftover {
  readonly start: number;
  readonly size: number;
  /** Where the ring begins. */
  readonly ring: number;
  /** Where the part of traps is; undefined: there is none. */
  readonly traps: number | undefined;
  readonly patched: readonly Patched[];
}

interface Patched {
  readonly address: number;
  readonly original: Uint8Array;
  readonly isTrap: boolean;
}

/** What recorders have left that are not there any more. */
export function findLeftovers(target: ProbeTarget, isGone: (owner: number) => boolean): Leftover[] {
  return target.mapped.flatMap(({ start, end }) => {
    if (start % ALIGNMENT !== 0) return [];
    const head = tryRead(target, start, MARK_BYTES);
    if (head === undefined || !isMarked(head)) return [];
    const view = viewOf(head);
    if (!isGone(view.getUint32(OWNER_AT, true))) return [];
    const size = Number(view.getBigUint64(SIZE_AT, true));
    const table = tryRead(
      target,
      start + view.getUint32(TABLE_AT, true),
      end - start - view.getUint32(TABLE_AT, true),
    );
    const count = view.getUint32(TABLE_AT + 4, true);
    if (table === undefined || size === 0 || count > MOST_ENTRIES) return [];
    const traps = view.getUint32(TRAPS_AT, true);
    const patched = entries(table, count);
    return [{ start, size, ring: end, traps: traps === 0 ? undefined : start + traps, patched }];
  });
}

/** Gives the program back what it patched, where that still leads to it. All threads are stopped. */
export function restoreLeftover(target: ProbeTarget, { start, size, patched }: Leftover): void {
  for (const { address, original, isTrap } of patched) {
    const there = tryRead(target, address, original.length);
    if (isTrap && there?.[0] === TRAP) target.write(address, original);
    if (isTrap || there?.[0] !== JUMP) continue;
    const to = address + JUMP_LENGTH + viewOf(there).getInt32(1, true);
    if (to >= start && to < start + size) target.write(address, original);
  }
}

function entries(table: Uint8Array, count: number): Leftover['patched'] {
  const view = viewOf(table);
  const patched: Patched[] = [];
  for (let at = 0; patched.length < count && at + ENTRY_BYTES <= table.length; ) {
    const word = view.getUint32(at + 8, true);
    const isTrap = word >= IS_TRAP;
    const length = word % IS_TRAP;
    if (
      length < (isTrap ? 1 : JUMP_LENGTH) ||
      length > MOST_ORIGINAL ||
      at + ENTRY_BYTES + length > table.length
    )
      break;
    const address = Number(view.getBigUint64(at, true));
    patched.push({ address, isTrap, original: table.slice(at + ENTRY_BYTES, at + ENTRY_BYTES + length) });
    at += ENTRY_BYTES + length;
  }
  return patched;
}

const isMarked = (bytes: Uint8Array): boolean =>
  String.fromCharCode(...bytes.subarray(0, MARK.length)) === MARK;

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function tryRead(target: Pick<ProbeTarget, 'read'>, start: number, length: number): Uint8Array | undefined {
  try {
    return target.read(start, length);
  } catch (error) {
    if (error instanceof TargetFault) return undefined;
    throw error;
  }
}
