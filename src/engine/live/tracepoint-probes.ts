import { decodeText, type Goid, MattockError, runtimeAddress, type ThreadId } from '../../base/index.ts';
import type { CallMoment, CallProbes, CallTracer, ProbedCalls, ProbedProgram } from '../../debugger/index.ts';
import { readSchedulerFacts, type SchedulerFacts } from '../../golang/index.ts';
import { GRAIN, KIND_MASK, type RecordSink, SLOT } from '../../probe/index.ts';
import { type Kernel, ProcessTarget } from '../../target/index.ts';
import { sleep } from '../../target/process/sleep.ts';
import { planFunctions, type TracedFunction } from '../../trace/calls/call-plan.ts';
import { CALL_KIND, CALL_RECORD } from '../../trace/calls/call-record.ts';
import { CallValues } from '../../trace/calls/call-values.ts';
import { isWholeInRecord } from '../../trace/calls/whole-in-record.ts';
import type { TimestampMoment } from '../linux/timestamp.ts';
import { HeldProbes, StoppedBefore } from '../trace/held-probes.ts';
import { type ProbePlan, seesUs } from '../trace/probe-session.ts';
import { textOf } from '../trace/program-text.ts';
import type { SessionRecorder } from './session-recorder.ts';

/** Forty thousand records or so: the program waits when they are not told fast enough. */
const RING_BYTES = 4 << 20;
/** What is told in one piece, before it is seen to what else the program does. */
const PIECE_MS = 20;
/** What is before it in the ring, and not whole, is waited for so long. */
const MOST_SLEEPS = 20;
const SLEEP_MS = 0.1;

interface Probed extends ProbePlan {
  /** By the number in the records. */
  readonly functions: readonly TracedFunction[];
  readonly tracers: readonly CallTracer[];
}

/** Sees the calls of a session's tracepoints by inline probes, for one run of the program. */
export class TracepointProbes implements CallProbes {
  readonly #recorder: SessionRecorder;
  /** What is known of the program that was probed last. */
  #known:
    | { readonly executable: unknown; readonly facts: SchedulerFacts; readonly values: CallValues }
    | undefined;

  constructor(recorder: SessionRecorder) {
    this.#recorder = recorder;
  }

  begin(one: ProbedProgram, tracers: readonly CallTracer[], onMissing: () => void): ProbedCalls | undefined {
    const { target } = one;
    const { kernel, now } = this.#recorder;
    if (now === undefined || !(target instanceof ProcessTarget)) return undefined;
    if (!seesUs(kernel, target.pid) || isRestricted(kernel, target.pid)) return undefined;
    const light = tracers.filter(({ isLight }) => isLight);
    for (const tracer of light) tracer.remove();
    try {
      const { facts, values } = this.#read(target);
      const plan = planned(one, target, facts, light);
      if (plan.tracers.length === 0) return setAgain(light);
      checkBeginnings(target, plan);
      const held = { kernel, now, target, letRun: () => false };
      const options = { lossless: true, ringBytes: RING_BYTES, preemptible: true };
      const probes = new HeldProbes<Probed, undefined>(held, { ...options, plan: () => plan });
      for (const tracer of light) if (!plan.tracers.includes(tracer)) tracer.setTraps();
      const reader = new CallReader(plan, values, { started: probes.started, now, onMissing });
      const stopWork = this.#recorder.whileRunning(one, () => {
        const until = performance.now() + PIECE_MS;
        probes.drain(reader, () => performance.now() >= until);
      });
      return {
        catchUp: () => {
          // Another thread may be in the middle of a record, before others that are whole.
          for (let i = 0; i < MOST_SLEEPS && !probes.drain(reader); i++) sleep(SLEEP_MS);
        },
        end: () => {
          stopWork();
          // It is done when this returns: the program is stopped.
          void probes.stop(reader);
          if (!probes.ended) setAgain(plan.tracers);
        },
      };
    } catch (error) {
      // A goroutine stands where a jump is to be, or the program is none that can have probes: traps do it.
      if (!(error instanceof StoppedBefore || error instanceof MattockError)) throw error;
      return setAgain(light);
    }
  }

  #read(target: ProcessTarget): { readonly facts: SchedulerFacts; readonly values: CallValues } {
    const { executable } = target.modules;
    if (this.#known?.executable !== executable) {
      const facts = readSchedulerFacts(target);
      // What does not stand in the records is read of the program while it runs, and of that nothing is kept.
      this.#known = { executable, facts, values: new CallValues(target, () => {}) };
    }
    return this.#known!;
  }
}

/**
 * Whether it has more filters of system calls than we have, who would be the first to make such calls in it: they may
 * kill it (seccomp(2)). Linux before 5.9 does not count them: then none is allowed.
 */
function isRestricted(kernel: Kernel, pid: number): boolean {
  const filters = (id: number): number => {
    const status = kernel.procFile(id, 'status');
    const text = status === undefined ? '' : decodeText(status);
    const found = /^Seccomp_filters:\t(\d+)$/m.exec(text) ?? /^Seccomp:\t(\d+)$/m.exec(text);
    return Number(found?.[1] ?? 0);
  };
  return filters(pid) > filters(kernel.pid);
}

/**
 * A thread between where the probe is to be and where the trap was has not come to the trap yet, and one that stands at the
 * trap was told of: neither may come by the probe now.
 */
