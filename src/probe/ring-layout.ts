/**
 * The ring that probes write into: a shared mapping of a memfd.
 *
 *   header          HEADER_BYTES, fields at their own cache lines
 *   slots           a power of two of bytes, addressed by position modulo size
 *   overflow        OVERFLOW_BYTES: a slot that begins before the end of the ring is written on behind it, not wrapped
 *
 * A slot starts with its commit word, position + 1, which is stored last. Positions are bytes since the beginning, as
 * 64 bits, so those of different laps differ. The second word is the time (TSC), the low byte of the third the kind,
 * whose bits from SIZE_SHIFT on say how long the slot is: see `slotBytes`. The last of these sizes says that the next byte
 * counts the grains.
 */
export const HEADER = {
  /** Bytes reserved by probes. */
  head: 0,
  /** Bytes that the reader has done with, and when it said so, by the time stamp counter. */
  tail: 64,
  alive: 72,
  /** SWITCH. */
  switch: 128,
  /** Records that were not written because the ring was full; when the first and the last of them. */
  dropped: 192,
  firstDrop: 256,
  lastDrop: 320,
  /** How often a thread waited for the reader (lossless). */
  waits: 384,
  /** Of the door (door.ts): how many have come to it, and how many of them may go on. */
  callers: 448,
  answered: 512,
  /** Not 0: who comes does not wait. */
  closed: 576,
  /** The process that reads and answers, if those who wait can see whether it lives; else 0. */
  owner: 640,
  /** struct timespec: between two looks. */
  pause: 704,
  /** The threads that wait, by their number modulo DOOR_PLACES, a word each. */
  names: 1024,
  /** What a system call of ours in the program writes. */
  scratch: 2048,
} as const;

export const DOOR_PLACES = 64;

export const SWITCH = { on: 0, off: 1, gaveUp: 2 } as const;

export const HEADER_BYTES = 4096;
export const OVERFLOW_BYTES = 4096;
/** So much is kept free: every thread may be between looking whether there is room and taking it. */
export const MARGIN_BYTES = 256 * 1024;

export const SLOT = { commit: 0, time: 8, kind: 16, body: 24 } as const;
export const GRAIN = 64;
const SLOT_SIZES = [GRAIN, 320, 384] as const;
export type SlotSize = 0 | 1 | 2;
/** The size that the byte behind the kind tells, in grains. */
export const COUNTED = 3;
export const LONGEST_SLOT = 1024;
export const SIZE_SHIFT = 6;
export const KIND_MASK = 0x3f;

export const slotBytes = (size: SlotSize): number => SLOT_SIZES[size];
/** Of a byte of kind and size as it stands in a slot, and the byte behind it; undefined: no slot can say so. */
export function slotLength(kind: number, grains: number): number | undefined {
  const size = kind >> SIZE_SHIFT;
  if (size !== COUNTED) return SLOT_SIZES[size];
  const length = grains * GRAIN;
  return length > 0 && length <= LONGEST_SLOT ? length : undefined;
}

/** Bytes of the memfd for a ring of so many bytes. */
export const mappedBytes = (ring: number): number => HEADER_BYTES + ring + OVERFLOW_BYTES;
