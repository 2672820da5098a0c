import { MattockError, UserError } from '../../base/index.ts';
import {
  GoroutineCapture,
  openProgram,
  readSchedulerFacts,
  type SchedulerFacts,
} from '../../golang/index.ts';
import type { RecordSink } from '../../probe/index.ts';
import {
  FrozenMemory,
  type Kernel,
  type ProcessEnd,
  type ProcessTarget,
  type Target,
} from '../../target/index.ts';
import {
  type CallPlan,
  type CallRequest,
  hasFunctions,
  planCalls,
  planEntries,
  planUnwinding,
  type TracedFunction,
} from '../../trace/calls/call-plan.ts';
import { CallValues } from '../../trace/calls/call-values.ts';
import type { NamePattern } from '../../trace/calls/name-pattern.ts';
import { type CallFilter, SeenCalls } from '../../trace/calls/seen-calls.ts';
import { type Trace, TraceBuilder } from '../../trace/index.ts';
import { Clock } from '../../trace/recording/clock.ts';
import { Followed } from '../../trace/recording/followed.ts';
import type { Interpretation } from '../../trace/recording/interpreter.ts';
import { LiveEvents } from '../../trace/recording/live-events.ts';
import { type ProbeSet, planProbes } from '../../trace/recording/probe-set.ts';
import { RawLog } from '../../trace/recording/raw-log.ts';
import { RecordLog } from '../../trace/recording/record-log.ts';
import { replay } from '../../trace/recording/replay.ts';
import { NOTHING_YET, type Snapshot, takeSnapshot } from '../../trace/recording/snapshot.ts';
import { planTraps, type TrapSet } from '../../trace/recording/trap-records.ts';
import { CallSink } from './call-sink.ts';
import { type Held, HeldProbes } from './held-probes.ts';
import { lookAtLocks, type PartingLook, tellHolders } from './parting-look.ts';
import { type ProbeOrder, type ProbePlan, ProbeSession, type ProbeStatus } from './probe-session.ts';
import { textOf } from './program-text.ts';
import { fileSpool } from './spool.ts';
import { TrapSession } from './trap-session.ts';

export type { ProbeStatus as RecordingStatus } from './probe-session.ts';

/** For so long at once what calls were made with is put into words. */
const WORDS_MS = 20;
/** Events a second that fill no ring while we look away. */
const BUSY = 20_000;

export interface RecordingOptions
  extends Pick<ProbeOrder<GoroutineProbes>, 'subject' | 'lossless' | 'ringBytes'> {
  /** Only goroutines that enter a function of these, and what they create, in turn; undefined: all. */
  readonly follow?: NamePattern | undefined;
  /** Calls that are recorded besides; of those that are followed, if not all are. */
  readonly calls?: RecordedCalls | undefined;
  /** Where there may be a file for what memory is too small for; undefined: the system's folder for such files. */
  readonly spoolFolder?: string | undefined;
  /** Whoever is about to execute another program waits until it is answered at `door`. */
  readonly children?: boolean;
  /** Traps see the same where code cannot be patched, for some thousand times the price. By itself: inline. */
  readonly engine?: TraceEngine;
}

export interface RecordedCalls extends CallFilter {
  readonly request: CallRequest;
  /** Throws if the calls that will be seen are not what is wanted: nothing is put into the program then. */
  readonly check?: (plan: CallPlan) => void;
}

/** Calls that were recorded up to now. */
export interface CallCount {
  readonly functions: readonly Pick<TracedFunction, 'name' | 'level'>[];
  readonly count: number;
}

export type TraceEngine = 'inline' | 'trap';

/** How it is seen what goroutines do. */
type Session = Pick<
  ProbeSession<GoroutineProbes, FrozenMemory>,
  'pid' | 'plan' | 'stoppedMs' | 'started' | 'now' | 'kernel' | 'seen' | 'status' | 'ended' | 'drain' | 'stop'
> &
  Partial<
    Pick<
      ProbeSession<GoroutineProbes, FrozenMemory>,
      'door' | 'switchOff' | 'replaced' | 'end' | 'tellElsewhere'
    >
  >;

/**
 * What an event costs: of a ping-pong of two goroutines with stacks, by CPU time, amd64, Go 1.26. At a trap it is our time,
 * and the program's thread waits for it.
 */
const NANOSECONDS_PER_EVENT: Readonly<Record<TraceEngine, number>> = { inline: 43, trap: 140_000 };