function checkBeginnings(target: ProcessTarget, { probes, tracers }: Probed): void {
  const { pc: number } = target.arch.dwarf;
  const pcs = target.threads.map((thread) => thread.registers.get(number) ?? 0);
  for (const { plan } of tracers) {
    const { entry } = plan;
    const window = probes.find(
      ({ site: { address, original } }) => address <= entry && entry < address + original.length,
    );
    const from = window?.site.address ?? entry;
    // Who stands where the window begins has done nothing of it.
    if (pcs.some((pc) => (pc > from && pc < entry) || (pc === entry && entry === from)))
      throw new StoppedBefore(`a thread stands where ${plan.function} begins`);
  }
}

function setAgain(tracers: readonly CallTracer[]): undefined {
  for (const tracer of tracers) tracer.setTraps();
}

/** Of the tracers those whose functions can have probes that see all that is shown, and where nobody else has a trap. */
function planned(
  { traps }: ProbedProgram,
  target: ProcessTarget,
  facts: SchedulerFacts,
  tracers: readonly CallTracer[],
): Probed {
  const subject = { facts, memory: target.memory, code: target.code, taken: [] };
  const { functions } = facts.image;
  const byIndex = new Map<number, CallTracer>();
  for (const tracer of tracers) {
    const index = functions?.find(facts.module.toLinked(tracer.plan.entry)) ?? -1;
    // The runtime's own may run without a goroutine.
    if (index >= 0 && !tracer.plan.function.startsWith('runtime.')) byIndex.set(index, tracer);
  }
  const all = planFunctions(subject, byIndex.keys());
  const fit = all.functions.filter((each) => {
    const index = indexOf(each, facts);
    const start = facts.module.toRuntime(functions!.entry(index));
    const end = facts.module.toRuntime(functions!.end(index));
    const windows = all.probes.filter(({ site }) => site.address >= start && site.address < end);
    const isFree = !windows.some(({ site }) =>
      traps.isAnyWithin(site.address, site.address + site.original.length),
    );
    const { plan } = byIndex.get(index)!;
    const { entry, exit } = each.layouts;
    const isWhole = !each.unseenReturns && isWholeInRecord(entry) && isWholeInRecord(exit);
    return isFree && isWhole && plan.described === each.described;
  });
  const indexes = fit.map((each) => indexOf(each, facts));
  const plan = planFunctions(subject, indexes);
  return { ...plan, text: textOf(facts), tracers: indexes.map((index) => byIndex.get(index)!) };
}

const indexOf = ({ address }: TracedFunction, { image, module }: SchedulerFacts): number =>
  image.functions?.find(module.toLinked(runtimeAddress(address))) ?? -1;

/** Tells tracers what stands in the ring. */
class CallReader implements RecordSink {
  readonly #probed: Probed;
  readonly #values: CallValues;
  readonly #started: TimestampMoment;
  readonly #now: () => TimestampMoment;
  readonly #onMissing: () => void;
  /** Of this thread's clock, in milliseconds. */
  readonly #startedAt = performance.now();
  #latest: TimestampMoment | undefined;

  constructor(
    probed: Probed,
    values: CallValues,
    {
      started,
      now,
      onMissing,
    }: {
      readonly started: TimestampMoment;
      readonly now: () => TimestampMoment;
      readonly onMissing: () => void;
    },
  ) {
    this.#onMissing = onMissing;
    this.#probed = probed;
    this.#values = values;
    this.#started = started;
    this.#now = now;
  }

  record(words: Uint32Array, at: number): void {
    const word = (offset: number): number => words[at + (offset >> 2)]!;
    const number = word(CALL_RECORD.function);
    const tracer = this.#probed.tracers[number];
    const called = this.#probed.functions[number];
    if (tracer === undefined || called === undefined) return;
    const goroutine = word(CALL_RECORD.goroutine) + word(CALL_RECORD.goroutine + 4) * 2 ** 32;
    const moment: CallMoment = {
      goid: goroutine === 0 ? undefined : (goroutine as Goid),
      thread: word(CALL_RECORD.thread) as ThreadId,
      // The record's is that of the return address, and a frame begins behind it.
      depth: word(CALL_RECORD.depth) - 8,
      time: this.#time(word(SLOT.time) + word(SLOT.time + 4) * 2 ** 32),
    };
    const grains = (word(SLOT.kind) >> 8) & 0xff;
    const bytes = new Uint8Array(words.buffer, words.byteOffset + at * 4, grains * GRAIN);
    const { entry, exit } = called.layouts;
    if ((word(SLOT.kind) & KIND_MASK) === CALL_KIND.call)
      tracer.began(moment, () => this.#values.passed(entry, bytes));
    else tracer.returned(moment, () => this.#values.passed(exit, bytes));
  }

  /** It waited for us in vain, or a signal came between a thread and the end of its record as the program was stopped. */
  lost(): void {
    this.#onMissing();
  }

  #time(ticks: number): number {
    const started = this.#started;
    this.#latest ??= this.#now();
    const { ticks: then, nanoseconds } = this.#latest;
    const ratio = (nanoseconds - started.nanoseconds) / (then - started.ticks);
    return this.#startedAt + ((ticks - started.ticks) * ratio) / 1e6;
  }
}
