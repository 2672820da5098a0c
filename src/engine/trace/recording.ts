import { MattockError, runtimeAddress, UserError } from '../../base/index.ts';
import { openProgram, readSchedulerFacts, type SchedulerFacts } from '../../golang/index.ts';
import { type InstalledProbes, installProbes, RingReader, WindowBusy } from '../../probe/index.ts';
import type { Kernel, ModuleFile, ProcessTarget } from '../../target/index.ts';
import { type Trace, TraceBuilder } from '../../trace/index.ts';
import { Clock } from '../../trace/recording/clock.ts';
import { type Interpretation, interpret } from '../../trace/recording/interpreter.ts';
import { LiveEvents } from '../../trace/recording/live-events.ts';
import { planProbes } from '../../trace/recording/probe-set.ts';
import { RecordLog } from '../../trace/recording/record-log.ts';
import { NOTHING_YET, type Snapshot, takeSnapshot } from '../../trace/recording/snapshot.ts';
import { DescriptorReader } from '../../trace/recording/wait-objects.ts';
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
const WORD = 8;

export interface RecordingOptions {
  readonly subject: { readonly kind: 'attach'; readonly pid: number } | Launch;
  /** The program waits when the ring is full, instead of going on without being recorded. */
  readonly lossless: boolean;
  readonly ringBytes?: number;
}

export interface RecordingStatus {
  readonly events: number;
  readonly bytes: number;
  readonly lost: number;
  readonly waits: number;
}

/** What a recording tells while it goes on. */
export interface LiveRecording {
  /** What has happened since the last time, up to a few milliseconds ago; all of it when the recording has stopped. */
  take(): Trace;
}

/** Records what goroutines do. While it goes on the program is traced by nobody. */
export class Recording {
  readonly pid: number;
  /** What this binary does not let us see. */
  readonly missing: readonly string[];
  /** Milliseconds during which the program was stopped for putting the probes in. */
  readonly stoppedMs: number;
  readonly #kernel: Kernel;
  readonly #facts: SchedulerFacts;
  readonly #installed: InstalledProbes;
  readonly #reader: RingReader;
  readonly #log: RecordLog;
  readonly #descriptors: DescriptorReader;
  readonly #snapshot: Snapshot;
  readonly #start: TimestampMoment;
  readonly #startedAt: bigint;
  readonly #now: () => TimestampMoment;
  readonly #name: string;
  readonly #syscallProbes: boolean;
  readonly #closeRing: () => void;
  readonly #launched: boolean;
  #ended = false;
  #forgotten = false;
  #closed = false;

  private constructor(parts: Parts) {
    const { target, facts, installed, missing } = parts;
    this.pid = target.pid;
    this.missing = missing;
    this.stoppedMs = parts.stoppedMs;
    this.#kernel = parts.kernel;
    this.#facts = facts;
    this.#installed = installed;
    this.#closeRing = parts.closeRing;
    this.#reader = new RingReader(installed.ring, parts.ringBytes);
    this.#descriptors = new DescriptorReader(facts, (address) => readWord(parts.kernel, target.pid, address));
    this.#log = new RecordLog((reason, lock) => this.#descriptors.see(reason, lock));
    this.#snapshot = parts.snapshot;
    this.#start = parts.start;
    this.#startedAt = parts.startedAt;
    this.#now = parts.now;
    this.#name = facts.module.path;
    this.#syscallProbes = parts.syscallProbes;
    this.#launched = target.started;
  }

