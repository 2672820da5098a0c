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

/** Calls `each` with the words of a range that a bitmap marks, one bit each from the lowest on, and that may be pointers. */
export function markedPointersIn(
  memory: Memory,
  start: number,
  marks: Uint8Array,
  count: number,
  each: (word: number) => void,
): void {
  const bytes = memory.tryRead(runtimeAddress(start), count * 8);
  if (bytes === undefined) return;
  // A view is good until the next read only, and `each` reads.
  const words = wordsOf(bytes.slice());
  for (let i = 0; i < count; i++) {
    if ((marks[i >> 3]! & (1 << (i & 7))) === 0) continue;
    const high = words[i * 2 + 1]!;
    const word = words[i * 2]! + high * 2 ** 32;
    if (high < HIGHEST_HALF && word >= LOWEST) each(word);
  }
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  const whole = bytes.length & ~7;
  if (bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, whole / 4);
  return new Uint32Array(bytes.slice(0, whole).buffer);
}
