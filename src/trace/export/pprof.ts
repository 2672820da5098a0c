/**
 * Writes a profile of pprof: profile.proto of github.com/google/pprof (proto/profile.proto; the field numbers are also
 * in runtime/pprof/proto.go), to be compressed with gzip as pprof has it.
 *
 * If calls were traced, `traced_time` and `traced_calls` are two measures more, whose samples have no others: of each call
 * path the time from call to return, and how many.
 *
 * Lost: arguments and results of calls; the order of what happened and which goroutine did it: a profile has sums by place. What is shown as a frame in
 * brackets is the reason. Inlined calls are locations of their own instead of lines of one location.
 */
import { BytesOut } from '../go-format/bytes-out.ts';
import type { Lives } from '../spans.ts';
import type { StackFrame, Trace } from '../trace.ts';
import { type CallPath, callPaths, namesOf } from '../traced-calls.ts';
import { MEASURES, type Sample, samplesOf } from './samples.ts';

const PROFILE = {
  sampleType: 1,
  sample: 2,
  mapping: 3,
  location: 4,
  function: 5,
  stringTable: 6,
  timeNanos: 9,
  durationNanos: 10,
  comment: 13,
  defaultSampleType: 14,
} as const;
const VALUE_TYPE = { type: 1, unit: 2 } as const;
const SAMPLE = { locations: 1, values: 2, label: 3 } as const;
const LABEL = { key: 1, text: 2 } as const;
const MAPPING = { id: 1, hasFunctions: 7, hasFilenames: 8, hasLines: 9, hasInlined: 10 } as const;
const LOCATION = { id: 1, mapping: 2, address: 3, line: 4 } as const;
const LINE = { function: 1, line: 2 } as const;
const FUNCTION = { id: 1, name: 2, systemName: 3, file: 4 } as const;

const VARINT = 0;
const BYTES = 2;
const THE_MAPPING = 1;

/** The bytes of the profile; `gzip` compresses them. */
export function pprofOf(trace: Trace, lives: Lives, gzip: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const calls = callPaths(trace);
  const writer = new ProfileWriter(trace, calls.length > 0 ? [...MEASURES, ...OF_CALLS] : MEASURES);
  for (const path of calls) writer.call(namesOf(calls, path), path);
  for (const sample of samplesOf(trace, lives)) writer.sample(sample);
  return gzip(writer.finish());
}

/** What is measured of traced calls. */
const OF_CALLS = [
  { name: 'traced_time', unit: 'nanoseconds' },
  { name: 'traced_calls', unit: 'count' },
] as const;

class ProfileWriter {
  readonly #measures: readonly { readonly name: string; readonly unit: string }[];
  readonly #trace: Trace;
  readonly #out = new BytesOut();
  readonly #strings = new Map<string, number>([['', 0]]);
  readonly #functions = new Map<string, number>();
  /** By frame id, and by the text of a frame that the trace does not have. */
  readonly #locations = new Map<number | string, number>();

