import type { RuntimeAddress } from '../../base/index.ts';
import type { GoRuntime } from '../go-runtime.ts';
import type { GoroutineState } from '../goroutine.ts';
import { FINALIZER_RUNNING, GOROUTINE_STATES, SCAN_BIT } from '../runtime-facts/constants.ts';
import type { Layout } from '../runtime-facts/form.ts';
import { FINALIZER_RUNNING_FLAG, FINALIZER_STATUS } from '../runtime-facts/globals.ts';
import { G } from '../runtime-facts/structs.ts';
import type { SavedState } from '../stack/stack-switch.ts';
import { WaitReasons } from './wait-reasons.ts';

/** Reads single fields of `runtime.g` at offsets that were resolved once. Addresses are those of a g. */
export class GoroutineFields {
  readonly runtime: GoRuntime;
  readonly layout: Layout<typeof G>;
  readonly waitReasons: WaitReasons;
  #finalizing: boolean | undefined;

  constructor(runtime: GoRuntime) {
    this.runtime = runtime;
    this.layout = runtime.layout(G);
    this.waitReasons = new WaitReasons(runtime);
  }

  /** Bytes of a g up to behind the last field that lists read (goroutine-slice.ts). */
  get listedExtent(): number {
    const { status, goid, schedSp, schedPc, waitSince, waitReason, waiting, sleepWhen = 0 } = this.layout;
    return Math.max(status, goid, schedSp, schedPc, waitSince, waitReason, waiting, sleepWhen) + 8;
  }

  /** A pointer-sized field. */
  word(g: number, offset: number): number {
    return this.runtime.memory.uint64((g + offset) as RuntimeAddress);
  }

  rawStatus(g: number): number {
    return this.runtime.memory.uint32((g + this.layout.status) as RuntimeAddress);
  }

  /** State without the scan bit; undefined if no Go that we know has such a number. */
  static state(rawStatus: number): GoroutineState | undefined {
    return GOROUTINE_STATES[rawStatus & ~SCAN_BIT];
  }

  static scanning(rawStatus: number): boolean {
    return (rawStatus & SCAN_BIT) !== 0;
  }

  id(g: number): number {
    return this.word(g, this.layout.goid);
  }

  sched(g: number): SavedState {
    const { schedPc, schedSp, schedBp, schedLr } = this.layout;
    return {
      pc: this.word(g, schedPc),
      sp: this.word(g, schedSp),
      fp: this.word(g, schedBp),
      lr: this.word(g, schedLr),
    };
  }

  /** What entersyscall saved; undefined outside system calls. Before go1.23 the frame pointer was not saved. */
  systemCall(g: number): SavedState | undefined {
    const { syscallPc, syscallSp, syscallBp } = this.layout;
    const sp = this.word(g, syscallSp);
    if (sp === 0) return undefined;
    const fp = syscallBp === undefined ? undefined : this.word(g, syscallBp);
    return { pc: this.word(g, syscallPc), sp, fp, lr: 0 };
  }

  refresh(): void {
    this.#finalizing = undefined;
  }

  /** Whether the finalizer goroutine is in a finalizer of the user's (runtime/mfinal.go). */
  get finalizerRuns(): boolean {
    this.#finalizing ??= this.#readFinalizing();
    return this.#finalizing;
  }

  #readFinalizing(): boolean {
    const { memory } = this.runtime;
    const status = this.runtime.tryGlobal(FINALIZER_STATUS);
    if (status !== undefined) return (memory.uint32(status) & FINALIZER_RUNNING) !== 0;
    const flag = this.runtime.tryGlobal(FINALIZER_RUNNING_FLAG);
    return flag !== undefined && memory.uint8(flag) !== 0;
  }
}
