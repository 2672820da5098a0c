import type { RecordSink } from '../../probe/index.ts';
import { FrozenMemory, type ProcessEnd, type ProcessTarget } from '../../target/index.ts';
import type { TracedFunction } from '../../trace/calls/call-plan.ts';
import { SeenCalls } from '../../trace/calls/seen-calls.ts';
import { type Trace, TraceBuilder } from '../../trace/index.ts';
import { Clock } from '../../trace/recording/clock.ts';
import { Followed, standingIn } from '../../trace/recording/followed.ts';
import type { Interpretation } from '../../trace/recording/interpreter.ts';
import { LiveEvents } from '../../trace/recording/live-events.ts';
import { RawLog } from '../../trace/recording/raw-log.ts';
import { RecordLog } from '../../trace/recording/record-log.ts';
import { replay } from '../../trace/recording/replay.ts';
import { NOTHING_YET, type Snapshot } from '../../trace/recording/snapshot.ts';
import { CallSink } from './call-sink.ts';
import { type GoroutineProbes, hasGoroutines, planned } from './goroutine-probes.ts';
import { type Held, HeldProbes } from './held-probes.ts';
import { lookAtLocks, type PartingLook, tellHolders } from './parting-look.ts';
import { ProbeSession, type ProbeStatus } from './probe-session.ts';
import {
  type BeginningOptions,
  orderOf,
  type RecordingOptions,
  type Session,
  type Setting,
  startProbes,
  startTraps,
  type TraceEngine,
} from './recording-session.ts';
import { view } from './sight.ts';
import { fileSpool } from './spool.ts';

export type { RecordedCalls } from './goroutine-probes.ts';
export type { ProbeStatus as RecordingStatus } from './probe-session.ts';
export type { RecordingOptions, TraceEngine } from './recording-session.ts';

/** For so long at once what calls were made with is put into words. */
const WORDS_MS = 20;
/** Events a second that fill no ring while we look away. */
const BUSY = 20_000;

/** Calls that were recorded up to now. */
export interface CallCount {
  readonly functions: readonly Pick<TracedFunction, 'name' | 'level'>[];
  readonly count: number;
}

/**
 * What an event costs: of a ping-pong of two goroutines with stacks, by CPU time, amd64, Go 1.26. At a trap it is our time,
 * and the program's thread waits for it.
 */
const NANOSECONDS_PER_EVENT: Readonly<Record<TraceEngine, number>> = { inline: 43, trap: 140_000 };

/** So much of what a child does is kept in memory: there may be many. */
const CHILD_MEMORY_BYTES = 32 << 20;

/** What a recording tells while it goes on. */
export interface LiveRecording {
  /** What has happened since the last time, up to a few milliseconds ago; all of it when the recording has stopped. */
  take(): Trace;
}

/** Records what goroutines do. While it goes on the program is traced by nobody. */
export class Recording {
  /** What an event costs the program, about. */
  readonly nanosecondsPerEvent: number;
  readonly #session: Session;
  readonly #snapshot: Snapshot;
  readonly #followed: Followed | undefined;
  readonly #startedAt = BigInt(Date.now()) * 1_000_000n;
  /** What was recorded; undefined: it is told, and nobody will ask for the whole. */
  #raw: RawLog | undefined;
  #sink: RecordSink;
  readonly #calls: SeenCalls | undefined;
  #end: number | undefined;
  #parting: PartingLook | undefined;
  #looked = false;
  readonly #lossless: boolean;

