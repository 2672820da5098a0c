import { CUT_TEXT, isCut } from '../cut-stacks.ts';
import { EVENT } from '../events.ts';
import type { Life, Lives } from '../spans.ts';
import type { Trace, TraceProcess } from '../trace.ts';
import { callPaths } from '../traced-calls.ts';
import { waitObjectText } from '../wait-object-text.ts';
import { CallColumns, type CallCounts, type PageCalls, readCalls } from './page-calls.ts';
import { ColumnReader, ColumnWriter } from './page-columns.ts';
import { type PageRuntime, readRuntimes, writeRuntimes } from './page-runtime.ts';

/** What `trace analyze` found, as the page shows it. */
export interface PageFinding {
  readonly severity: string;
  readonly title: string;
  readonly lines: readonly string[];
}

/** Tables of the page, as JSON; everything that there are a million of is in columns. */
interface PageHead {
  readonly name: string;
  readonly duration: number;
  readonly lives: number;
  readonly spans: number;
  readonly events: number;
  readonly strings: readonly string[];
  readonly entries: readonly string[];
  readonly objects: readonly string[];
  /** function, file, line. */
  readonly frames: readonly (readonly [string, string, number])[];
  readonly stacks: readonly (readonly number[])[];
  readonly findings: readonly PageFinding[];
  /** Traced calls by path: name, index of the path that it is in (−1), count, own and longest time. */
  readonly calls: readonly (readonly [string, number, number, number, number])[];
  readonly counts: CallCounts;
  /** Of a trace of several processes: whose goroutines and Ps are from where on. Else empty. */
  readonly processes: readonly PageProcess[];
}

type PageProcess = Pick<TraceProcess, 'pid' | 'command' | 'firstGoroutine' | 'firstProcessor'>;

/** A trace as the page has it: spans by goroutine and then by time, as in `Lives`. */
export interface PageData extends PageHead {
  readonly traced: PageCalls;
  /** What the runtime of each process did. */
  readonly runtimes: readonly PageRuntime[];
  readonly id: Float64Array;
  readonly first: Uint32Array;
  readonly createdAt: Uint32Array;
  /** Index of the creator's life + 1. */
  readonly creator: Uint32Array;
  readonly entry: Uint32Array;
  readonly lifeEnd: Float64Array;
  readonly start: Float64Array;
  readonly state: Uint8Array;
  readonly reason: Uint32Array;
  readonly object: Uint32Array;
  readonly stack: Uint32Array;
  /** P + 1. */
  readonly proc: Uint32Array;
  /** Index of the waker's life + 1. */
  readonly waker: Uint32Array;
  readonly wokenAt: Uint32Array;
  /** Samples of the CPU profiler by stack: [stack, how many]. */
  readonly samples: readonly (readonly [number, number])[];
}

/** More spans are not shown: a page of 16 million takes 700 MB. */
const MOST_SPANS = 16_000_000;

