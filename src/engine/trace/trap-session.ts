import type { Arch, ArchName } from '../../arch/index.ts';
import { runtimeAddress } from '../../base/index.ts';
import type { RecordSink, Register } from '../../probe/index.ts';
import type { Kernel, LiveThread, ProcessEnd, ProcessTarget } from '../../target/index.ts';
import type { SchedulerTrap, TrapSet, TrapSight } from '../../trace/recording/trap-records.ts';
import { openKernel } from '../linux/open-kernel.ts';
import type { TimestampMoment } from '../linux/timestamp.ts';
import { attachTarget, launchTarget } from '../live/open-live-target.ts';
import type { Launch } from '../session-client.ts';
import { launchedProgram, type ProbeStatus } from './probe-session.ts';
import { RunSlice } from './run-slice.ts';

/** So long the program runs, and nothing else happens here, until it is stopped for a moment. */
const SLICE_MS = 50;
export interface TrapOrder<Plan, Seen> {
  readonly subject: { readonly kind: 'attach'; readonly pid: number } | Launch;
  plan(target: ProcessTarget, kernel: Kernel): Plan & { readonly traps: TrapSet };
  look?(target: ProcessTarget, plan: Plan, kernel: Kernel): Seen;
}

/**
 * The events of the inline probes by breakpoints: for programs that cannot be patched. The program is under ptrace all
 * the time, and every event stops its thread until we have looked. Nothing is lost; if we are killed the program dies of
 * the breakpoints.
 */
export class TrapSession<Plan, Seen = undefined> {
  readonly plan: Plan & { readonly traps: TrapSet };
  readonly kernel: Kernel;
  readonly started: TimestampMoment;
  readonly seen: Seen | undefined;
  readonly stoppedMs: number;
  readonly #target: ProcessTarget;
  readonly #slice: RunSlice;
  readonly #byAddress: ReadonlyMap<number, SchedulerTrap>;
  readonly #sight: ThreadSight;
  readonly #launched: boolean;
  #events = 0;
  #bytes = 0;
  #ended = false;
  #closed = false;

  private constructor(parts: Parts<Plan, Seen>) {
    this.plan = parts.plan;
    this.kernel = parts.kernel;
    this.started = parts.started;
    this.seen = parts.seen;
    this.stoppedMs = parts.stoppedMs;
    this.#target = parts.target;
    this.#slice = parts.slice;
    this.#launched = parts.target.started;
    this.#byAddress = new Map(parts.plan.traps.traps.map((trap) => [trap.address, trap]));
    this.#sight = new ThreadSight(parts.kernel, parts.target);
  }

  /** Attaches to the program, or starts it. It stands still until the first `drain`. */
  static async start<Plan, Seen>(order: TrapOrder<Plan, Seen>): Promise<TrapSession<Plan, Seen>> {
    const slice = new RunSlice();
    const kernel = await openKernel({ work: () => slice.idle() });
    const { subject } = order;
    const { target } =
      subject.kind === 'attach'
        ? await attachTarget(kernel, subject.pid, () => slice.over)
        : await launchTarget(kernel, subject, launchedProgram(subject), () => slice.over);
    const stopped = performance.now();
    try {
      const plan = order.plan(target, kernel);
      const seen = target.started ? undefined : order.look?.(target, plan, kernel);
      for (const { address } of plan.traps.traps) target.insertTrap(runtimeAddress(address));
      const stoppedMs = performance.now() - stopped;
      return new TrapSession({ plan, kernel, target, slice, seen, started: moment(), stoppedMs });
    } catch (error) {
      if (target.started) target.kill();
      else target.detach();
      throw error;
    }
  }

  get pid(): number {
    return this.#target.pid;
  }

  readonly now = moment;

