import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { GoroutineFields } from '../goroutines/goroutine-fields.ts';

/** The frames of gopark and the two or three functions that called it fit in this. */
const WINDOW_BYTES = 1536;

/**
 * The words in a parked goroutine's innermost frames, without those that lead into its own stack, where everything is
 * that it has at hand and nothing that others need. What it waits on is among them, because the functions there
 * go on to use it when it wakes; whoever looks for it knows what it points to and can prove that it is the one.
 */
export function parkedWords(fields: GoroutineFields, g: number): readonly number[] {
  const { sp } = fields.sched(g);
  const low = fields.word(g, fields.layout.stackLow);
  const high = fields.word(g, fields.layout.stackHigh);
  if (sp === 0 || sp >= high) return [];
  const bytes = fields.runtime.memory.readUpTo(runtimeAddress(sp), Math.min(WINDOW_BYTES, high - sp));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Set<number>();
  for (let i = 0; i + 8 <= bytes.length; i += 8) {
    const word = view.getUint32(i, true) + view.getUint32(i + 4, true) * 2 ** 32;
    const isOwn = word >= low && word < high;
    if (word > 4096 && word % 4 === 0 && word < 2 ** 56 && !isOwn) words.add(word);
  }
  return [...words];
}

/** A word of memory, or undefined where none is. */
export function tryWord(fields: GoroutineFields, address: number): number | undefined {
  const { memory } = fields.runtime;
  const at = runtimeAddress(address);
  return memory.tryRead(at, 8) === undefined ? undefined : memory.uint64(at as RuntimeAddress);
}
