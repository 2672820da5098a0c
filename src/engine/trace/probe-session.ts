import { MattockError, runtimeAddress, UserError } from '../../base/index.ts';
import { openProgram } from '../../golang/index.ts';
import {
  Door,
  HEADER_BYTES,
  type ProbeBody,
  type Probes,
  type ProbeTarget,
  prepareProbes,
  type RecordSink,
  type RingFile,
  RingReader,
  WindowBusy,
  writeOwner,
} from '../../probe/index.ts';
import {
  isStopped,
  type Kernel,
  type ModuleFile,
  type ProcessEnd,
  type ProcessTarget,
  processEnd,
} from '../../target/index.ts';
import { openKernel } from '../linux/open-kernel.ts';
import { openTimestampCounter, type TimestampMoment } from '../linux/timestamp.ts';
import { attachSleeper, attachTarget, inspectTarget, launchTarget } from '../live/open-live-target.ts';
import type { Launch } from '../session-client.ts';
import { openRingFile, probeTarget } from './probe-port.ts';
import { hasEnded } from './process-life.ts';

const DEFAULT_RING_BYTES = 64 << 20;
/** How often a thread may stand in a window while we look, and how long it is left alone then. */
export const ATTEMPTS = 20;
export const PAUSE_MS = 2;
const PATIENCE_TICKS = 3e9;
const FILL_BYTES = 1 << 20;
/** Frames between a goroutine that was preempted and what it was preempted in. */
const PREEMPTION_FRAMES = 8;

/** What a set of probes is for. */
export interface ProbePlan {
  readonly probes: readonly ProbeBody[];
  /** Where the code of the program is. */
  readonly text: { readonly start: number; readonly end: number };
  /** A program that begins has come there when its runtime handles signals. Of plans with sites that are trapped. */
  readonly handlesSignalsAt?: number | undefined;
}

export interface ProbeOrder<Plan extends ProbePlan, Seen = undefined> {
  readonly subject: { readonly kind: 'attach'; readonly pid: number } | Launch;
  /** The program waits when the ring is full, instead of going on without being recorded. */
  readonly lossless: boolean;
  readonly ringBytes?: number;
  /** Ticks of the processor's clock after which who waits takes us for dead. */
  readonly patience?: number;
  /** By the binary; of a process that runs, before it is stopped. */
  plan(target: ProcessTarget, kernel: Kernel): Plan;
  /** Probes stand in code that goroutines are preempted in at any instruction: that of the program, not of its runtime. */
  readonly preemptible: boolean;
  /** Some of the probes are doors: see `ProbeSession.door`. */
  readonly hasDoors?: boolean;
  /** Looks at a program that ran already, in the moment from which on the probes fire, all its threads stopped: not for long. */
  look?(target: ProcessTarget, plan: Plan, kernel: Kernel): Seen;
}

export interface ProbeStatus {
  readonly events: number;
  readonly bytes: number;
  readonly lost: number;
  readonly waits: number;
  /** Somebody waited for us for so long that nobody waits any more. */
  readonly gaveUp?: boolean;
}

/** Probes in a program that is traced by nobody while they are there. */
export class ProbeSession<Plan extends ProbePlan, Seen = undefined> {
  readonly pid: number;
  readonly plan: Plan;
  /** Milliseconds during which the program was stopped for putting the probes in. */
  readonly stoppedMs: number;
  readonly started: TimestampMoment;
  readonly now: () => TimestampMoment;
  readonly kernel: Kernel;
  /** What `look` gave. */
  readonly seen: Seen | undefined;
  /** Where threads of the program wait until they are answered. */
  readonly door: Door | undefined;
  readonly #probes: Probes;
  readonly #reader: RingReader;
  readonly #closeRing: () => void;
  readonly #launched: boolean;
  #elsewhere: (id: number, status: number) => void = () => {};
  #ended = false;
  #end: ProcessEnd | undefined;
  #closed = false;

  private constructor(parts: Parts<Plan, Seen>) {
    this.pid = parts.pid;
    this.plan = parts.plan;
    this.stoppedMs = parts.stoppedMs;
    this.started = parts.started;
    this.now = parts.now;
    this.kernel = parts.kernel;
    this.seen = parts.seen;
    this.door = parts.door;
    this.#probes = parts.probes;
    this.#closeRing = parts.closeRing;
    this.#reader = new RingReader(parts.probes.ring, parts.ringBytes, () => parts.now().ticks);
    this.#launched = parts.launched;
  }