  get status(): ProbeStatus {
    return { events: this.#events, bytes: this.#bytes, lost: 0, waits: 0 };
  }

  /** Whether the program has ended by itself. */
  get ended(): boolean {
    if (this.#ended) return true;
    if (!this.#closed) this.#ended = hasEnded(this.#target);
    else if (this.#launched) this.#ended = this.kernel.waitFor(this.pid, false) !== 0;
    else this.#ended = this.kernel.procFile(this.pid, 'stat') === undefined;
    return this.#ended;
  }

  /** How it ended; undefined: it has not, or nobody knows. */
  get end(): ProcessEnd | undefined {
    return hasEnded(this.#target) ? this.#target.ended : undefined;
  }

  /** Lets the program run for a moment and tells what it does. */
  drain(sink: RecordSink): void {
    if (this.#closed || this.ended) return;
    this.#slice.begin(this.pid, SLICE_MS);
    this.#target.run({ kind: 'all' }, (event) => {
      this.#slice.happened();
      if (event.kind === 'interrupt') return 'stop';
      if (event.kind === 'trap') this.#hit(event.thread, event.address, sink);
      return 'resume';
    });
  }

  #hit(thread: LiveThread, address: number, sink: RecordSink): void {
    const trap = this.#byAddress.get(address);
    this.#sight.thread = thread;
    if (trap?.record(this.#sight) !== true) return;
    const { words } = this.plan.traps;
    this.#events++;
    this.#bytes += words.byteLength;
    sink.record(words, 0);
  }

  /** Takes the traps out and lets go of the program. Idempotent. */
  stop(_sink: RecordSink): Promise<void> {
    if (!this.#closed) {
      this.#ended = hasEnded(this.#target);
      this.#closed = true;
      this.#target.detach();
    }
    return Promise.resolve();
  }
}

interface Parts<Plan, Seen> {
  readonly plan: Plan & { readonly traps: TrapSet };
  readonly kernel: Kernel;
  readonly target: ProcessTarget;
  readonly slice: RunSlice;
  readonly seen: Seen | undefined;
  readonly started: TimestampMoment;
  readonly stoppedMs: number;
}

const hasEnded = ({ ended }: ProcessTarget): boolean => ended !== undefined && ended.kind !== 'detached';

/** One clock is both: records have its time. */
function moment(): TimestampMoment {
  const nanoseconds = nanotime();
  return { ticks: nanoseconds, nanoseconds };
}

/** What no thread has a value of. */
const NO_REGISTER = -1;

const nanotime = (): number => Number(process.hrtime.bigint());

/** A thread that stands at a trap, as those who make records see it. */
class ThreadSight implements TrapSight {
  thread: LiveThread | undefined;
  readonly #kernel: Kernel;
  readonly #pid: number;
  readonly #arch: Arch;
  readonly #numbers: readonly number[];
  readonly #word = new Uint8Array(8);

  constructor(kernel: Kernel, { pid, arch }: ProcessTarget) {
    this.#kernel = kernel;
    this.#pid = pid;
    this.#arch = arch;
    this.#numbers = DWARF_NUMBERS[arch.name];
  }

  register(register: Register): number {
    return this.#value(this.#numbers[register]!);
  }

  returnAddress(): number {
    const { lr, sp } = this.#arch.dwarf;
    if (lr !== undefined) return this.#value(lr);
    if (this.read(this.#value(sp), this.#word) < this.#word.length) return 0;
    return Number(new DataView(this.#word.buffer).getBigUint64(0, true));
  }

  #value(dwarf: number): number {
    return this.thread?.registers.get(dwarf) ?? 0;
  }

  read(address: number, into: Uint8Array): number {
    return address === 0 ? 0 : this.#kernel.readMemory(this.#pid, address, into);
  }

  now(): number {
    return nanotime();
  }
}

/**
 * By the number that amd64's instructions have for a register: System V ABI for amd64, figure 3.36. On arm64 what is in its
 * place when Go's functions are called (cmd/compile/abi-internal.md): the arguments in RAX, RBX, RCX, RDI, RSI, R8 to R11
 * are in x0 to x8, the closure's context of RDX in x26, g in x28 for R14; the rest has no part in it.
 */
const DWARF_NUMBERS: Readonly<Record<ArchName, readonly number[]>> = {
  amd64: [0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15],
  arm64: [0, 2, 26, 1, 31, 29, 4, 3, 5, 6, 7, 8, NO_REGISTER, NO_REGISTER, 28, NO_REGISTER],
};