/** The probes that see what goroutines do. */
interface GoroutineProbes extends ProbePlan, ProbeSet {
  readonly facts: SchedulerFacts;
  /** Of a program that runs already: how to see what its goroutines did before. */
  readonly sight: Sight | undefined;
  readonly target: ProcessTarget;
  /** What else there is to say of the probes. */
  readonly notes: readonly string[];
  readonly calls: PlannedCalls | undefined;
}

interface PlannedCalls {
  readonly plan: CallPlan;
  /** As it was opened for the plan: its memory can be read for as long as it lives. */
  readonly target: ProcessTarget;
  /** Numbers of functions whose goroutines are followed besides. */
  readonly followed: ReadonlySet<number>;
}

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
    const raw = new RawLog(fileSpool(spoolFolder), memoryBytes);
    this.#raw = raw;
    this.#sink = raw;
    const planned = session.plan.calls;
    if (planned === undefined) return;
    const { target, plan, followed } = planned;
    this.#calls = new SeenCalls(
      plan,
      calls?.request.followCalls ?? 0,
      new CallValues(target, () => target.memory.invalidate()),
      {
        filter: { condition: calls?.condition, slowerThan: calls?.slowerThan },
        note: (...values) => raw.note(...values),
        clock: () => new Clock(session.started, session.now()),
      },
    );
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
        planned(target, kernel, hasGoroutines(target) ? 'runs' : 'starts', { follow }),
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

type BeginningOptions = Omit<RecordingOptions, 'subject' | 'engine'>;
type Setting = Pick<Session, 'kernel' | 'now'>;
/** A child that begins has what there is to see in it, perhaps nothing. */
type Age = 'runs' | 'starts' | 'begins';

const startProbes = (options: RecordingOptions): Promise<Session> =>
  ProbeSession.start(orderOf(options, options.subject.kind === 'attach' ? 'runs' : 'starts'));

function orderOf(options: RecordingOptions, age: Age): ProbeOrder<GoroutineProbes, FrozenMemory> {
  const { subject, lossless, ringBytes, follow, calls, children } = options;
  return {
    subject,
    lossless,
    ...(ringBytes === undefined ? {} : { ringBytes }),
    hasDoors: children === true,
    // Goroutines are never preempted within the runtime.
    preemptible: follow !== undefined || calls !== undefined,
    plan: (target, kernel) => planned(target, kernel, age, options),
    look: (_, { sight }, kernel) => sight!.look(kernel),
  };
}

function startTraps({ subject, follow, calls }: RecordingOptions): Promise<Session> {
  if (calls !== undefined) throw new UserError('--engine=trap sees no calls', 'use inline probes');
  if (follow !== undefined)
    throw new UserError('--engine=trap follows all goroutines', 'leave -g out, or use inline probes');
  return TrapSession.start<GoroutineProbes, FrozenMemory>({
    subject,
    plan: (target, kernel) => trapsPlanned(target, kernel, subject.kind === 'attach'),
    look: (_, { sight }, kernel) => sight!.look(kernel),
  });
}

/** How the goroutines of a program that runs are seen in the moment in which it is stopped, and understood afterwards. */
class Sight {
  readonly #target: ProcessTarget;
  readonly #capture: GoroutineCapture;
  readonly #pages: readonly number[];

  /** With the program running: what is read of it is torn and thrown away, but says which pages will be looked at. */
  constructor(target: ProcessTarget, kernel: Kernel, facts: SchedulerFacts) {
    this.#target = target;
    const memory = this.#freeze(kernel);
    this.#capture = GoroutineCapture.of(view(target, memory));
    try {
      this.#capture.take(memory);
      takeSnapshot(openProgram(view(target, memory)), facts);
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
    }
    this.#pages = [...memory.pages];
  }

