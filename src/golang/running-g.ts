import type { Arch } from '../arch/index.ts';
import type { RuntimeAddress } from '../base/index.ts';
import type { Memory, Thread } from '../target/index.ts';
import type { GoRuntime } from './go-runtime.ts';
import type { Layout } from './runtime-facts/form.ts';
import { G, M } from './runtime-facts/structs.ts';
import { wordIn } from './word-in.ts';

/** The goroutine that a thread runs. */
export interface RunningG {
  readonly address: RuntimeAddress;
  readonly id: number;
  readonly stack: { readonly low: number; readonly high: number };
}

/** What is read of a g. */
interface Fields extends RunningG {
  readonly m: number;
}

/** The thread runs none: C, or the runtime itself. */
const NONE = null;

/** How far from the thread pointer the slot is looked for: other thread-local variables may be nearer to it. */
const SEARCHED_BYTES = 4096;
const FIRST_SLOT = -8;

/**
 * Finds the g of a thread from the thread itself, with one read mostly and four at most, and without any list.
 *
 *   g's register   amd64 R14, arm64 R28 in code of Go's compiler (cmd/compile/abi-internal.md). Elsewhere it may hold
 *                  anything; but what is a g whose stack the thread is on is the thread's g.
 *   its slot       amd64: the thread-local word runtime.tlsg: at −8 from fs_base where Go's linker placed it
 *                  (cmd/link/internal/ld/sym.go, Tlsoffset), elsewhere where the system's linker did, which only the
 *                  binary that was linked last says. So it is found once by what it holds, and then known.
 *
 * A g with an id is a goroutine; those of system and signal stacks have none, and lead to it by m.curg.
 */
export class RunningGs {
  readonly #memory: Memory;
  readonly #arch: Arch;
  readonly #g: Layout<typeof G>;
  readonly #m: Layout<typeof M>;
  /** The part of a g that is read. */
  readonly #from: number;
  readonly #length: number;
  /** From the thread pointer to the slot. */
  #slot: number | undefined;

  constructor(runtime: GoRuntime) {
    this.#memory = runtime.memory;
    this.#arch = runtime.target.arch;
    this.#g = runtime.layout(G);
    this.#m = runtime.layout(M);
    const { goid, m, stackLow, stackHigh } = this.#g;
    this.#from = Math.min(goid, m, stackLow, stackHigh);
    this.#length = Math.max(goid, m, stackLow, stackHigh) + 8 - this.#from;
  }

  /** null: it runs no goroutine. undefined: it cannot be told from the thread alone. */
  on(thread: Thread): RunningG | null | undefined {
    const { registers } = thread;
    const { sp, g } = this.#arch.dwarf;
    const found = this.#fields(registers.get(g) ?? 0);
    const position = registers.get(sp) ?? 0;
    const its = found !== undefined && found.stack.low <= position && position <= found.stack.high;
    const fields = its ? found : this.#fromSlot(thread);
    if (fields === undefined || fields === NONE) return fields;
    if (fields.id !== 0) return fields;
    return this.#userOf(fields.m);
  }

  #fromSlot({ threadPointer }: Thread): Fields | null | undefined {
    if (threadPointer === undefined || this.#arch.name !== 'amd64') return undefined;
    // Before the C library or the runtime has set the thread up.
    if (threadPointer === 0) return NONE;
    this.#slot ??= this.#findSlot(threadPointer);
    if (this.#slot === undefined) return undefined;
    const g = this.#word(threadPointer + this.#slot);
    if (g === undefined) return undefined;
    return g === 0 ? NONE : this.#fields(g);
  }

  #findSlot(threadPointer: number): number | undefined {
    for (let slot = FIRST_SLOT; slot >= -SEARCHED_BYTES; slot -= 8) {
      const word = this.#word(threadPointer + slot);
      if (word === undefined) return undefined;
      if (this.#isG(word)) return slot;
    }
    return undefined;
  }

  /** Whether an m says of a word that it is its g. */
  #isG(word: number): boolean {
    if (word === 0 || word % 8 !== 0) return false;
    const m = this.#fields(word)?.m ?? 0;
    if (m === 0) return false;
    const { g0, gsignal, curg } = this.#m;
    return [g0, gsignal, curg].some((offset) => this.#word(m + offset) === word);
  }

  /** m.curg, unless it is being handed over to another m: it belongs to the one that it names itself. */
  #userOf(m: number): RunningG | null {
    const address = m === 0 ? 0 : (this.#word(m + this.#m.curg) ?? 0);
    const fields = address === 0 ? undefined : this.#fields(address);
    return fields === undefined || fields.m !== m ? NONE : fields;
  }

  #fields(g: number): Fields | undefined {
    if (g === 0 || g % 8 !== 0) return undefined;
    const bytes = this.#memory.tryRead((g + this.#from) as RuntimeAddress, this.#length);
    if (bytes === undefined) return undefined;
    const word = (offset: number): number => wordIn(bytes, offset - this.#from);
    const { goid, m, stackLow, stackHigh } = this.#g;
    return {
      address: g as RuntimeAddress,
      id: word(goid),
      m: word(m),
      stack: { low: word(stackLow), high: word(stackHigh) },
    };
  }

  #word(address: number): number | undefined {
    const bytes = this.#memory.tryRead(address as RuntimeAddress, 8);
    return bytes === undefined ? undefined : wordIn(bytes, 0);
  }
}
