import { Subject } from '../analysis/subject.ts';
import { CUT_TEXT, isCut } from '../cut-stacks.ts';
import { EVENT, STATE } from '../events.ts';
import type { Life, Lives } from '../spans.ts';
import { SPAN_FLAG } from '../spans.ts';
import type { Trace } from '../trace.ts';

/** What a profile of goroutine lives measures, in the order of a sample's values. */
export const MEASURES = [
  /** Waiting and in system calls: what the kernel does in them nobody sees. */
  { name: 'off_cpu', unit: 'nanoseconds' },
  /** How often it went there. */
  { name: 'off_cpu_times', unit: 'count' },
  /** Running, by CPU samples if there are any, else by where the goroutine next stopped: an estimate. */
  { name: 'on_cpu', unit: 'nanoseconds' },
  /** Runnable, by where it goes on from. */
  { name: 'sched_latency', unit: 'nanoseconds' },
  /** Those that live at the end of the trace. */
  { name: 'goroutines', unit: 'count' },
] as const;

const OFF_CPU = 0;
const OFF_CPU_TIMES = 1;
const ON_CPU = 2;
const LATENCY = 3;
const GOROUTINES = 4;

export interface Sample {
  /** Frame ids, leaf first; empty if the stack is not known. */
  readonly frames: Uint32Array;
  /** Outside of the frames. Where these are not known, the function that the goroutine began in; where some lack, that. */
  readonly entry: string | undefined;
  /** Drawn as the innermost frame: "[chan receive]". Undefined where frames say what ran. */
  readonly leaf: string | undefined;
  readonly labels: SampleLabels;
  /** By `MEASURES`. */
  readonly values: Float64Array;
}

export interface SampleLabels {
  readonly state: 'waiting' | 'syscall' | 'runnable' | 'running';
  /** In the scheduler's words. */
  readonly reason: string;
  /** In the program's words; of waiting ones only. */
  readonly wait: string | undefined;
  /** Whose goroutines. */
  readonly owner: 'program' | 'runtime';
}

/** Adds up what all goroutines did by place and reason. A span that the trace cuts counts as far as it is in it. */
export function samplesOf(trace: Trace, lives: Lives): readonly Sample[] {
  const collector = new Collector(new Subject(trace, lives));
  lives.goroutines.forEach((life, index) => {
    collector.add(life, index);
  });
  return collector.samples;
}

/** pprof leaves out of a name what stands in parentheses: `force gc, idle`. */
const withoutParentheses = (reason: string): string => reason.replace(/ ?\(([^()*]*)\)/g, ', $1');

type Variant = Pick<Sample, 'leaf' | 'labels'> & { readonly byPlace: Map<number | string, Sample> };

