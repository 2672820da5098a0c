import { type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import type { Memory } from '../target/index.ts';

/** Below it nothing is mapped (vm.mmap_min_addr), above it nothing is the user's. */
const LOWEST = 0x1000;
const HIGHEST_HALF = 0x8000;
/** Read at a time. */
const BLOCK = 1 << 20;

/** Calls `each` with every aligned word of a range that may be a pointer; what is not readable ends it. */
export function pointersIn(memory: Memory, start: number, end: number, each: (word: number) => void): void {
  for (let at = Math.ceil(start / 8) * 8; at < end; at += BLOCK) {
    const length = Math.min(BLOCK, end - at);
    const whole = length <= 4096 ? memory.tryRead(at as RuntimeAddress, length) : undefined;
    const bytes = whole ?? memory.readUpTo(runtimeAddress(at), length);
    // A view is good until the next read only, and `each` reads.
    const words = wordsOf(whole === undefined ? bytes : bytes.slice());
    for (let i = 0; i + 1 < words.length; i += 2) {
      const high = words[i + 1]!;
      if (high >= HIGHEST_HALF) continue;
      const word = words[i]! + high * 2 ** 32;
      if (word >= LOWEST) each(word);
    }
    if (bytes.length < length) return;
  }
}

/** Calls `each` with those words behind an address that may be pointers; throws a TargetFault where nothing is readable. */
export function pointersAt(
  memory: Memory,
  start: number,
  offsets: readonly number[],
  each: (word: number) => void,
): void {
  for (const offset of offsets) {
    const word = memory.uint64((start + offset) as RuntimeAddress);
    if (word >= LOWEST && word < HIGHEST_HALF * 2 ** 32) each(word);
  }
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  const whole = bytes.length & ~7;
  if (bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, whole / 4);
  return new Uint32Array(bytes.slice(0, whole).buffer);
}