  constructor(trace: Trace, measures: readonly { readonly name: string; readonly unit: string }[]) {
    this.#trace = trace;
    this.#measures = measures;
    for (const { name, unit } of measures) {
      const type = new BytesOut();
      number(type, VALUE_TYPE.type, this.#string(name));
      number(type, VALUE_TYPE.unit, this.#string(unit));
      message(this.#out, PROFILE.sampleType, type);
    }
  }

  sample({ frames, entry, leaf, labels, values }: Sample): void {
    const numbers = Array.from(values, Math.round);
    if (numbers.every((value) => value === 0)) return;
    const places: number[] = [];
    if (leaf !== undefined) places.push(this.#invented(leaf));
    for (const frame of frames) places.push(this.#location(frame, this.#trace.stacks.frame(frame)));
    if (entry !== undefined) places.push(this.#invented(entry));
    this.#sample(places, numbers, Object.entries(labels));
  }

  /** Calls of a path, the outermost function first. */
  call(names: readonly string[], { own, count }: CallPath): void {
    const places = names.toReversed().map((name) => this.#invented(name));
    this.#sample(places, [...MEASURES.map(() => 0), Math.round(own), count], []);
  }

  #sample(
    places: readonly number[],
    numbers: readonly number[],
    labels: readonly (readonly [key: string, text: string | undefined])[],
  ): void {
    const out = new BytesOut();
    packed(out, SAMPLE.locations, places);
    // Every sample has all of the measures.
    packed(out, SAMPLE.values, [...numbers, ...this.#measures.slice(numbers.length).map(() => 0)]);
    for (const [key, text] of labels) {
      if (text === undefined) continue;
      const label = new BytesOut();
      number(label, LABEL.key, this.#string(key));
      number(label, LABEL.text, this.#string(text));
      message(out, SAMPLE.label, label);
    }
    message(this.#out, PROFILE.sample, out);
  }

  finish(): Uint8Array {
    const out = this.#out;
    // It says that names are there already, so that nobody looks for a binary to find them in.
    const mapping = new BytesOut();
    number(mapping, MAPPING.id, THE_MAPPING);
    for (const has of ['hasFunctions', 'hasFilenames', 'hasLines', 'hasInlined'] as const)
      number(mapping, MAPPING[has], 1);
    message(out, PROFILE.mapping, mapping);
    if (this.#trace.startedAt !== undefined) {
      tag(out, PROFILE.timeNanos, VARINT);
      longVarint(out, this.#trace.startedAt);
    }
    number(out, PROFILE.durationNanos, Math.round(this.#trace.duration));
    for (const note of this.#trace.notes) {
      tag(out, PROFILE.comment, VARINT);
      out.varint(this.#string(note));
    }
    number(out, PROFILE.defaultSampleType, this.#string(MEASURES[0].name));
    const encoder = new TextEncoder();
    for (const text of this.#strings.keys()) bytes(out, PROFILE.stringTable, encoder.encode(text));
    return out.view();
  }

  /** A location for text that no frame of the trace has. */
  #invented(name: string): number {
    return this.#location(name, { pc: 0, function: name, file: '', line: 0 });
  }

  #location(key: number | string, frame: StackFrame): number {
    const known = this.#locations.get(key);
    if (known !== undefined) return known;
    const id = this.#locations.size + 1;
    this.#locations.set(key, id);
    const line = new BytesOut();
    number(line, LINE.function, this.#function(frame.function, frame.file));
    number(line, LINE.line, frame.line);
    const out = new BytesOut();
    number(out, LOCATION.id, id);
    number(out, LOCATION.mapping, THE_MAPPING);
    number(out, LOCATION.address, frame.pc);
    message(out, LOCATION.line, line);
    message(this.#out, PROFILE.location, out);
    return id;
  }

  #function(name: string, file: string): number {
    const key = `${name}\n${file}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const id = this.#functions.size + 1;
    this.#functions.set(key, id);
    const out = new BytesOut();
    number(out, FUNCTION.id, id);
    number(out, FUNCTION.name, this.#string(name));
    number(out, FUNCTION.systemName, this.#string(name));
    number(out, FUNCTION.file, this.#string(file));
    message(this.#out, PROFILE.function, out);
    return id;
  }

  #string(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const id = this.#strings.size;
    this.#strings.set(text, id);
    return id;
  }
}

function tag(out: BytesOut, field: number, type: number): void {
  out.varint(field * 8 + type);
}

/** 0 is what a field is that is not there. */
function number(out: BytesOut, field: number, value: number): void {
  if (value === 0) return;
  tag(out, field, VARINT);
  out.varint(value);
}

function bytes(out: BytesOut, field: number, value: Uint8Array): void {
  tag(out, field, BYTES);
  out.varint(value.length);
  out.raw(value);
}

function message(out: BytesOut, field: number, value: BytesOut): void {
  bytes(out, field, value.view());
}

function packed(out: BytesOut, field: number, values: readonly number[]): void {
  if (values.length === 0) return;
  const list = new BytesOut();
  for (const value of values) list.varint(value);
  message(out, field, list);
}

/** Of numbers beyond 2^53. */
function longVarint(out: BytesOut, value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    out.byte(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.byte(Number(rest));
}