  /** Attaches to the program, or starts it, puts the probes in and lets go of it. */
  static async start<Plan extends ProbePlan, Seen = undefined>(
    order: ProbeOrder<Plan, Seen>,
  ): Promise<ProbeSession<Plan, Seen>> {
    const setting = { kernel: await openKernel(), now: await openTimestampCounter(), order };
    const { subject } = order;
    const parts = subject.kind === 'attach' ? attach(setting, subject.pid) : launch(setting, subject);
    return new ProbeSession(await parts);
  }

  /**
   * Puts the probes into a process that stands before its first instruction and lets go of it; it is let go of without
   * them if that fails.
   */
  static begin<Plan extends ProbePlan, Seen = undefined>(
    setting: Setting<Plan, Seen>,
    target: ProcessTarget,
  ): ProbeSession<Plan, Seen> {
    try {
      return new ProbeSession(standing(setting, target, false));
    } finally {
      target.detach();
    }
  }

  get status(): ProbeStatus {
    const { records, position, lost, waits, givenUp } = this.#reader;
    return { events: records, bytes: position, lost, waits, gaveUp: givenUp };
  }

  /** It runs another program now: nothing of ours is in it any more. */
  replaced(sink: RecordSink): void {
    if (this.#closed) return;
    this.#ended = true;
    this.#closed = true;
    this.#reader.drain(sink, true);
    this.#closeRing();
  }

  /** Whether the program has ended by itself. */
  get ended(): boolean {
    if (this.#ended) return true;
    if (this.#launched) {
      const waited = this.kernel.waitFor(this.pid, false);
      const status = this.kernel.lastStatus;
      if (waited === this.pid && isStopped(status)) {
        this.#elsewhere(this.pid, status);
        return false;
      }
      this.#ended = waited !== 0;
      if (waited === this.pid) this.#end = processEnd(status);
    } else this.#ended = hasEnded(this.kernel, this.pid);
    return this.#ended;
  }

  /** Who follows tasks on the same thread is told of what is not for us: that the process has stopped. */
  tellElsewhere(elsewhere: (id: number, status: number) => void): void {
    this.#elsewhere = elsewhere;
  }

  /** How it ended; undefined: it has not, or nobody knows. */
  get end(): ProcessEnd | undefined {
    return this.ended ? this.#end : undefined;
  }

  /** Takes what has come, until it is `enough`. To be called often: the ring is finite. */
  drain(sink: RecordSink, enough?: () => boolean): void {
    this.#reader.drain(sink, false, enough);
  }

  /** The probes write no more, and nobody waits at a door. To be called before any of the program's threads is stopped. */
  switchOff(): void {
    if (!this.#closed) this.#reader.switchOff();
  }

  /** Takes the probes out, and what is left in the ring. The program goes on as if nothing had been. Idempotent. */
  async stop(sink: RecordSink): Promise<void> {
    if (this.#closed) return;
    this.switchOff();
    this.#closed = true;
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
      // It may be about to end: its first thread goes before the others.
      for (let look = 0; error instanceof UserError && look < ATTEMPTS; look++) {
        if (this.ended) return 'gone';
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      throw error;
    }
    let used: boolean;
    try {
      if (target.ended !== undefined) {
        this.#end = target.ended;
        return 'gone';
      }
      const port = probeTarget(this.kernel, target);
      if (attempt === 1) this.#probes.restore(port);
      used = this.#probes.isUsed(port);
    } finally {
      target.detach();
    }
    if (used && attempt < ATTEMPTS) return 'used';
    // Nobody comes to the probes any more.
    this.#reader.drain(sink, true);
    await this.#release(used);
    return 'gone';
  }

  async #release(used: boolean): Promise<void> {
    try {
      await withSleeper(this.kernel, this.pid, undefined, (port) => this.#probes.release(port, used));
    } catch (error) {
      if (!(error instanceof MattockError && this.ended)) throw error;
    }
  }
}

export interface Setting<Plan extends ProbePlan, Seen> {
  readonly kernel: Kernel;
  readonly now: () => TimestampMoment;
  readonly order: ProbeOrder<Plan, Seen>;
}

interface Parts<Plan, Seen> {
  readonly kernel: Kernel;
  readonly pid: number;
  readonly launched: boolean;
  readonly plan: Plan;
  readonly probes: Probes;
  readonly seen: Seen | undefined;
  readonly started: TimestampMoment;
  readonly now: () => TimestampMoment;
  readonly ringBytes: number;
  readonly stoppedMs: number;
  readonly door: Door | undefined;
  closeRing(): void;
}

export interface PreparedProbes<Plan> {
  readonly plan: Plan;
  readonly probes: Probes;
  readonly door: Door | undefined;
  readonly ringBytes: number;
  closeRing(): void;
}

async function launch<Plan extends ProbePlan, Seen>(
  setting: Setting<Plan, Seen>,
  subject: Launch,
): Promise<Parts<Plan, Seen>> {
  const { target } = await launchTarget(setting.kernel, subject, launchedProgram(subject), () => false);
  try {
    return standing(setting, target, true);
  } catch (error) {
    target.kill();
    throw error;
  }
}

/** A program that begins stands still before its first instruction while everything is made ready. */
function standing<Plan extends ProbePlan, Seen>(
  { kernel, now, order }: Setting<Plan, Seen>,
  target: ProcessTarget,
  launched: boolean,
): Parts<Plan, Seen> {
  const { pid } = target;
  let prepared: PreparedProbes<Plan> | undefined;
  try {
    const plan = order.plan(target, kernel);
    prepared = giveProbes(kernel, target, order, plan);
    prepared.probes.install(probeTarget(kernel, target));
    // Before it runs: what it does from now on is later than this.
    const started = now();
    if (prepared.probes.hasTraps && runTo(target, plan.handlesSignalsAt))
      putTrapsIn(prepared.probes, probeTarget(kernel, target));
    target.detach();
    return { ...prepared, kernel, pid, launched, seen: undefined, started, now, stoppedMs: 0 };
  } catch (error) {
    prepared?.closeRing();
    throw error;
  }
}

function putTrapsIn(probes: Probes, port: ProbeTarget): void {
  let done = false;
  try {
    done = probes.installTraps(port);
  } finally {
    if (!done) probes.restore(port);
  }
  if (done) return;
  throw new UserError('the program does not handle SIGTRAP as Go does: --no-traps leaves out what takes it');
}

/** False: it has ended before. */
function runTo(target: ProcessTarget, place: number | undefined): boolean {
  if (place === undefined) throw new Error('nobody knows when the program handles signals');
  const address = runtimeAddress(place);
  target.insertTrap(address);
  target.run({ kind: 'all' }, (event) =>
    event.kind === 'trap' && event.address === address ? 'stop' : 'resume',
  );
  if (target.ended === undefined) target.removeTrap(address);
  return target.ended === undefined;
}

/**
 * What takes time is done with a program that runs: reading its binary, and, with one thread of it that sleeps anyway,
 * giving it the code and the ring. Then all its threads are stopped for putting the probes in and looking.
 */
async function attach<Plan extends ProbePlan, Seen>(
  setting: Setting<Plan, Seen>,
  pid: number,
): Promise<Parts<Plan, Seen>> {
  const { kernel, order } = setting;
  const known = await planAhead(kernel, pid, order);
  const prepared = await withSleeper(kernel, pid, known?.executable, (_, target) =>
    giveProbes(kernel, target, order, known?.plan ?? order.plan(target, kernel)),
  );
  const { probes, ringBytes } = prepared;
  try {
    fillWithZeros(probes.ring, ringBytes);
    await withSleeper(kernel, pid, known?.executable, (port) => probes.populate(port));
    for (let attempt = 1; ; attempt++) {
      const parts = await install(setting, pid, known?.executable, prepared);
      if (parts !== undefined) return parts;
      if (attempt === ATTEMPTS) throw new UserError('the program is never out of the places to be patched');
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } catch (error) {
    prepared.closeRing();
    await withSleeper(kernel, pid, known?.executable, (port) => probes.release(port, false)).catch(() => {
      // What is told is why it had to be.
    });
    throw error;
  }
}

/** Undefined: a window is busy. */
async function install<Plan extends ProbePlan, Seen>(
  { kernel, now, order }: Setting<Plan, Seen>,
  pid: number,
  executable: ModuleFile | undefined,
  prepared: PreparedProbes<Plan>,
): Promise<Parts<Plan, Seen> | undefined> {
  const { probes, plan } = prepared;
  const { target } = await attachTarget(kernel, pid, () => false, executable);
  const stopped = performance.now();
  try {
    const port = probeTarget(kernel, target);
    probes.install(port, order.preemptible ? interruptedPlaces(target) : []);
    putTrapsIn(probes, port);
    let seen: Seen | undefined;
    try {
      seen = order.look?.(target, plan, kernel);
    } catch (error) {
      probes.restore(port);
      throw error;
    }
    const started = now();
    target.detach();
    const stoppedMs = performance.now() - stopped;
    return { ...prepared, kernel, pid, launched: false, seen, started, now, stoppedMs };
  } catch (error) {
    if (error instanceof WindowBusy) return undefined;
    throw error;
  } finally {
    target.detach();
  }
}

/** Gives a program the code and the ring of probes; nothing leads to them yet. One stopped thread is enough. */
export function giveProbes<Plan extends ProbePlan>(
  kernel: Kernel,
  target: ProcessTarget,
  {
    lossless,
    ringBytes = DEFAULT_RING_BYTES,
    patience = PATIENCE_TICKS,
    hasDoors = false,
  }: Pick<ProbeOrder<Plan>, 'lossless' | 'ringBytes' | 'patience' | 'hasDoors'>,
  plan: Plan,
): PreparedProbes<Plan> {
  let closeRing = (): void => {};
  try {
    const probes = prepareProbes(probeTarget(kernel, target), plan.probes, {
      text: plan.text,
      ring: { bytes: ringBytes, whenFull: lossless ? 'wait' : 'count', patience },
      owner: kernel.pid,
      isAlive: (pid) => kernel.procFile(pid, 'stat') !== undefined,
      openRing: (descriptor) => {
        const ring = openRingFile(target.pid, descriptor);
        closeRing = () => ring.close();
        return ring;
      },
    });
    writeOwner(probes.ring, seesUs(kernel, target.pid) ? kernel.pid : 0);
    const door = hasDoors ? new Door(probes.ring) : undefined;
    return { plan, probes, ringBytes, door, closeRing };
  } catch (error) {
    closeRing();
    throw error;
  }
}

/** Whether the ids of processes mean the same to it as to us: pid_namespaces(7). */
export const seesUs = (kernel: Kernel, pid: number): boolean =>
  kernel.procLink(pid, 'ns/pid') === kernel.procLink(kernel.pid, 'ns/pid');

/** With one thread of a program stopped. */
async function withSleeper<T>(
  kernel: Kernel,
  pid: number,
  executable: ModuleFile | undefined,
  action: (port: ProbeTarget, target: ProcessTarget) => T,
): Promise<T> {
  const target = await attachSleeper(kernel, pid, executable);
  try {
    return action(probeTarget(kernel, target), target);
  } finally {
    target.detach();
  }
}

/** The pages of the ring come into being here, and are ours: in the program's threads that would take longer than the probes. */
export function fillWithZeros(ring: RingFile, ringBytes: number): void {
  const zeros = new Uint8Array(FILL_BYTES);
  for (let at = 0; at < ringBytes; at += FILL_BYTES)
    ring.write(HEADER_BYTES + at, zeros.subarray(0, ringBytes - at));
}

/** With a program that runs: reading its binary takes time. What fails, fails again with a thread stopped, and is told then. */
async function planAhead<Plan extends ProbePlan>(
  kernel: Kernel,
  pid: number,
  order: Pick<ProbeOrder<Plan>, 'plan' | 'preemptible'>,
): Promise<{ readonly executable: ModuleFile; readonly plan: Plan } | undefined> {
  try {
    const { target, executable } = await inspectTarget(kernel, pid);
    const plan = order.plan(target, kernel);
    // Our own code is warm then.
    if (order.preemptible) for (const _ of interruptedPlaces(target));
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
export function* interruptedPlaces(target: ProcessTarget): Iterable<number> {
  const program = openProgram(target);
  for (const goroutine of program.goroutines({ reads: ['stack'] })) {
    const { problem, state, waitReason } = goroutine;
    const stands = state === '_Grunnable' || state === '_Gpreempted' || waitReason === 'preempted';
    if (problem !== undefined || !stands) continue;
    for (const { pc } of program.stackOf(goroutine, PREEMPTION_FRAMES).frames) yield pc;
  }
}

export function launchedProgram({ program }: Launch): { readonly path: string } {
  if ('path' in program) return program;
  throw new UserError('compile the program first: it is traced as it is shipped', '`go build`');
}