  /** Nothing but taking bytes: all threads are stopped. */
  look(kernel: Kernel): FrozenMemory {
    const memory = this.#freeze(kernel);
    memory.holdPages(this.#pages);
    this.#capture.take(memory);
    return memory;
  }

  understand(memory: FrozenMemory, facts: SchedulerFacts): Snapshot {
    // There may be more mappings than before.
    this.#target.memory.invalidate();
    return takeSnapshot(openProgram(view(this.#target, memory)), facts);
  }

  #freeze(kernel: Kernel): FrozenMemory {
    return new FrozenMemory(kernel, this.#target.pid, this.#target.memory);
  }
}

/** A process as `memory` holds it, without threads: what they do is in the runtime's own books. */
const view = ({ kind, arch, modules, process, warnings }: ProcessTarget, memory: FrozenMemory): Target => ({
  kind,
  arch,
  memory,
  threads: [],
  modules,
  process,
  warnings,
});

function planned(
  target: ProcessTarget,
  kernel: Kernel,
  age: Age,
  { follow, calls: wanted, children }: Pick<RecordingOptions, 'follow' | 'calls' | 'children'>,
): GoroutineProbes {
  const facts = readSchedulerFacts(target);
  const sight = age === 'runs' ? new Sight(target, kernel, facts) : undefined;
  const states = planProbes(facts, children);
  const refused: string[] = [];
  const ifThere = <T>(pattern: NamePattern | undefined, what: string, plan: (pattern: NamePattern) => T) => {
    if (pattern === undefined || (children && !hasFunctions(facts, pattern))) return undefined;
    if (age !== 'begins') return plan(pattern);
    return unlessRefused(
      () => plan(pattern),
      (why) => refused.push(`${what}: ${why}`),
    );
  };
  const calls = ifThere(wanted?.request.pattern, 'calls are not recorded', () =>
    callsOf(target, facts, states, wanted!, follow),
  );
  const taken = { ...states, probes: [...states.probes, ...(calls?.plan.probes ?? [])] };
  const entries =
    ifThere(follow, 'no goroutine is followed', (pattern) =>
      entriesOf(target, facts, taken, pattern, calls),
    ) ?? NO_ENTRIES;
  return {
    ...states,
    probes: [...taken.probes, ...entries.probes],
    notes: [...refused, ...entries.notes, ...(calls?.plan.notes ?? [])],
    text: textOf(facts),
    facts,
    sight,
    target,
    calls,
  };
}

/** A call of a function whose goroutines are followed tells of both. */
function callsOf(
  target: ProcessTarget,
  facts: SchedulerFacts,
  { probes: taken }: ProbeSet,
  { request, check }: RecordedCalls,
  follow: NamePattern | undefined,
): PlannedCalls {
  const names = new Set(taken.map(({ site }) => site.name));
  const unwinding = planUnwinding({ facts }).filter(({ site }) => !names.has(site.name));
  const { memory, code } = target;
  const plan = planCalls({ facts, memory, code, taken: [...taken, ...unwinding] }, request);
  check?.(plan);
  const followed = plan.functions.flatMap(({ name }, i) => (follow?.matches(name) ? [i] : []));
  return {
    plan: { ...plan, probes: [...unwinding, ...plan.probes] },
    target,
    followed: new Set(followed),
  };
}

/** A child goes on without what cannot be had in it. */
function unlessRefused<T>(plan: () => T, refused: (why: string) => void): T | undefined {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    refused(error.message);
    return undefined;
  }
}

/** Before its first instruction a program has none. */
function hasGoroutines(target: ProcessTarget): boolean {
  for (const _ of openProgram(target).goroutines({ reads: [] })) return true;
  return false;
}

function trapsPlanned(
  target: ProcessTarget,
  kernel: Kernel,
  runs: boolean,
): GoroutineProbes & { readonly traps: TrapSet } {
  const facts = readSchedulerFacts(target);
  const sight = runs ? new Sight(target, kernel, facts) : undefined;
  const traps = planTraps(facts);
  const { missing, syscallProbes } = traps;
  return {
    calls: undefined,
    probes: [],
    notes: [],
    text: textOf(facts),
    facts,
    sight,
    target,
    missing,
    syscallProbes,
    traps,
  };
}

const NO_ENTRIES: Pick<CallPlan, 'probes' | 'notes'> = { probes: [], notes: [] };

/** Functions whose calls are recorded have probes already. */
function entriesOf(
  { memory, code }: ProcessTarget,
  facts: SchedulerFacts,
  { probes: taken }: ProbeSet,
  follow: NamePattern,
  calls: PlannedCalls | undefined,
): Pick<CallPlan, 'probes' | 'notes'> {
  const seen = new Set(calls?.plan.functions.map(({ name }) => name));
  const others: NamePattern = {
    text: follow.text,
    matches: (name) => follow.matches(name) && !seen.has(name),
  };
  try {
    return planEntries({ facts, memory, code, taken }, others);
  } catch (error) {
    if (error instanceof UserError && (calls?.followed.size ?? 0) > 0) return NO_ENTRIES;
    throw error;
  }
}
