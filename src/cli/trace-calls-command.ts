import { MattockError } from '../base/index.ts';
import { makeStyle, type Style } from '../commands/output/style.ts';
import {
  type CallHappening,
  callData,
  callLines,
  summaryData,
  summaryLines,
  wholeCallLines,
} from '../commands/trace/call-lines.ts';
import { CallRecording, type FollowedCalls } from '../engine/trace/call-recording.ts';
import { belowNote } from '../trace/calls/call-plan.ts';
import type { CallEnd, CallListener, OpenCall } from '../trace/calls/call-stacks.ts';
import { CallSummary } from '../trace/calls/call-summary.ts';
import { CallCondition } from '../trace/calls/call-values.ts';
import { checkCondition } from '../trace/calls/check-condition.ts';
import { namePattern } from '../trace/calls/name-pattern.ts';
import { readLate } from '../trace/calls/read-late.ts';
import { orphansText } from '../trace/calls/seen-calls.ts';
import type { Clock } from '../trace/recording/clock.ts';
import { untilSignal } from './recording-signals.ts';
import { renderOptions } from './rendering.ts';
import { writeError, writeOut } from './standard-streams.ts';
import type { TraceCallOptions } from './trace-call-options.ts';
import { ownStatusOf } from './trace-failure.ts';
import { takeLeave, tellEnd } from './trace-farewell.ts';
import { launchOf } from './trace-subject.ts';

const DRAIN_EVERY_MS = 5;
const END_EVERY_MS = 50;
/** So often the processor's clock is held against the system's, and after so many calls the system's is looked at. */
const CLOCK_EVERY_MS = 1000;
const CALLS_BETWEEN_LOOKS = 256;

/** Runs `mattock trace PATTERN` and gives the exit status. */
export function runTraceCalls(options: TraceCallOptions): Promise<number> {
  return ownStatusOf(() => trace(options), options);
}

async function trace(options: TraceCallOptions): Promise<number> {
  const condition = options.condition === undefined ? undefined : new CallCondition(options.condition);
  const pattern = namePattern(options.pattern);
  return untilSignal(async (sent, count) => {
    const recording = await CallRecording.start({
      subject: launchOf(options.subject),
      lossless: options.lossless,
      request: { pattern, followCalls: options.followCalls, frames: options.frames },
      check: ({ functions }) => {
        if (options.condition !== undefined) checkCondition(options.condition, functions);
      },
      values: !options.summary || condition !== undefined,
      traps: options.traps,
    });
    const teller = new Teller(recording, options, condition);
    const calls = recording.follow(teller);
    teller.clock = () => calls.clock();
    let signals = 0;
    try {
      teller.begin();
      await follow(calls, recording, options.duration, () => sent() !== undefined);
    } finally {
      signals = count();
      await calls.stop();
    }
    // The probes are out: the program does not wait for this, and neither does who presses Ctrl-C once more.
    const untold = await calls.tellRest(() => count() > signals);
    const { end } = recording;
    const ended = recording.ended;
    teller.finish(untold, ended ? calls.open() : []);
    const signal = sent();
    if (ended) {
      if (options.subject.kind === 'attach') writeError(`mattock: process ${recording.pid} has ended\n`);
      // Who ended it by a signal to both of us has what was asked for.
      const status = tellEnd(end);
      return signal === undefined ? status : 0;
    }
    if (options.subject.kind === 'attach') return 0;
    if (signal !== undefined) await takeLeave(recording, signal);
    else writeError(`mattock: the program goes on, as process ${recording.pid}\n`);
    return 0;
  });
}

/** Until the time is over, the program has ended, or a signal asks for the end. */
async function follow(
  calls: FollowedCalls,
  recording: CallRecording,
  duration: number | undefined,
  interrupted: () => boolean,
): Promise<void> {
  const started = performance.now();
  const end = duration === undefined ? Infinity : started + duration / 1e6;
  let nextLook = started;
  while (!interrupted() && performance.now() < end) {
    calls.drain();
    if (performance.now() >= nextLook) {
      if (recording.ended) break;
      nextLook = performance.now() + END_EVERY_MS;
    }
    await new Promise((resolve) => setTimeout(resolve, DRAIN_EVERY_MS));
  }
}

