import { type Goid, goid, type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import type { GoProgram } from './go-program.ts';
import type { RunningGoroutine } from './program.ts';
import type { RunningG } from './running-g.ts';
import { Defer, Panic } from './runtime-facts/structs.ts';

/** A goroutine that a thread runs, read word by word. */
export class RunningRecord implements RunningGoroutine {
  readonly id: Goid;
  readonly address: RuntimeAddress;
  readonly stack: { readonly low: number; readonly high: number };
  readonly #go: GoProgram;

  constructor(go: GoProgram, { address, id, stack }: RunningG) {
    this.#go = go;
    this.address = address;
    this.id = goid(id);
    this.stack = stack;
  }

  saved(): { readonly pc: RuntimeAddress; readonly sp: number } {
    const { schedPc, schedSp } = this.#go.fields.layout;
    return { pc: runtimeAddress(this.#word(schedPc)), sp: this.#word(schedSp) };
  }

  unwinds(): boolean {
    return this.#word(this.#go.fields.layout.panic) !== 0;
  }

  /**
   * Since go1.22 a panic walks the frames and says in which it is (runtime/panic.go, nextFrame); before, the record of
   * the deferred call stays on the list while it runs.
   */
  deferringSp(): number | undefined {
    const { layouts, memory } = this.#go.runtime;
    const { panic, defer } = this.#go.fields.layout;
    const record = this.#word(panic);
    const layout = record === 0 ? undefined : layouts.tryOf(Panic);
    if (layout === undefined) return undefined;
    if (layout.aborted === undefined) return memory.uint64(runtimeAddress(record + layout.sp));
    const deferred = this.#word(defer);
    const sp = deferred === 0 ? undefined : layouts.tryOf(Defer)?.sp;
    return sp === undefined ? undefined : memory.uint64(runtimeAddress(deferred + sp));
  }

  #word(offset: number): number {
    return this.#go.fields.word(this.address, offset);
  }
}
