/**
 * Writes a file of speedscope: https://www.speedscope.app/file-format-schema.json, sampled profiles, one for each of
 * `MEASURES`. If calls were traced, they are a sampled profile by call path in front, and evented profiles behind: the
 * calls of a goroutine as they followed each other, for those goroutines that made most of them.
 *
 * Lost: of calls their arguments and results, and the order of those of other goroutines. Else: the order of what happened and which goroutine did it: samples are sums by place. What is shown as a frame in
 * brackets is the reason. Times of many goroutines add up: a profile is as long as all of its goroutines' time together.
 */
import type { Lives } from '../spans.ts';
import type { Trace } from '../trace.ts';
import { callPaths, namesOf, walkCalls } from '../traced-calls.ts';
import { addList, jsonString, TextOut } from './json-out.ts';
import { MEASURES, type Sample, samplesOf } from './samples.ts';

const SCHEMA = 'https://www.speedscope.app/file-format-schema.json';

type MeasureName = (typeof MEASURES)[number]['name'];

const TITLES: Readonly<Record<MeasureName, string>> = {
  off_cpu: 'waiting and in system calls: time',
  off_cpu_times: 'waiting and in system calls: how often',
  on_cpu: 'running: time, estimated where there are no CPU samples',
  sched_latency: 'runnable without a processor: time',
  goroutines: 'goroutines alive at the end',
};

/** The innermost frame of goroutines that are not the program's own. */
const RUNTIME = "[the runtime's goroutines]";

export function writeSpeedscope(trace: Trace, lives: Lives, write: (bytes: Uint8Array) => void): void {
  const frames = new FrameTable(trace);
  const stacks = samplesOf(trace, lives).map((sample) => ({
    values: sample.values,
    frames: frames.stack(sample),
  }));
  const calls = new CallProfiles(trace, (name) => frames.named(name));
  const out = new TextOut(write);
  out.add(`{"$schema":${jsonString(SCHEMA)},"exporter":"mattock","name":${jsonString(trace.source.name)}`);
  out.add(',"activeProfileIndex":0,"shared":{"frames":');
  addList(out, frames.texts, (text) => text);
  out.add('},"profiles":[');
  calls.writePaths(out);
  for (const [index, { name, unit }] of MEASURES.entries()) {
    const kept = stacks
      .map(({ values, frames: of }) => ({ weight: Math.round(values[index]!), of }))
      .filter(({ weight }) => weight > 0)
      .sort((x, y) => y.weight - x.weight);
    if (index > 0 || calls.any) out.add(',');
    addSampled(out, TITLES[name], unit === 'count' ? 'none' : unit, kept);
  }
  calls.writeGoroutines(out);
  out.add(']}\n');
  out.flush();
}

interface Weighted {
  readonly weight: number;
  /** Frames, the root first. */
  readonly of: readonly number[];
}

function addSampled(out: TextOut, title: string, unit: string, kept: readonly Weighted[]): void {
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  out.add(`{"type":"sampled","name":${jsonString(title)},"unit":"${unit}"`);
  out.add(`,"startValue":0,"endValue":${total},"samples":`);
  addList(out, kept, ({ of }) => `[${of.join(',')}]`);
  out.add(',"weights":');
  addList(out, kept, ({ weight }) => String(weight));
  out.add('}');
}

/** Goroutines whose calls have a profile of their own: a person chooses among them. */
const MOST_GOROUTINES = 20;

/** Traced calls. */
class CallProfiles {
  readonly any: boolean;
  readonly #paths: readonly Weighted[];
  readonly #goroutines: readonly (readonly [goroutine: number, events: readonly string[]])[];
  readonly #duration: number;

  constructor(trace: Trace, frameNamed: (name: string) => number) {
    const paths = callPaths(trace);
    this.any = paths.length > 0;
    this.#paths = paths
      .map((path) => ({ weight: Math.round(path.own), of: namesOf(paths, path).map(frameNamed) }))
      .filter(({ weight }) => weight > 0)
      .sort((x, y) => y.weight - x.weight);
    const events = new Map<number, string[]>();
    const going = new Map<number, number[]>();
    const add = (goroutine: number, type: 'O' | 'C', frame: number, time: number): void => {
      const own = events.get(goroutine) ?? [];
      events.set(goroutine, own);
      own.push(`{"type":"${type}","frame":${frame},"at":${Math.round(time)}}`);
    };
    walkCalls(trace, {
      begin(goroutine, name, time) {
        const frame = frameNamed(trace.strings[name] || '?');
        const open = going.get(goroutine);
        if (open === undefined) going.set(goroutine, [frame]);
        else open.push(frame);
        add(goroutine, 'O', frame, time);
      },
      end: (goroutine, time) => add(goroutine, 'C', going.get(goroutine)!.pop()!, time),
    });
    this.#goroutines = [...events].sort(([, x], [, y]) => y.length - x.length).slice(0, MOST_GOROUTINES);
    this.#duration = Math.ceil(trace.duration);
  }

  writePaths(out: TextOut): void {
    if (this.any) addSampled(out, 'traced calls: time from call to return', 'nanoseconds', this.#paths);
  }

  writeGoroutines(out: TextOut): void {
    for (const [goroutine, events] of this.#goroutines) {
      out.add(`,{"type":"evented","name":"traced calls of goroutine ${goroutine}","unit":"nanoseconds"`);
      out.add(`,"startValue":0,"endValue":${this.#duration},"events":`);
      addList(out, events, (event) => event);
      out.add('}');
    }
  }
}

/** Frames as the format has them, each once. */
class FrameTable {
  readonly texts: string[] = [];
  readonly #trace: Trace;
  readonly #byText = new Map<string, number>();
  /** Of the trace's frames. */
  readonly #byId = new Map<number, number>();

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** Root first. */
  stack({ frames, entry, leaf, labels }: Sample): readonly number[] {
    const stack: number[] = [];
    if (labels.owner === 'runtime') stack.push(this.named(RUNTIME));
    if (entry !== undefined) stack.push(this.named(entry));
    for (const id of frames.toReversed()) stack.push(this.#ofTrace(id));
    if (leaf !== undefined) stack.push(this.named(leaf));
    return stack;
  }

  named(name: string): number {
    return this.#number(`{"name":${jsonString(name)}}`);
  }

  #ofTrace(id: number): number {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const { function: name, file, line } = this.#trace.stacks.frame(id);
    const place = file === '' ? '' : `,"file":${jsonString(file)},"line":${line}`;
    const number = this.#number(`{"name":${jsonString(name || '?')}${place}}`);
    this.#byId.set(id, number);
    return number;
  }

  #number(text: string): number {
    let number = this.#byText.get(text);
    if (number === undefined) {
      number = this.texts.length;
      this.texts.push(text);
      this.#byText.set(text, number);
    }
    return number;
  }
}
