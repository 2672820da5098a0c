import { readSchedulerFacts } from '../../golang/index.ts';
import { KIND_MASK, type LostRecords, type RecordSink, SLOT } from '../../probe/index.ts';
import type { ProcessTarget } from '../../target/index.ts';
import { type CallPlan, type CallRequest, planCalls, planUnwinding } from '../../trace/calls/call-plan.ts';
import { isCallKind } from '../../trace/calls/call-record.ts';
import { type CallListener, CallStacks, type OpenCall } from '../../trace/calls/call-stacks.ts';
import { CallValues } from '../../trace/calls/call-values.ts';
import { Clock } from '../../trace/recording/clock.ts';
import { inspectTarget } from '../live/open-live-target.ts';
import { type ProbeOrder, type ProbePlan, ProbeSession, type ProbeStatus } from './probe-session.ts';
import { textOf } from './program-text.ts';

export interface CallRecordingOptions
  extends Pick<ProbeOrder<CallProbes>, 'subject' | 'lossless' | 'ringBytes'> {
  readonly request: CallRequest;
  /** Whether anybody asks for the values of calls. */
  readonly values: boolean;
}

interface CallProbes extends ProbePlan, CallPlan {}

/** Follows the calls of functions by inline probes. While it goes on the program is traced by nobody. */
export class CallRecording {
  readonly values: CallValues;
  readonly #session: ProbeSession<CallProbes>;
  readonly #options: CallRecordingOptions;

  private constructor(session: ProbeSession<CallProbes>, values: CallValues, options: CallRecordingOptions) {
    this.#session = session;
    this.values = values;
    this.#options = options;
  }

  static async start(options: CallRecordingOptions): Promise<CallRecording> {
    const { subject, lossless, ringBytes } = options;
    const session = await ProbeSession.start<CallProbes>({
      subject,
      lossless,
      ...(ringBytes === undefined ? {} : { ringBytes }),
      preemptible: true,
      plan: (target) => planned(target, options.request),
    });
    const { target } = await inspectTarget(session.kernel, session.pid);
    const values = new CallValues(target, () => target.memory.invalidate());
    return new CallRecording(session, values, options);
  }

  get pid(): number {
    return this.#session.pid;
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

  /** Tells `listener` of the calls that come from now on. */
  follow(listener: CallListener & { lost(count: number): void }): FollowedCalls {
    const { request, values } = this.#options;
    const stacks = new CallStacks(this.plan.functions, listener, request.followCalls, values);
    return new FollowedCalls(this.#session, stacks, (count) => listener.lost(count));
  }
}

/** What has come so far, put together. */
export class FollowedCalls {
  readonly #session: ProbeSession<CallProbes>;
  readonly #stacks: CallStacks;
  readonly #sink: RecordSink;

  constructor(session: ProbeSession<CallProbes>, stacks: CallStacks, lost: (count: number) => void) {
    this.#session = session;
    this.#stacks = stacks;
    this.#sink = {
      record: (words, at) => {
        if (isCallKind(words[at + (SLOT.kind >> 2)]! & KIND_MASK)) stacks.record(words, at);
      },
      lost: ({ count }: LostRecords) => {
        stacks.forget();
        lost(count);
      },
    };
  }

  drain(): void {
    this.#session.drain(this.#sink);
  }

  /** Takes the probes out. Idempotent. */
  stop(): Promise<void> {
    return this.#session.stop(this.#sink);
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

function planned(target: ProcessTarget, request: CallRequest): CallProbes {
  const facts = readSchedulerFacts(target);
  const unwinding = planUnwinding({ facts });
  const subject = { facts, memory: target.memory, code: target.code, taken: unwinding };
  const plan = planCalls(subject, request);
  return { ...plan, probes: [...unwinding, ...plan.probes], text: textOf(facts) };
}
