import { type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import type { Memory, Target } from '../../target/index.ts';
import { findGoRuntime } from '../go-runtime.ts';
import { SCAN_BIT } from '../runtime-facts/constants.ts';
import type { Layout } from '../runtime-facts/form.ts';
import { ALL_GS, ALL_MS } from '../runtime-facts/globals.ts';
import { G, M, Sudog } from '../runtime-facts/structs.ts';
import { GoroutineFields } from './goroutine-fields.ts';

/** So much of a stack is taken, from its top on. */
const STACK_BYTES = 32 << 10;
/** Of a select. */
const MOST_SUDOGS = 64;
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

  /** Throws a UserError where there is no Go runtime. */
  static of(target: Target): GoroutineCapture {
    const runtime = findGoRuntime(target);
    if (runtime === undefined) throw new UserError('this program has no Go runtime');
    return new GoroutineCapture(
      runtime.global(ALL_GS),
      runtime.global(ALL_MS),
      runtime.layout(G),
      runtime.layout(M),
      runtime.layout(Sudog),
    );
  }

  private constructor(
    list: RuntimeAddress,
    machines: RuntimeAddress,
    g: Layout<typeof G>,
    m: Layout<typeof M>,
    sudog: Layout<typeof Sudog>,
  ) {
    this.#list = list;
    this.#machines = machines;
    this.#g = g;
    this.#m = m;
    this.#sudog = sudog;
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
    this.#takeSudogs(memory, sudogs);
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

  /** And their channels: what their lengths are is part of the moment. */
  #takeSudogs(memory: Holding, first: readonly number[]): void {
    const bytes = extent(this.#sudog);
    let sudogs = first;
    for (let left = MOST_SUDOGS; sudogs.length > 0 && left > 0; left--) {
      memory.hold(sudogs.map((sudog) => [sudog, bytes]));
      const readable = sudogs.filter((sudog) => memory.tryRead(runtimeAddress(sudog), bytes) !== undefined);
      const words = (offset: number): number[] =>
        readable.map((sudog) => memory.uint64(runtimeAddress(sudog + offset))).filter((word) => word !== 0);
      memory.hold(words(this.#sudog.channel).map((channel) => [channel, CHANNEL_BYTES]));
      sudogs = words(this.#sudog.waitLink);
    }
  }
}

/** Up to behind the last field that is known. */
const extent = (layout: Readonly<Record<string, number | undefined>>): number =>
  8 + Math.max(...Object.values(layout).map((offset) => offset ?? 0));
