import type { Arch } from '../arch/index.ts';
import { type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import type { Memory, Thread } from '../target/index.ts';
import type { GoRuntime } from './go-runtime.ts';
import { G, M } from './runtime-facts/structs.ts';

/** The goroutine that a thread runs. */
export interface RunningG {
  readonly address: RuntimeAddress;
  readonly id: number;
}

/** The thread runs none: C, or the runtime itself. */
const NONE = null;

/** How far from the thread pointer the slot is looked for: other thread-local variables may be nearer to it. */
const SEARCHED_BYTES = 4096;
const FIRST_SLOT = -8;

/** cmd/compile/abi-internal.md: the register that holds g in Go code. */
const ARM64_G = 28;

/**
 * Finds the g of a thread from the thread itself, with two reads (four where the thread is on a system stack) and
 * without any list.
 *
 *   amd64  g is in the thread-local word runtime.tlsg: at −8 from fs_base where Go's linker placed it
 *          (cmd/link/internal/ld/sym.go, Tlsoffset), elsewhere where the system's linker did, which only the binary
 *          that was linked last says. So it is found once by what it holds, and then known.
 *   arm64  g is in R28, also while the vDSO runs; C may keep something else there (runtime/tls_arm64.s).
 *
 * A g with an id is a goroutine; those of system and signal stacks have none, and lead to it by m.curg.
 */
export class RunningGs {
  readonly #memory: Memory;
  readonly #arch: Arch;
  readonly #goid: number;
  readonly #m: number;
  readonly #machine: { readonly g0: number; readonly gsignal: number; readonly curg: number };
  /** From the thread pointer to the slot. */
  #slot: number | undefined;

  constructor(runtime: GoRuntime) {
    const g = runtime.layout(G);
    this.#memory = runtime.memory;
    this.#arch = runtime.target.arch;
    this.#goid = g.goid;
    this.#m = g.m;
    this.#machine = runtime.layout(M);
  }

  /** null: it runs no goroutine. undefined: it cannot be told from the thread alone. */
  on(thread: Thread): RunningG | null | undefined {
    const g = this.#arch.name === 'amd64' ? this.#fromSlot(thread) : this.#fromRegister(thread);
    if (g === undefined || g === NONE) return g;
    const fields = this.#fields(g);
    if (fields === undefined) return undefined;
    if (fields.id !== 0) return { address: runtimeAddress(g), id: fields.id };
    return this.#userOf(fields.m);
  }

  #fromSlot({ threadPointer }: Thread): number | null | undefined {
    if (threadPointer === undefined) return undefined;
    // Before the C library or the runtime has set the thread up.
    if (threadPointer === 0) return NONE;
    this.#slot ??= this.#findSlot(threadPointer);
    if (this.#slot === undefined) return undefined;
    const g = this.#word(threadPointer + this.#slot);
    return g === 0 ? NONE : g;
  }

  #findSlot(threadPointer: number): number | undefined {
    for (let slot = FIRST_SLOT; slot >= -SEARCHED_BYTES; slot -= 8) {
      const word = this.#word(threadPointer + slot);
      if (word === undefined) return undefined;
      if (this.#isG(word)) return slot;
    }
    return undefined;
  }

  #fromRegister({ registers }: Thread): number | undefined {
    const g = registers.get(ARM64_G);
    return g !== undefined && this.#isG(g) ? g : undefined;
  }

  /** Whether an m says of a word that it is its g. */
  #isG(word: number): boolean {
    if (word === 0 || word % 8 !== 0) return false;
    const m = this.#fields(word)?.m ?? 0;
    if (m === 0) return false;
    const { g0, gsignal, curg } = this.#machine;
    return [g0, gsignal, curg].some((offset) => this.#word(m + offset) === word);
  }

  /** m.curg, unless it is being handed over to another m: it belongs to the one that it names itself. */
  #userOf(m: number): RunningG | null {
    const address = m === 0 ? 0 : (this.#word(m + this.#machine.curg) ?? 0);
    const fields = address === 0 ? undefined : this.#fields(address);
    if (fields === undefined || fields.m !== m) return NONE;
    return { address: runtimeAddress(address), id: fields.id };
  }

  #fields(g: number): { readonly id: number; readonly m: number } | undefined {
    const from = Math.min(this.#goid, this.#m);
    const length = Math.max(this.#goid, this.#m) + 8 - from;
    const bytes = this.#memory.tryRead((g + from) as RuntimeAddress, length);
    if (bytes === undefined) return undefined;
    return { id: wordIn(bytes, this.#goid - from), m: wordIn(bytes, this.#m - from) };
  }

  #word(address: number): number | undefined {
    const bytes = this.#memory.tryRead(address as RuntimeAddress, 8);
    return bytes === undefined ? undefined : wordIn(bytes, 0);
  }
}

/** Little-endian, as DataView.getBigUint64 would read it: without making either a view or a bigint. */
function wordIn(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! + bytes[at + 1]! * 0x100 + bytes[at + 2]! * 0x1_0000 + bytes[at + 3]! * 0x100_0000;
  const high =
    bytes[at + 4]! + bytes[at + 5]! * 0x100 + bytes[at + 6]! * 0x1_0000 + bytes[at + 7]! * 0x100_0000;
  return low + high * 2 ** 32;
}