  /** Attaches to the program, or starts it, puts the probes in and lets go of it. */
  static async start(options: RecordingOptions): Promise<Recording> {
    const kernel = await openKernel();
    const now = await openTimestampCounter();
    const { subject } = options;
    const known = subject.kind === 'attach' ? await readAhead(kernel, subject.pid) : undefined;
    for (let attempt = 1; ; attempt++) {
      try {
        return await begin(kernel, now, options, known, (parts) => new Recording(parts));
      } catch (error) {
        if (!(error instanceof WindowBusy)) throw error;
        if (attempt === ATTEMPTS) throw new UserError('the program is never out of the places to be patched');
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  get status(): RecordingStatus {
    const { records, position, lost, waits } = this.#reader;
    return { events: records, bytes: position, lost, waits };
  }

  /** Whether the program has ended by itself. */
  get ended(): boolean {
    if (this.#ended) return true;
    if (this.#launched) this.#ended = this.#kernel.waitFor(this.pid, false) !== 0;
    else {
      const status = this.#kernel.procFile(this.pid, 'stat');
      this.#ended = status === undefined || /\) [ZX] /.test(Buffer.from(status).toString('latin1'));
    }
    return this.#ended;
  }

  /** Takes what has come. To be called often: the ring is finite. */
  drain(): void {
    this.#reader.drain(this.#log);
  }

  /** Takes the probes out. The program goes on as if nothing had been. Idempotent. */
  async stop(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader.switchOff();
    // Who is in a trampoline now will have left it in a moment: until then its record is not whole.
    for (let attempt = 1; !this.ended && (await this.#remove(attempt)) === 'used'; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    if (this.ended) this.#reader.drain(this.#log, true);
    this.#closeRing();
  }

  async #remove(attempt: number): Promise<'gone' | 'used'> {
    let target: ProcessTarget;
    try {
      ({ target } = await attachTarget(this.#kernel, this.pid, () => false));
    } catch (error) {
      // It may have ended in this moment.
      if (error instanceof UserError && this.ended) return 'gone';
      throw error;
    }
    try {
      if (target.ended !== undefined) return 'gone';
      const port = probeTarget(this.#kernel, target);
      if (attempt === 1) this.#installed.restore(port);
      const last = attempt === ATTEMPTS;
      if (!last && this.#installed.isUsed(port)) return 'used';
      this.#reader.drain(this.#log, true);
      this.#installed.release(port);
      return 'gone';
    } finally {
      target.detach();
    }
  }

  /** What was recorded. */
  trace(): Trace {
    if (this.#forgotten) throw new Error('what was recorded is forgotten: it was told');
    const builder = new TraceBuilder({ writer: 'mattock', format: '1', name: this.#name });
    builder.startedAt = this.#startedAt;
    for (const what of this.missing) builder.note(`not recorded: ${what}`);
    interpret(builder, { ...this.#interpretation, clock: new Clock(this.#start, this.#now()) });
    return builder.build();
  }

  /** Tells what happens while it happens. With `forget` there will be no `trace()`. */
  live(forget: boolean): LiveRecording {
    this.#forgotten = forget;
    const events = new LiveEvents({ ...this.#interpretation, start: this.#start, forget }, this.#now());
    return { take: () => events.take(this.#now(), this.#closed) };
  }

  get #interpretation(): Omit<Interpretation, 'clock'> {
    return {
      log: this.#log,
      facts: this.#facts,
      snapshot: this.#snapshot,
      descriptors: this.#descriptors,
      syscallProbes: this.#syscallProbes,
    };
  }
}

interface Parts {
  readonly kernel: Kernel;
  readonly target: ProcessTarget;
  readonly facts: SchedulerFacts;
  readonly installed: InstalledProbes;
  readonly missing: readonly string[];
  readonly snapshot: Snapshot;
  readonly start: TimestampMoment;
  readonly startedAt: bigint;
  readonly now: () => TimestampMoment;
  readonly ringBytes: number;
  readonly stoppedMs: number;
  readonly syscallProbes: boolean;
  closeRing(): void;
}

async function begin<T>(
  kernel: Kernel,
  now: () => TimestampMoment,
  { subject, lossless, ringBytes = DEFAULT_RING_BYTES }: RecordingOptions,
  known: ModuleFile | undefined,
  made: (parts: Parts) => T,
): Promise<T> {
  const { target } =
    subject.kind === 'attach'
      ? await attachTarget(kernel, subject.pid, () => false, known)
      : await launchTarget(kernel, subject, launchedProgram(subject), () => false);
  const stopped = performance.now();
  let closeRing = (): void => {};
  try {
    const facts = readSchedulerFacts(target);
    const { probes, missing, syscallProbes } = planProbes(facts);
    const installed = installProbes(probeTarget(kernel, target), probes, {
      text: textOf(facts),
      ring: { bytes: ringBytes, whenFull: lossless ? 'wait' : 'count', patience: PATIENCE_TICKS },
      owner: kernel.pid,
      isAlive: (pid) => kernel.procFile(pid, 'stat') !== undefined,
      openRing: (descriptor) => {
        const ring = openRingFile(target.pid, descriptor);
        closeRing = () => ring.close();
        return ring;
      },
    });
    const snapshot = target.started ? NOTHING_YET : takeSnapshot(openProgram(target), facts);
    const start = now();
    const startedAt = BigInt(Date.now()) * 1_000_000n;
    const stoppedMs = performance.now() - stopped;
    return made({
      kernel,
      target,
      facts,
      installed,
      missing,
      snapshot,
      start,
      startedAt,
      now,
      ringBytes,
      stoppedMs,
      syscallProbes,
      closeRing,
    });
  } catch (error) {
    closeRing();
    if (target.started) target.kill();
    throw error;
  } finally {
    target.detach();
  }
}

/**
 * Does all that will be done while the program is stopped once before, with a program that runs: the binary's tables are
 * read then, and our own code is warm. What is read of memory is torn, and thrown away; what fails, fails again and is told then.
 */
async function readAhead(kernel: Kernel, pid: number): Promise<ModuleFile | undefined> {
  try {
    const { target, executable } = await inspectTarget(kernel, pid);
    const facts = readSchedulerFacts(target);
    planProbes(facts);
    takeSnapshot(openProgram(target), facts);
    return executable;
  } catch (error) {
    if (error instanceof MattockError) return undefined;
    throw error;
  }
}

function launchedProgram({ program }: Launch): { readonly path: string } {
  if ('path' in program) return program;
  throw new UserError('compile the program first: it is traced as it is shipped', '`go build`');
}

/** Where the code of the program is. */
function textOf({ image, module }: SchedulerFacts): { readonly start: number; readonly end: number } {
  const { functions } = image;
  if (functions === undefined || functions.count === 0) throw new UserError('the program has no functions');
  return {
    start: module.toRuntime(functions.textStart),
    end: module.toRuntime(functions.end(functions.count - 1)),
  };
}

function readWord(kernel: Kernel, pid: number, address: number): number | undefined {
  const bytes = new Uint8Array(WORD);
  if (kernel.readMemory(pid, runtimeAddress(address), bytes) < WORD) return undefined;
  return Number(new DataView(bytes.buffer).getBigUint64(0, true));
}
