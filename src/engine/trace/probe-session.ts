import { MattockError, UserError } from '../../base/index.ts';
import { openProgram, type Program } from '../../golang/index.ts';
import {
  type InstalledProbes,
  installProbes,
  type ProbeBody,
  type RecordSink,
  RingReader,
  WindowBusy,
} from '../../probe/index.ts';
import type { Kernel, ModuleFile, ProcessTarget } from '../../target/index.ts';
import { openKernel } from '../linux/open-kernel.ts';
import { openTimestampCounter, type TimestampMoment } from '../linux/timestamp.ts';
import { attachTarget, inspectTarget, launchTarget } from '../live/open-live-target.ts';
import type { Launch } from '../session-client.ts';
import { openRingFile, probeTarget } from './probe-port.ts';

const DEFAULT_RING_BYTES = 64 << 20;
/** How often a thread may stand in a window while we look, and how long it is left alone then. */
const ATTEMPTS = 20;
const PAUSE_MS = 2;
const PATIENCE_TICKS = 3e9;
/** Frames between a goroutine that was preempted and what it was preempted in. */
const PREEMPTION_FRAMES = 8;

/** What a set of probes is for. */
export interface ProbePlan {
  readonly probes: readonly ProbeBody[];
  /** Where the code of the program is. */
  readonly text: { readonly start: number; readonly end: number };
}

export interface ProbeOrder<Plan extends ProbePlan> {
  readonly subject: { readonly kind: 'attach'; readonly pid: number } | Launch;
  /** The program waits when the ring is full, instead of going on without being recorded. */
  readonly lossless: boolean;
  readonly ringBytes?: number;
  /** By the binary; of a process that runs, before it is stopped. */
  plan(target: ProcessTarget): Plan;
}

export interface ProbeStatus {
  readonly events: number;
  readonly bytes: number;
  readonly lost: number;
  readonly waits: number;
}

/** Probes in a program that is traced by nobody while they are there. */
export class ProbeSession<Plan extends ProbePlan> {
  readonly pid: number;
  readonly plan: Plan;
  /** Milliseconds during which the program was stopped for putting the probes in. */
  readonly stoppedMs: number;
  readonly started: TimestampMoment;
  readonly now: () => TimestampMoment;
  readonly kernel: Kernel;
  readonly #installed: InstalledProbes;
  readonly #reader: RingReader;
  readonly #closeRing: () => void;
  readonly #launched: boolean;
  #ended = false;
  #closed = false;

  private constructor(parts: Parts<Plan>) {
    this.pid = parts.target.pid;
    this.plan = parts.plan;
    this.stoppedMs = parts.stoppedMs;
    this.started = parts.started;
    this.now = parts.now;
    this.kernel = parts.kernel;
    this.#installed = parts.installed;
    this.#closeRing = parts.closeRing;
    this.#reader = new RingReader(parts.installed.ring, parts.ringBytes);
    this.#launched = parts.target.started;
  }