export function encodePage(trace: Trace, lives: Lives, findings: readonly PageFinding[]): Uint8Array {
  const { spans } = lives;
  const calls = new CallColumns(trace);
  const shown = spans.count + calls.count;
  if (shown > MOST_SPANS)
    throw new RangeError(`a page shows ${MOST_SPANS} spans and calls at most, and there are ${shown}`);
  const goroutines = [...lives.goroutines, ...onlyCalling(lives, calls)];
  const lifeOf = new Map(goroutines.map(({ id }, i) => [id, i + 1]));
  const entries = new Map<string, number>([['', 0]]);
  const out = new ColumnWriter();
  for (const life of goroutines) {
    const name = life.entry ?? '';
    if (!entries.has(name)) entries.set(name, entries.size);
    out.number(life.id);
    out.number(life.end - life.first);
    out.number(life.createdAt);
    out.number(lifeOf.get(life.creator) ?? 0);
    out.number(entries.get(name)!);
    let before = 0;
    for (let i = life.first; i < life.end; i++) {
      const start = Math.max(before, Math.round(spans.start[i]!));
      out.number(start - before);
      before = start;
    }
    const end = life.end > life.first ? Math.round(spans.end[life.end - 1]!) : before;
    out.number(Math.max(0, end - before));
  }
  const { count } = spans;
  out.column(count, (i) => spans.state[i]!);
  out.column(count, (i) => spans.reason[i]!);
  out.column(count, (i) => spans.object[i]!);
  out.column(count, (i) => spans.stack[i]!);
  out.column(count, (i) => spans.proc[i]! + 1);
  out.column(count, (i) => lifeOf.get(spans.endedBy[i]!) ?? 0);
  out.column(count, (i) => spans.endedAt[i]!);
  calls.write(
    out,
    goroutines.map(({ id }) => id),
  );
  writeRuntimes(trace, out);
  const samples = samplesOf(trace);
  out.number(samples.size);
  for (const [stack, times] of samples) {
    out.number(stack);
    out.number(times);
  }
  const head: PageHead = {
    name: trace.source.name,
    duration: Math.round(trace.duration),
    lives: goroutines.length,
    spans: count,
    events: trace.events.count,
    strings: trace.strings,
    entries: [...entries.keys()],
    objects: trace.objects.map((object) => (object === undefined ? '' : waitObjectText(object))),
    frames: framesOf(trace),
    stacks: stacksOf(trace),
    findings,
    counts: calls.counts,
    calls: callPaths(trace).map(({ name, parent, count, own, longest }) => [
      name,
      parent,
      count,
      Math.round(own),
      Math.round(longest),
    ]),
    processes: trace.processes.map(({ pid, command, firstGoroutine, firstProcessor }) => ({
      pid,
      command,
      firstGoroutine,
      firstProcessor,
    })),
  };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const columns = out.bytes();
  const bytes = new Uint8Array(4 + text.length + columns.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set(columns, 4 + text.length);
  return bytes;
}

export function decodePage(bytes: Uint8Array): PageData {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as PageHead;
  const input = new ColumnReader(bytes.subarray(4 + length));
  const { lives, spans } = head;
  const id = new Float64Array(lives);
  const first = new Uint32Array(lives + 1);
  const createdAt = new Uint32Array(lives);
  const creator = new Uint32Array(lives);
  const entry = new Uint32Array(lives);
  const lifeEnd = new Float64Array(lives);
  const start = new Float64Array(spans);
  for (let life = 0, span = 0; life < lives; life++) {
    id[life] = input.number();
    first[life + 1] = first[life]! + input.number();
    createdAt[life] = input.number();
    creator[life] = input.number();
    entry[life] = input.number();
    let time = 0;
    for (; span < first[life + 1]!; span++) {
      time += input.number();
      start[span] = time;
    }
    lifeEnd[life] = time + input.number();
  }
  const columns = {
    state: input.column(new Uint8Array(spans)),
    reason: input.column(new Uint32Array(spans)),
    object: input.column(new Uint32Array(spans)),
    stack: input.column(new Uint32Array(spans)),
    proc: input.column(new Uint32Array(spans)),
    waker: input.column(new Uint32Array(spans)),
    wokenAt: input.column(new Uint32Array(spans)),
  };
  const traced = readCalls(input, lives, head.counts);
  const runtimes = readRuntimes(input);
  const samples = Array.from({ length: input.number() }, () => [input.number(), input.number()] as const);
  return {
    ...head,
    id,
    first,
    createdAt,
    creator,
    entry,
    lifeEnd,
    start,
    ...columns,
    traced,
    runtimes,
    samples,
  };
}

/** Goroutines of which only calls are known. */
function onlyCalling({ goroutines }: Lives, calls: CallColumns): Life[] {
  const known = new Set(goroutines.map(({ id }) => id));
  const none = { first: 0, end: 0, created: undefined, ended: undefined, creator: 0, createdAt: 0 };
  return [...calls.goroutines()]
    .filter((id) => !known.has(id))
    .map((id) => ({ ...none, id, entry: undefined }));
}

function samplesOf({ events }: Trace): ReadonlyMap<number, number> {
  const samples = new Map<number, number>();
  for (let i = 0; i < events.count; i++) {
    if (events.kind[i] !== EVENT.cpuSample) continue;
    const stack = events.stack[i]!;
    samples.set(stack, (samples.get(stack) ?? 0) + 1);
  }
  return samples;
}

/** Those of the trace, and one that stands for what a stack lacks. */
function framesOf({ stacks }: Trace): PageHead['frames'] {
  const frames = Array.from({ length: stacks.frameCount }, (_, i) => {
    const { function: name, file, line } = i === 0 ? { function: '', file: '', line: 0 } : stacks.frame(i);
    return [name, file, line] as const;
  });
  return [...frames, [CUT_TEXT, '', 0]];
}

const stacksOf = (trace: Trace): PageHead['stacks'] =>
  Array.from({ length: trace.stacks.count }, (_, i) => {
    const frames = [...trace.stacks.frames(i)];
    return isCut(trace, i) ? [...frames, trace.stacks.frameCount] : frames;
  });
