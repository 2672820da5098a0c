import { readSchedulerFacts } from '../../golang/index.ts';
import { GRAIN, KIND_MASK, type LostRecords, type RecordSink, SLOT } from '../../probe/index.ts';
import type { Kernel, ProcessEnd, ProcessTarget } from '../../target/index.ts';
import { type CallPlan, type CallRequest, planCalls, planUnwinding } from '../../trace/calls/call-plan.ts';
import { isCallKind } from '../../trace/calls/call-record.ts';
import { type CallListener, CallStacks, type OpenCall } from '../../trace/calls/call-stacks.ts';
import { CallValues } from '../../trace/calls/call-values.ts';
import { Clock } from '../../trace/recording/clock.ts';
import { type ProbeOrder, type ProbePlan, ProbeSession, type ProbeStatus } from './probe-session.ts';
import { textOf } from './program-text.ts';
import { trapSignals } from './trap-signals.ts';

export interface CallRecordingOptions
  extends Pick<ProbeOrder<CallProbes>, 'subject' | 'lossless' | 'ringBytes'> {
  readonly request: CallRequest;
  /** Throws if the calls that will be seen are not what is wanted: nothing is put into the program then. */
  readonly check?: (plan: CallPlan) => void;
  /** Whether anybody asks for the values of calls. */
  readonly values: boolean;
  /** Whether traps stand where there is no room for jumps. */
  readonly traps?: boolean;
}

interface CallProbes extends ProbePlan, CallPlan {
  /** Of the target as it was opened for the plan: its memory can be read for as long as it lives. */
  readonly values: CallValues;
}

/** Shown values take time, the program's calls hardly any: what has come and was not told waits here. */
const MOST_WAITING = 5000;
const PIECE_MS = 20;
/** Words of records that nobody keeps one by one. */
const BLOCK_WORDS = 1 << 16;
/** What is not told yet is better kept here than there. */
const RING_BYTES = 1 << 20;
/** Ten seconds or so: the reader is busy with showing. */
const PATIENCE_TICKS = 3e10;

/** Follows the calls of functions by inline probes. While it goes on the program is traced by nobody. */
export class CallRecording {
  readonly #session: ProbeSession<CallProbes>;
  readonly #options: CallRecordingOptions;

  private constructor(session: ProbeSession<CallProbes>, options: CallRecordingOptions) {
    this.#session = session;
    this.#options = options;
  }

  static async start(options: CallRecordingOptions): Promise<CallRecording> {
    const { subject, lossless, values: shown, ringBytes = shown ? RING_BYTES : undefined } = options;
    const session = await ProbeSession.start<CallProbes>({
      subject,
      lossless,
      ...(ringBytes === undefined ? {} : { ringBytes }),
      patience: PATIENCE_TICKS,
      preemptible: true,
      plan: (target, kernel) => planned(target, kernel, options),
    });
    return new CallRecording(session, options);
  }

  get pid(): number {
    return this.#session.pid;
  }

  get values(): CallValues {
    return this.#session.plan.values;
  }

  get request(): CallRequest {
    return this.#options.request;
  }

  get plan(): CallPlan {
    return this.#session.plan;
  }

  get stoppedMs(): number {
    return this.#session.stoppedMs;
  }

  get status(): ProbeStatus {
    return this.#session.status;
  }

  get ended(): boolean {
    return this.#session.ended;
  }

  /** How it ended, if it was started by us. */
  get end(): ProcessEnd | undefined {
    return this.#session.end;
  }

  /** Tells `listener` of the calls that come from now on. */
  follow(listener: CallListener & { lost(count: number): void }): FollowedCalls {
    const { request, values } = this.#options;
    const stacks = new CallStacks(this.plan.functions, listener, request.followCalls, values);
    return new FollowedCalls(this.#session, stacks, (count) => listener.lost(count), !values);
  }
}

/** What has come so far, put together. */
export class FollowedCalls {
  readonly #session: ProbeSession<CallProbes>;
  readonly #stacks: CallStacks;
  readonly #lost: (count: number) => void;
  /** Whole records one after another, and what is lost between two. */
  #waiting: (Uint32Array | LostRecords)[] = [];
  #told = 0;
  /** Where the next record is in the first of them that is not told. */
  #at = 0;
  #block = { words: new Uint32Array(0), used: 0 };
  #stopping = false;
  readonly #sink: RecordSink;