  /** Attaches to the program, or starts it, puts the probes in and lets go of it. */
  static async start<Plan extends ProbePlan>(order: ProbeOrder<Plan>): Promise<ProbeSession<Plan>> {
    const kernel = await openKernel();
    const now = await openTimestampCounter();
    const { subject } = order;
    const known = subject.kind === 'attach' ? await planAhead(kernel, subject.pid, order) : undefined;
    for (let attempt = 1; ; attempt++) {
      try {
        return new ProbeSession(await begin(kernel, now, order, known));
      } catch (error) {
        if (!(error instanceof WindowBusy)) throw error;
        if (attempt === ATTEMPTS) throw new UserError('the program is never out of the places to be patched');
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  get status(): ProbeStatus {
    const { records, position, lost, waits } = this.#reader;
    return { events: records, bytes: position, lost, waits };
  }

  /** Whether the program has ended by itself. */
  get ended(): boolean {
    if (this.#ended) return true;
    if (this.#launched) this.#ended = this.kernel.waitFor(this.pid, false) !== 0;
    else {
      const status = this.kernel.procFile(this.pid, 'stat');
      this.#ended = status === undefined || /\) [ZX] /.test(Buffer.from(status).toString('latin1'));
    }
    return this.#ended;
  }

  /** Takes what has come. To be called often: the ring is finite. */
  drain(sink: RecordSink): void {
    this.#reader.drain(sink);
  }

  /** Takes the probes out, and what is left in the ring. The program goes on as if nothing had been. Idempotent. */
  async stop(sink: RecordSink): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader.switchOff();
    // Who is in a trampoline now will have left it in a moment: until then its record is not whole.
    for (let attempt = 1; !this.ended && (await this.#remove(attempt, sink)) === 'used'; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    if (this.ended) this.#reader.drain(sink, true);
    this.#closeRing();
  }

  async #remove(attempt: number, sink: RecordSink): Promise<'gone' | 'used'> {
    let target: ProcessTarget;
    try {
      ({ target } = await attachTarget(this.kernel, this.pid, () => false));
    } catch (error) {
      // It may have ended in this moment.
      if (error instanceof UserError && this.ended) return 'gone';
      throw error;
    }
    try {
      if (target.ended !== undefined) return 'gone';
      const port = probeTarget(this.kernel, target);
      if (attempt === 1) this.#installed.restore(port);
      if (attempt < ATTEMPTS && this.#installed.isUsed(port)) return 'used';
      this.#reader.drain(sink, true);
      this.#installed.release(port);
      return 'gone';
    } finally {
      target.detach();
    }
  }
}

interface Parts<Plan> {
  readonly kernel: Kernel;
  readonly target: ProcessTarget;
  readonly plan: Plan;
  readonly installed: InstalledProbes;
  readonly started: TimestampMoment;
  readonly now: () => TimestampMoment;
  readonly ringBytes: number;
  readonly stoppedMs: number;
  closeRing(): void;
}

interface Known<Plan> {
  readonly executable: ModuleFile;
  readonly plan: Plan;
}

async function begin<Plan extends ProbePlan>(
  kernel: Kernel,
  now: () => TimestampMoment,
  order: ProbeOrder<Plan>,
  known: Known<Plan> | undefined,
): Promise<Parts<Plan>> {
  const { subject, lossless, ringBytes = DEFAULT_RING_BYTES } = order;
  const { target } =
    subject.kind === 'attach'
      ? await attachTarget(kernel, subject.pid, () => false, known?.executable)
      : await launchTarget(kernel, subject, launchedProgram(subject), () => false);
  const stopped = performance.now();
  let closeRing = (): void => {};
  try {
    const plan = known?.plan ?? order.plan(target);
    const program = openProgram(target);
    const installed = installProbes(probeTarget(kernel, target), plan.probes, {
      text: plan.text,
      ring: { bytes: ringBytes, whenFull: lossless ? 'wait' : 'count', patience: PATIENCE_TICKS },
      owner: kernel.pid,
      isAlive: (pid) => kernel.procFile(pid, 'stat') !== undefined,
      interrupted: () => (target.started ? [] : interruptedPlaces(program)),
      openRing: (descriptor) => {
        const ring = openRingFile(target.pid, descriptor);
        closeRing = () => ring.close();
        return ring;
      },
    });
    const started = now();
    const stoppedMs = performance.now() - stopped;
    return { kernel, target, plan, installed, started, now, ringBytes, stoppedMs, closeRing };
  } catch (error) {
    closeRing();
    if (target.started) target.kill();
    throw error;
  } finally {
    target.detach();
  }
}

/** With a program that runs: reading its binary takes time. What fails, fails again when it is stopped, and is told then. */
async function planAhead<Plan extends ProbePlan>(
  kernel: Kernel,
  pid: number,
  order: ProbeOrder<Plan>,
): Promise<Known<Plan> | undefined> {
  try {
    const { target, executable } = await inspectTarget(kernel, pid);
    const plan = order.plan(target);
    // Our own code is warm then.
    for (const _ of interruptedPlaces(openProgram(target)));
    return { executable, plan };
  } catch (error) {
    if (error instanceof MattockError) return undefined;
    throw error;
  }
}

/**
 * Where goroutines go on that were preempted at any instruction (runtime/preempt.go): behind the frames of what
 * preempted them.
 */
function* interruptedPlaces(program: Program): Iterable<number> {
  for (const goroutine of program.goroutines({ reads: ['stack'] })) {
    const { problem, state, waitReason } = goroutine;
    const stands = state === '_Grunnable' || state === '_Gpreempted' || waitReason === 'preempted';
    if (problem !== undefined || !stands) continue;
    for (const { pc } of program.stackOf(goroutine, PREEMPTION_FRAMES).frames) yield pc;
  }
}

function launchedProgram({ program }: Launch): { readonly path: string } {
  if ('path' in program) return program;
  throw new UserError('compile the program first: it is traced as it is shipped', '`go build`');
}