/** Functions, each once, with how often. */
function openNames(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} (${count})`)).join(', ');
}

/** Shows calls as they come, or counts them. */
class Teller implements CallListener {
  readonly #recording: CallRecording;
  readonly #options: TraceCallOptions;
  readonly #condition: CallCondition | undefined;
  readonly #style: Style;
  readonly #summary: CallSummary;
  /** Functions of which it has been said that the condition cannot be told. */
  readonly #untold = new Set<string>();
  #clock: Clock | undefined;
  #clockSet = 0;
  #sinceLook = 0;
  #orphans = 0;
  #lost = 0;
  /** When the last event was that was told of. */
  #last = 0;
  clock: () => Clock = () => {
    throw new Error('nothing has been followed yet');
  };

  constructor(recording: CallRecording, options: TraceCallOptions, condition: CallCondition | undefined) {
    this.#recording = recording;
    this.#options = options;
    this.#condition = condition;
    this.#summary = new CallSummary((call) => recording.values.name(call));
    this.#style = makeStyle(renderOptions(options));
  }

  begin(): void {
    const { plan, pid, stoppedMs } = this.#recording;
    const asked = plan.functions.filter(({ level }) => level === 0).length;
    const others = plan.functions.length - asked;
    const more = others > 0 ? ` and ${others} that they call` : '';
    this.#say(`process ${pid}: ${asked} ${asked === 1 ? 'function' : 'functions'}${more}`);
    this.#say(`it was stopped for ${Math.ceil(stoppedMs)} ms`);
    for (const note of plan.notes) this.#say(note);
    if (this.#options.subject.kind === 'attach')
      for (const note of belowNote(this.#recording.request)) this.#say(note);
    const { condition } = this.#options;
    const late = condition === undefined ? [] : readLate(condition, plan.functions);
    if (late.length > 0)
      this.#say(`read when the call is told of, and perhaps changed by then: ${late.join(', ')}`);
  }

  wants(call: OpenCall): boolean {
    if (this.#condition === undefined || call.function.level > 0) return true;
    const { name } = call.function;
    try {
      return this.#condition.holds(
        this.#recording.values.scope(call.function.layouts.entry, call.record, call.dictionary),
      );
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      if (!this.#untold.has(name))
        this.#say(`not shown, for the condition cannot be told: ${name}: ${error.message}`);
      this.#untold.add(name);
      return false;
    }
  }

  began(call: OpenCall): void {
    if (this.#options.summary || this.#options.slowerThan !== undefined) return;
    this.#show({ call, time: this.#time(call.began) }, false);
  }

  ended(call: OpenCall, end: CallEnd): void {
    // The counters of two CPUs may differ a little.
    const nanoseconds = Math.max(1, this.#time(end.ended) - this.#time(call.began));
    const { summary, slowerThan } = this.#options;
    const slow = slowerThan === undefined || (end.outcome !== 'unseen' && nanoseconds >= slowerThan);
    if (!slow) return;
    if (summary) this.#summary.add(call, end, nanoseconds);
    else
      this.#show(
        { call, time: this.#time(end.ended), end: { ...end, nanoseconds } },
        slowerThan !== undefined,
      );
  }

  orphan(): void {
    this.#orphans++;
  }

  lost(count: number): void {
    this.#lost += count;
    this.#summary.forget();
    if (this.#options.summary) return;
    this.#say(`${count} events were lost here: the ring was full; --lossless makes the program wait instead`);
  }

  /** `untold`: events that had come and that nobody waited for; `open`: calls that the end of the program cut off. */
  finish(untold: number, open: readonly OpenCall[]): void {
    const { waits, gaveUp } = this.#recording.status;
    if (!this.#options.summary) for (const call of [...open].reverse()) this.#showOpen(call);
    else if (open.length > 0)
      this.#say(
        `going on when the program ended: ${openNames(open.map((call) => this.#recording.values.name(call)))}`,
      );
    if (this.#options.summary) {
      if (this.#options.json) writeOut(`${JSON.stringify(summaryData(this.#summary))}\n`);
      else for (const line of summaryLines(this.#summary, this.#style)) writeOut(`${line}\n`);
    }
    if (this.#orphans > 0) this.#say(orphansText(this.#orphans));
    if (untold > 0) this.#say(`${untold} events that had come are not told`);
    if (this.#lost > 0)
      this.#say(
        this.#options.summary
          ? `${this.#lost} events were lost: the ring was full; --lossless makes the program wait instead`
          : `${this.#lost} events were lost in all`,
      );
    if (gaveUp) this.#say('the program waited for us too long: it has gone on without being watched since');
    if (waits > 0) this.#say(`the program waited ${waits} times for us`);
  }

  /** Innermost first, as they would have returned. */
  #showOpen(call: OpenCall): void {
    const { slowerThan } = this.#options;
    const time = this.#time(call.began);
    if (slowerThan !== undefined && this.#last - time < slowerThan) return;
    const end = { outcome: 'open', ended: this.#last, thread: call.thread, record: undefined } as const;
    this.#show({ call, time: this.#last, end: { ...end, nanoseconds: 0 } }, slowerThan !== undefined);
  }

  /** `whole`: both ends of the call. */
  #show(happening: CallHappening, whole: boolean): void {
    const { values } = this.#recording;
    if (this.#options.json) {
      writeOut(`${JSON.stringify(callData(happening, values, whole))}\n`);
      return;
    }
    const lines = whole ? wholeCallLines : callLines;
    for (const line of lines(happening, values, this.#style)) writeOut(`${line}\n`);
  }

  /** Nanoseconds since the beginning. */
  #time(ticks: number): number {
    if (this.#clock === undefined || ++this.#sinceLook >= CALLS_BETWEEN_LOOKS)
      this.#clock = this.#lookAtClock();
    const time = this.#clock.time(ticks);
    if (time > this.#last) this.#last = time;
    return time;
  }

  #lookAtClock(): Clock {
    this.#sinceLook = 0;
    const now = performance.now();
    if (this.#clock !== undefined && now - this.#clockSet <= CLOCK_EVERY_MS) return this.#clock;
    this.#clockSet = now;
    return this.clock();
  }

  #say(text: string): void {
    writeError(`mattock: ${text}\n`);
  }
}
