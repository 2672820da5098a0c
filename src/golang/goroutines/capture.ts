import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Memory, Target } from '../../target/index.ts';
import { findGoRuntime, type GoRuntime, noGoRuntime } from '../go-runtime.ts';
import { CACHE_LINE, SCAN_BIT, SEMAPHORE_TABLE_SIZE } from '../runtime-facts/constants.ts';
import type { Layout } from '../runtime-facts/form.ts';
import { ALL_GS, ALL_MS, SEMAPHORE_TABLE } from '../runtime-facts/globals.ts';
import { G, M, SemaRoot, Sudog } from '../runtime-facts/structs.ts';
import { GoroutineFields } from './goroutine-fields.ts';

/** So much of a stack is taken, from its top on. */
const STACK_BYTES = 32 << 10;
const MOST_SUDOGS = 1_000_000;
const CHANNEL_BYTES = 128;
const MOST_MACHINES = 100_000;

/** Memory that can be told to hold pieces of itself as they are now. */
export interface Holding extends Pick<Memory, 'uint32' | 'uint64' | 'tryRead'> {
  hold(pieces: Iterable<readonly [address: number, length: number]>): void;
}

/**
 * Takes what is to be known of all goroutines out of a stopped program, as bytes, to be understood later: its threads are
 * to go on soon. Where things are is found out before.
 */
export class GoroutineCapture {
  readonly #list: RuntimeAddress;
  readonly #machines: RuntimeAddress;
  readonly #g: Layout<typeof G>;
  readonly #m: Layout<typeof M>;
  readonly #sudog: Layout<typeof Sudog>;
  readonly #semaphores: SemaphoreRoots | undefined;

  /** Throws a UserError where there is no Go runtime. */
  static of(target: Target): GoroutineCapture {
    const runtime = findGoRuntime(target);
    if (runtime === undefined) throw noGoRuntime(target);
    return new GoroutineCapture(
      runtime.global(ALL_GS),
      runtime.global(ALL_MS),
      runtime.layout(G),
      runtime.layout(M),
      runtime.layout(Sudog),
      semaphoreRoots(runtime),
    );
  }

  private constructor(
    list: RuntimeAddress,
    machines: RuntimeAddress,
    g: Layout<typeof G>,
    m: Layout<typeof M>,
    sudog: Layout<typeof Sudog>,
    semaphores: SemaphoreRoots | undefined,
  ) {
    this.#list = list;
    this.#machines = machines;
    this.#g = g;
    this.#m = m;
    this.#sudog = sudog;
    this.#semaphores = semaphores;
  }

  take(memory: Holding): void {
    this.#takeMachines(memory);
    const goroutines = this.#goroutines(memory);
    const stacks: [number, number][] = [];
    const sudogs: number[] = [];
    for (const g of goroutines) {
      const word = (offset: number): number => memory.uint64(runtimeAddress(g + offset));
      const status = memory.uint32(runtimeAddress(g + this.#g.status)) & ~SCAN_BIT;
      const state = GoroutineFields.state(status);
      if (state === undefined || state === '_Gdead' || state === '_Gidle' || state === '_Grunnable') continue;
      const sp = (state === '_Gsyscall' && word(this.#g.syscallSp)) || word(this.#g.schedSp);
      const length = Math.min(word(this.#g.stackHigh) - sp, STACK_BYTES);
      if (length > 0) stacks.push([sp, length]);
      const sudog = word(this.#g.waiting);
      if (sudog !== 0) sudogs.push(sudog);
    }
    memory.hold(stacks);
    this.#takeSudogs(memory, [...sudogs, ...this.#treaps(memory)]);
  }

  #goroutines(memory: Holding): number[] {
    memory.hold([[this.#list, 24]]);
    const array = memory.uint64(this.#list);
    const length = memory.uint64(runtimeAddress(this.#list + 8));
    const there = memory.tryRead(runtimeAddress(array), length * 8);
    if (there === undefined) return [];
    memory.hold([[array, length * 8]]);
    const view = new DataView(there.buffer, there.byteOffset, there.length);
    const goroutines = Array.from({ length }, (_, i) => {
      return view.getUint32(8 * i, true) + view.getUint32(8 * i + 4, true) * 2 ** 32;
    });
    const bytes = extent(this.#g);
    memory.hold(goroutines.map((g) => [g, bytes]));
    return goroutines.filter((g) => g !== 0 && memory.tryRead(runtimeAddress(g), bytes) !== undefined);
  }

  #takeMachines(memory: Holding): void {
    memory.hold([[this.#machines, 8]]);
    const bytes = extent(this.#m);
    let m = memory.uint64(this.#machines);
    for (let left = MOST_MACHINES; m !== 0 && left > 0; left--) {
      memory.hold([[m, bytes]]);
      if (memory.tryRead(runtimeAddress(m), bytes) === undefined) return;
      m = memory.uint64(runtimeAddress(m + this.#m.allLink));
    }
  }

  /** The sudogs at the tops of the semaphore table's trees. */
  #treaps(memory: Holding): number[] {
    if (this.#semaphores === undefined) return [];
    const { address, stride, treap } = this.#semaphores;
    memory.hold([[address, SEMAPHORE_TABLE_SIZE * stride]]);
    return Array.from({ length: SEMAPHORE_TABLE_SIZE }, (_, i) =>
      memory.uint64(runtimeAddress(address + i * stride + treap)),
    ).filter((node) => node !== 0);
  }

  /** Those that hang on them too, and their channels, whose lengths are part of the moment. */
  #takeSudogs(memory: Holding, first: readonly number[]): void {
    const bytes = extent(this.#sudog);
    const { channel, waitLink, prev, next } = this.#sudog;
    const seen = new Set<number>();
    for (let sudogs = first; sudogs.length > 0 && seen.size < MOST_SUDOGS; ) {
      memory.hold(sudogs.map((sudog) => [sudog, bytes]));
      for (const sudog of sudogs) seen.add(sudog);
      const readable = sudogs.filter((sudog) => memory.tryRead(runtimeAddress(sudog), bytes) !== undefined);
      const words = (offset: number): number[] =>
        readable.map((sudog) => memory.uint64(runtimeAddress(sudog + offset))).filter((word) => word !== 0);
      memory.hold(words(channel).map((at) => [at, CHANNEL_BYTES]));
      const linked = new Set([waitLink, prev, next].flatMap(words));
      sudogs = [...linked].filter((sudog) => !seen.has(sudog));
    }
  }
}

/** Where `semtable` is, and in each of its roots the tree (runtime/sema.go). */
interface SemaphoreRoots {
  readonly address: number;
  readonly stride: number;
  readonly treap: number;
}

/** Undefined: it is not to be found, as in stripped programs. */
function semaphoreRoots(runtime: GoRuntime): SemaphoreRoots | undefined {
  const address = runtime.tryGlobal(SEMAPHORE_TABLE);
  if (address === undefined) return undefined;
  const { treap, size } = runtime.layout(SemaRoot);
  const line = CACHE_LINE[runtime.target.arch.name];
  return { address, stride: Math.ceil(size / line) * line, treap };
}

/** Up to behind the last field that is known. */
const extent = (layout: Readonly<Record<string, number | undefined>>): number =>
  8 + Math.max(...Object.values(layout).map((offset) => offset ?? 0));