class Collector {
  readonly samples: Sample[] = [];
  readonly #subject: Subject;
  readonly #cpuSamples: ReadonlyMap<number, readonly number[]>;
  readonly #variants = new Map<number, Variant>();

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#cpuSamples = cpuSamplesOf(subject.trace);
  }

  add(life: Life, index: number): void {
    const { spans } = this.#subject.lives;
    const seen = this.#cpuSamples.get(life.id) ?? [];
    let next = 0;
    let last = 0;
    for (let i = life.first; i < life.end; i++) {
      const duration = spans.end[i]! - spans.start[i]!;
      const stack = spans.stack[i]!;
      if (stack !== 0) last = stack;
      switch (spans.state[i]) {
        case STATE.waiting:
        case STATE.syscall: {
          const { values } = this.#sample(life, index, i, stack, false);
          values[OFF_CPU]! += duration;
          values[OFF_CPU_TIMES]!++;
          break;
        }
        case STATE.runnable:
          this.#sample(life, index, i, last, false).values[LATENCY]! += duration;
          break;
        case STATE.running: {
          const from = this.#firstAt(seen, next, spans.start[i]!);
          next = this.#firstAt(seen, from, spans.end[i]!);
          this.#addRunning(life, index, i, seen.slice(from, next));
          break;
        }
        default:
      }
    }
    this.#addLiving(life, index, last);
  }

  /** Index of the first of the events from `from` on that is not before a time. */
  #firstAt(events: readonly number[], from: number, time: number): number {
    const times = this.#subject.trace.events.time;
    let at = from;
    while (at < events.length && times[events[at]!]! < time) at++;
    return at;
  }

  /** CPU samples that hit the span share its time; without any it goes to where the goroutine stopped. */
  #addRunning(life: Life, index: number, span: number, cpuSamples: readonly number[]): void {
    const { lives, trace } = this.#subject;
    const duration = lives.spans.end[span]! - lives.spans.start[span]!;
    for (const event of cpuSamples) {
      const sample = this.#sample(life, index, span, trace.events.stack[event]!, true);
      sample.values[ON_CPU]! += duration / cpuSamples.length;
    }
    if (cpuSamples.length > 0) return;
    const stopped = span + 1 < life.end ? lives.spans.stack[span + 1]! : 0;
    this.#sample(life, index, span, stopped, false).values[ON_CPU]! += duration;
  }

  #addLiving(life: Life, index: number, lastStack: number): void {
    const { spans } = this.#subject.lives;
    const span = life.end - 1;
    if (span < life.first || (spans.flags[span]! & SPAN_FLAG.openEnd) === 0) return;
    const state = spans.state[span];
    if (state === STATE.ended || state === STATE.unknown) return;
    const stack = state === STATE.running ? 0 : spans.stack[span]! || lastStack;
    this.#sample(life, index, span, stack, false).values[GOROUTINES]!++;
  }

  #sample(life: Life, index: number, span: number, stack: number, exact: boolean): Sample {
    const { leaf, labels, byPlace } = this.#variant(index, span, exact);
    const place = stack === 0 ? (life.entry ?? '') : stack;
    let sample = byPlace.get(place);
    if (sample === undefined) {
      sample = {
        frames: this.#subject.trace.stacks.frames(stack),
        entry: stack === 0 ? life.entry : isCut(this.#subject.trace, stack) ? CUT_TEXT : undefined,
        leaf,
        labels,
        values: new Float64Array(MEASURES.length),
      };
      byPlace.set(place, sample);
      this.samples.push(sample);
    }
    return sample;
  }

  #variant(life: number, span: number, exact: boolean): Variant {
    const { spans } = this.#subject.lives;
    const state = spans.state[span]!;
    const own = !this.#subject.isSystem(life);
    const detail =
      state === STATE.waiting
        ? spans.reason[span]! * 32 + this.#subject.classOfSpan[span]!
        : state === STATE.syscall
          ? spans.object[span]!
          : state === STATE.runnable
            ? spans.reason[span]!
            : 0;
    const key = ((detail * 8 + state) * 2 + Number(own)) * 2 + Number(exact);
    let variant = this.#variants.get(key);
    if (variant === undefined) {
      const labels = this.#labels(span, own ? 'program' : 'runtime');
      variant = {
        leaf: exact ? undefined : `[${withoutParentheses(labels.reason)}]`,
        labels,
        byPlace: new Map(),
      };
      this.#variants.set(key, variant);
    }
    return variant;
  }

  #labels(span: number, owner: SampleLabels['owner']): SampleLabels {
    const { lives, trace } = this.#subject;
    const reason = trace.strings[lives.spans.reason[span]!] ?? '';
    switch (lives.spans.state[span]) {
      case STATE.running:
        return { state: 'running', reason: 'running', wait: undefined, owner };
      case STATE.runnable:
        return { state: 'runnable', reason: reason || 'runnable', wait: undefined, owner };
      case STATE.syscall: {
        const object = trace.objects[lives.spans.object[span]!];
        const name = object?.kind === 'syscall' ? ` ${object.name ?? object.number}` : '';
        return { state: 'syscall', reason: `system call${name}`, wait: undefined, owner };
      }
      default: {
        const wait = this.#subject.waitClass(span);
        return { state: 'waiting', reason: reason || `waiting: ${wait}`, wait, owner };
      }
    }
  }
}

/** Events with a CPU sample by goroutine, by time. */
function cpuSamplesOf({ events }: Trace): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  for (let i = 0; i < events.count; i++) {
    if (events.kind[i] !== EVENT.cpuSample || events.stack[i] === 0) continue;
    const list = found.get(events.goroutine[i]!);
    if (list === undefined) found.set(events.goroutine[i]!, [i]);
    else list.push(i);
  }
  return found;
}