  /** `atOnce`: who is told is quick. */
  constructor(
    session: ProbeSession<CallProbes>,
    stacks: CallStacks,
    lost: (count: number) => void,
    atOnce: boolean,
  ) {
    this.#session = session;
    this.#stacks = stacks;
    this.#lost = lost;
    this.#sink = {
      record: (words, at) => {
        const head = words[at + (SLOT.kind >> 2)]!;
        if (!isCallKind(head & KIND_MASK)) return;
        if (!atOnce) this.#waiting.push(words.slice(at, at + lengthOf(head)));
        else if (this.#stopping) this.#keep(words, at, lengthOf(head));
        else stacks.record(words, at);
      },
      lost: (records: LostRecords) => {
        if (atOnce && !this.#stopping) this.#lose(records);
        else {
          this.#seal();
          this.#waiting.push(records);
        }
      },
    };
  }

  /** Takes what has come, and tells of some of it: what is told takes its time. */
  drain(): void {
    const until = performance.now() + PIECE_MS;
    if (this.#waiting.length - this.#told < MOST_WAITING)
      this.#session.drain(this.#sink, () => performance.now() >= until);
    this.#tell(performance.now() + PIECE_MS);
  }

  /** Takes the probes out, and keeps what has come for `tellRest`. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#session.stop(this.#sink);
    this.#seal();
  }

  /** What had come when the probes were taken out, piece by piece until it is `enough`: how many records are not told. */
  async tellRest(enough: () => boolean): Promise<number> {
    while (this.#waiting.length > 0 && !enough()) {
      this.#tell(performance.now() + PIECE_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
    let left = 0;
    while (this.#waiting.length > 0) this.#next(() => left++);
    return left;
  }

  #tell(until: number): void {
    while (this.#waiting.length > 0 && performance.now() < until)
      this.#next((words, at) => this.#stacks.record(words, at));
  }

  /** The next of what waits. */
  #next(record: RecordSink['record']): void {
    const next = this.#waiting[this.#told]!;
    if (!(next instanceof Uint32Array)) this.#lose(next);
    else {
      record(next, this.#at);
      this.#at += lengthOf(next[this.#at + (SLOT.kind >> 2)]!);
      if (this.#at < next.length) return;
    }
    this.#at = 0;
    this.#told++;
    if (this.#told < this.#waiting.length) return;
    this.#waiting = [];
    this.#told = 0;
  }

  /** A record that will be told soon and not be kept then: many are in one block. */
  #keep(words: Uint32Array, at: number, length: number): void {
    if (this.#block.used + length > this.#block.words.length) {
      this.#seal();
      this.#block = { words: new Uint32Array(BLOCK_WORDS), used: 0 };
    }
    const { words: block, used } = this.#block;
    for (let i = 0; i < length; i++) block[used + i] = words[at + i]!;
    this.#block.used += length;
  }

  #seal(): void {
    const { words, used } = this.#block;
    if (used > 0) this.#waiting.push(words.subarray(0, used));
    this.#block = { words: new Uint32Array(0), used: 0 };
  }

  #lose({ count, between }: LostRecords): void {
    // Records that were dropped are missed where they would have been.
    if (between === undefined) this.#stacks.forget();
    this.#lost(count);
  }

  /** Calls that have not ended. */
  open(): readonly OpenCall[] {
    return [...this.#stacks.open()];
  }

  /** From ticks to nanoseconds since the recording began, by all the time that has gone by. */
  clock(): Clock {
    return new Clock(this.#session.started, this.#session.now());
  }
}

/** Words of a record. */
const lengthOf = (head: number): number => (((head >> 8) & 0xff) * GRAIN) / 4;

function planned(
  target: ProcessTarget,
  kernel: Kernel,
  { request, check, traps: wanted = true }: Pick<CallRecordingOptions, 'request' | 'check' | 'traps'>,
): CallProbes {
  const facts = readSchedulerFacts(target);
  const unwinding = planUnwinding({ facts });
  const signals = trapSignals(kernel, target, facts);
  const traps = wanted && signals !== undefined;
  const subject = { facts, memory: target.memory, code: target.code, taken: unwinding, traps };
  const plan = planCalls(subject, request);
  check?.(plan);
  const values = new CallValues(target, () => target.memory.invalidate());
  const probes = [...unwinding, ...plan.probes];
  return { ...plan, probes, text: textOf(facts), values, handlesSignalsAt: signals?.handledAt };
}