  private constructor(
    session: Session,
    snapshot: Snapshot,
    {
      follow,
      engine = 'inline',
      spoolFolder,
      calls,
      lossless = false,
    }: Pick<RecordingOptions, 'follow' | 'engine' | 'spoolFolder' | 'calls'> & {
      readonly lossless?: boolean;
    },
    memoryBytes?: number,
  ) {
    this.nanosecondsPerEvent = NANOSECONDS_PER_EVENT[engine];
    this.#session = session;
    this.#lossless = lossless;
    this.#snapshot = snapshot;
    this.#followed = follow && new Followed();
    if (follow !== undefined)
      for (const id of standingIn(snapshot, session.plan.facts, follow)) this.#followed?.entered(id);
    const raw = new RawLog(fileSpool(spoolFolder), memoryBytes);
    this.#raw = raw;
    this.#sink = raw;
    const planned = session.plan.calls;
    if (planned === undefined) return;
    const { values, plan, followed } = planned;
    this.#calls = new SeenCalls(plan, calls?.request.followCalls ?? 0, values, {
      filter: { condition: calls?.condition, slowerThan: calls?.slowerThan },
      note: (...values) => raw.note(...values),
      clock: () => new Clock(session.started, session.now()),
    });
    this.#sink = new CallSink(this.#calls, raw, followed);
  }

  /** Attaches to the program, or starts it, puts the probes in and lets go of it. */
  static async start(options: RecordingOptions): Promise<Recording> {
    const session = await (options.engine === 'trap' ? startTraps(options) : startProbes(options));
    try {
      const { facts, sight } = session.plan;
      const snapshot = session.seen === undefined ? NOTHING_YET : sight!.understand(session.seen, facts);
      return new Recording(session, snapshot, options);
    } catch (error) {
      await session.stop({ record: () => {}, lost: () => {} });
      throw error;
    }
  }

  /** Of a process that stands before its first instruction, in the setting of another recording; it is let go of. */
  static beginning(target: ProcessTarget, { kernel, now }: Setting, options: BeginningOptions): Recording {
    const order = orderOf({ ...options, subject: { kind: 'attach', pid: target.pid } }, 'begins');
    const session = ProbeSession.begin<GoroutineProbes, FrozenMemory>({ kernel, now, order }, target);
    return new Recording(session, NOTHING_YET, options, CHILD_MEMORY_BYTES);
  }

  /**
   * Of a program that stays under a debugger, which lets it run afterwards and stops it before `stop`; what `stop` does is
   * done when it returns. Throws StoppedBefore.
   */
  static within(held: Held, options: Pick<RecordingOptions, 'follow' | 'ringBytes'>): Recording {
    const { follow, ringBytes } = options;
    const session = new HeldProbes<GoroutineProbes, FrozenMemory | undefined>(held, {
      lossless: false,
      ...(ringBytes === undefined ? {} : { ringBytes }),
      preemptible: follow !== undefined,
      plan: (target, kernel) =>
        // Its debugger would be told of traps.
        planned(target, kernel, hasGoroutines(target) ? 'runs' : 'starts', { follow, traps: false }),
      look: (_, { sight }, kernel) => sight?.look(kernel),
    });
    try {
      const { facts, sight } = session.plan;
      const snapshot = session.seen === undefined ? NOTHING_YET : sight!.understand(session.seen, facts);
      return new Recording(session, snapshot, options);
    } catch (error) {
      void session.stop({ record: () => {}, lost: () => {} });
      throw error;
    }
  }

  get pid(): number {
    return this.#session.pid;
  }

  /** What another recording of the same thread can begin in. */
  get setting(): Setting {
    return this.#session;
  }

  /** When it began. */
  get started(): Session['started'] {
    return this.#session.started;
  }

  /** Where threads of the program wait. */
  get door(): Session['door'] {
    return this.#session.door;
  }

  /** How many goroutines were followed. */
  get followed(): number {
    return this.#followed?.count ?? 0;
  }

  /** What else there is to say of the probes. */
  get notes(): readonly string[] {
    return this.#session.plan.notes;
  }

  /** Of which functions calls are recorded, and how many there were up to now. */
  get calls(): CallCount | undefined {
    const plan = this.#session.plan.calls?.plan;
    return plan && { functions: plan.functions, count: this.#calls?.count ?? 0 };
  }

  /** What this binary does not let us see. */
  get missing(): readonly string[] {
    return this.#session.plan.missing;
  }

  /** Milliseconds during which the program was stopped for putting the probes in. */
  get stoppedMs(): number {
    return this.#session.stoppedMs;
  }

  /** How long it has gone on. */
  get seconds(): number {
    return ((this.#end ?? this.#session.now().nanoseconds) - this.#session.started.nanoseconds) / 1e9;
  }

  get status(): ProbeStatus {
    return this.#session.status;
  }

  /** Whether the program has ended by itself. */
  get ended(): boolean {
    return this.#session.ended;
  }

  /** How it ended, if it was started by us. */
  get end(): ProcessEnd | undefined {
    return this.#session.end;
  }

  /** Takes what has come. To be called often: the ring is finite. */
  drain(): void {
    this.#session.drain(this.#sink);
    const until = performance.now() + WORDS_MS;
    this.#calls?.describe(() => performance.now() >= until);
  }

  /** Nothing is recorded any more and nobody waits for us: to be called before any thread of the program is stopped. */
  switchOff(): void {
    this.#lookAtLocks();
    this.#session.switchOff?.();
  }

  /** Who follows tasks on the same thread is told when the process has stopped. */
  tellElsewhere(elsewhere: (id: number, status: number) => void): void {
    this.#session.tellElsewhere?.(elsewhere);
  }

  /** The process runs another program now. */
  replaced(): void {
    this.#end ??= this.#session.now().nanoseconds;
    this.#session.replaced?.(this.#sink);
    this.#raw?.close();
  }

  /** The program has ended by itself: what is left is taken. */
  close(): void {
    // There is nothing to wait for.
    void this.stop();
    this.#raw?.close();
  }

  /** Takes the probes out. The program goes on as if nothing had been. Idempotent. */
  stop(): Promise<void> {
    this.#lookAtLocks();
    this.#end ??= this.#session.now().nanoseconds;
    return this.#session.stop(this.#sink);
  }

  /**
   * Once, while the probes still tell who moves. The ring is not drained meanwhile: where much comes, or nothing may be
   * lost, it is left out; and where nobody will ask for the whole.
   */
  #lookAtLocks(): void {
    if (this.#looked) return;
    this.#looked = true;
    if (this.#end !== undefined || this.#raw === undefined || this.ended) return;
    if (this.#lossless || this.status.events > BUSY * this.seconds) return;
    const { kernel, now, started, plan } = this.#session;
    const memory = new FrozenMemory(kernel, this.pid, plan.target.memory);
    plan.target.memory.invalidate();
    this.#parting = lookAtLocks(view(plan.target, memory), now().nanoseconds - started.nanoseconds);
  }

  #tellHolders(builder: TraceBuilder): void {
    if (this.#parting !== undefined) tellHolders(builder, this.#parting);
  }

  /** Unix time of time 0 in nanoseconds. */
  get startedAt(): bigint {
    return this.#startedAt;
  }

  /** What was recorded, whole. `tell` is told how much is done, 0 to 1. */
  trace(tell: (done: number) => void = () => {}): Trace {
    const builder = this.#builder();
    for (const { done } of this.#replay(builder)) tell(done);
    this.#tellHolders(builder);
    return builder.build();
  }

  /**
   * What was recorded, part by part in the order of time: of a long recording memory holds one part. Each is valid until
   * the next is asked for; `done` is how much is behind it, 0 to 1.
   */
  *parts(window?: number): Generator<{ readonly part: Trace; readonly done: number }> {
    const builder = this.#builder();
    for (const { done, stream } of this.#replay(builder, window)) {
      yield { part: builder.build(), done };
      builder.clear();
      stream.interpreter.forgetObjects();
    }
    if (this.#parting === undefined || this.#parting.holders.length === 0) return;
    this.#tellHolders(builder);
    yield { part: builder.build(), done: 1 };
  }

  /** Tells what happens while it happens. With `forget` there will be no `trace()`. */
  live(forget: boolean): LiveRecording {
    const raw = this.#raw;
    const log = new RecordLog();
    this.#sink = forget || raw === undefined ? log : both(raw, log);
    if (forget) this.#raw = undefined;
    const { started, now } = this.#session;
    const events = new LiveEvents({ ...this.#interpretation, log, start: started }, now());
    return { take: () => events.take(now(), this.#end !== undefined) };
  }

  /** By how many nanoseconds a record came behind one of a later time, at most: its thread was off its CPU meanwhile. */
  get lateness(): number {
    const { started, now } = this.#session;
    return new Clock(started, now()).span(this.#raw?.lateness ?? 0);
  }

  #builder(): TraceBuilder {
    this.#calls?.describe(() => false);
    const { facts, missing, notes } = this.#session.plan;
    const builder = new TraceBuilder({ writer: 'mattock', format: '1', name: facts.module.path });
    builder.startedAt = this.#startedAt;
    for (const what of missing) builder.note(`not recorded: ${what}`);
    for (const note of [...notes, ...(this.#calls?.notes() ?? [])]) builder.note(note);
    builder.endedAt = this.seconds * 1e9;
    return builder;
  }

  #replay(builder: TraceBuilder, window?: number): ReturnType<typeof replay> {
    const raw = this.#raw;
    if (raw === undefined) throw new Error('what was recorded is forgotten: it was told');
    if (raw.failure !== undefined)
      builder.note(`the last ${raw.refused} records could not be kept: ${raw.failure.message}`);
    const { started, now } = this.#session;
    return replay(builder, raw, { ...this.#interpretation, clock: new Clock(started, now()) }, window);
  }

  get #interpretation(): Omit<Interpretation, 'clock' | 'log'> {
    const { facts, syscallProbes } = this.#session.plan;
    return {
      facts,
      snapshot: this.#snapshot,
      syscallProbes,
      followed: this.#followed,
      ...(this.#calls === undefined ? {} : { calls: this.#calls.events }),
    };
  }
}

/** A record for two. */
const both = (one: RecordSink, other: RecordSink): RecordSink => ({
  record: (words, at) => {
    one.record(words, at);
    other.record(words, at);
  },
  lost: (records) => {
    one.lost(records);
    other.lost(records);
  },
});
