/**
 * Writes a file of speedscope: https://www.speedscope.app/file-format-schema.json, sampled profiles, one for each of
 * `MEASURES`.
 *
 * Lost: the order of what happened and which goroutine did it: samples are sums by place. What is shown as a frame in
 * brackets is the reason. Times of many goroutines add up: a profile is as long as all of its goroutines' time together.
 */
import type { Lives } from '../spans.ts';
import type { Trace } from '../trace.ts';
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
  const out = new TextOut(write);
  out.add(`{"$schema":${jsonString(SCHEMA)},"exporter":"mattock","name":${jsonString(trace.source.name)}`);
  out.add(',"activeProfileIndex":0,"shared":{"frames":');
  addList(out, frames.texts, (text) => text);
  out.add('},"profiles":[');
  for (const [index, { name, unit }] of MEASURES.entries()) {
    const kept = stacks
      .map(({ values, frames: of }) => ({ weight: Math.round(values[index]!), of }))
      .filter(({ weight }) => weight > 0)
      .sort((x, y) => y.weight - x.weight);
    const total = kept.reduce((sum, { weight }) => sum + weight, 0);
    out.add(index === 0 ? '' : ',');
    out.add(
      `{"type":"sampled","name":${jsonString(TITLES[name])},"unit":"${unit === 'count' ? 'none' : unit}"`,
    );
    out.add(`,"startValue":0,"endValue":${total},"samples":`);
    addList(out, kept, ({ of }) => `[${of.join(',')}]`);
    out.add(',"weights":');
    addList(out, kept, ({ weight }) => String(weight));
    out.add('}');
  }
  out.add(']}\n');
  out.flush();
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
    if (labels.owner === 'runtime') stack.push(this.#named(RUNTIME));
    if (entry !== undefined) stack.push(this.#named(entry));
    for (const id of frames.toReversed()) stack.push(this.#ofTrace(id));
    if (leaf !== undefined) stack.push(this.#named(leaf));
    return stack;
  }

  #named(name: string): number {
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
