import { MattockError } from '../errors.ts';

/** A seeded generator (mulberry32): 32-bit unsigned numbers, the same on every machine. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Values that length, count and offset fields break on. */
const SMASHERS: readonly bigint[] = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x7fffffffffffffffn,
  0xffffffffffffffffn,
];

/** A damaged copy of `original`: flipped bytes, smashed length fields, a zeroed stretch or a lost tail, inside `range`. */
export function mutate(original: Uint8Array, seed: number, range?: Range): Uint8Array {
  const next = random(seed);
  const { from, to } = range ?? { from: 0, to: original.length };
  const pick = () => from + (next() % Math.max(1, to - from));
  // Of Node's Buffer a slice is the same bytes: the damage of all rounds would add up in them.
  const copy = new Uint8Array(original);
  if (next() % 8 === 0) return copy.subarray(0, pick());
  for (let rounds = 1 + (next() % 4); rounds > 0; rounds--) {
    const at = pick();
    switch (next() % 4) {
      case 0:
        copy[at] = next();
        break;
      case 1:
        copy[at]! ^= 1 << (next() % 8);
        break;
      case 2:
        smash(copy, at, next);
        break;
      default:
        copy.fill(next() % 2 === 0 ? 0 : 0xff, at, at + (next() % 64));
    }
  }
  return copy;
}

function smash(bytes: Uint8Array, at: number, next: () => number): void {
  const width = [1, 2, 4, 8][next() % 4]!;
  const aligned = at - (at % width);
  const value = SMASHERS[next() % SMASHERS.length]!;
  for (let i = 0; i < width && aligned + i < bytes.length; i++) {
    bytes[aligned + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
}

/** FUZZ_SEEDS=100000: other damage than usual, for a long search. */
const SEEDS = Number(process.env.FUZZ_SEEDS ?? 0);

export interface FuzzOptions {
  readonly rounds: number;
  readonly range?: Range;
  readonly seed?: number;
  /** No single input may take more of the CPU's time: of a busy machine's clock it may take any. */
  readonly maxMilliseconds?: number;
}

/**
 * The one property of every reader: damaged input gives a value or a typed error, soon. Returns how many inputs
 * ended in which way, so that a test can tell that the damage was noticed at all.
 */
export function fuzz(
  original: Uint8Array,
  options: FuzzOptions,
  exercise: (damaged: Uint8Array) => void,
): { values: number; errors: number } {
  const { rounds, range, maxMilliseconds = 5000 } = options;
  const seed = (options.seed ?? 1) + SEEDS;
  const outcome = { values: 0, errors: 0 };
  for (let round = 0; round < rounds; round++) {
    const damaged = mutate(original, seed + round, range);
    const start = process.cpuUsage();
    try {
      exercise(damaged);
      outcome.values++;
    } catch (error) {
      if (!(error instanceof MattockError)) {
        throw new Error(`seed ${seed + round}: ${String(error)}`, { cause: error });
      }
      outcome.errors++;
    }
    const { user, system } = process.cpuUsage(start);
    const took = (user + system) / 1000;
    if (took > maxMilliseconds) throw new Error(`seed ${seed + round}: took ${took.toFixed(0)} ms`);
  }
  return outcome;
}
