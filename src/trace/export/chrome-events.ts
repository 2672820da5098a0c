import { CUT_TEXT, isCut } from '../cut-stacks.ts';
import type { Trace } from '../trace.ts';
import { waitObjectText } from '../wait-object-text.ts';
import { jsonString, type TextOut } from './json-out.ts';

/** What the format calls processes: groups of tracks. */
export const GROUP = { goroutines: 1, processors: 2, runtime: 3, calls: 4 } as const;
export type Group = (typeof GROUP)[keyof typeof GROUP];

const GROUP_NAMES: Readonly<Record<Group, string>> = {
  [GROUP.goroutines]: 'goroutines',
  [GROUP.processors]: 'processors (P)',
  [GROUP.runtime]: 'runtime',
  [GROUP.calls]: 'traced calls',
};

const GROUPS = 4;

/** One of several processes in a trace. */
export interface Member {
  /** From 0 on. */
  readonly index: number;
  /** Undefined: there is one only. */
  readonly name: string | undefined;
}

const ALONE: Member = { index: 0, name: undefined };

/** What is said of a slice besides its name: fields of JSON without the braces. */
export type Facts = string;

const MOST_FRAMES = 8;

/**
 * Events of the format, one after the other. Perfetto's tokenizer wants ph, ts, pid and tid in front of args, no control
 * characters in strings and threads' numbers below 2^32 (src/trace_processor/importers/json); times are microseconds with
 * three decimals. Slices are pairs of B and E: complete events (X) that touch overlap where a reader rounds.
 */
export class ChromeEvents {
  readonly #out: TextOut;
  readonly #member: Member;
  /** In front of the next event; processes follow each other. */
  #separator: string;
  readonly #trace: Trace;
  readonly #names = new Map<string, string>();
  readonly #stacks = new Map<number, string>();
  readonly #objects = new Map<number, string>();

  constructor(trace: Trace, out: TextOut, member: Member = ALONE) {
    this.#trace = trace;
    this.#out = out;
    this.#member = member;
    this.#separator = member.index === 0 ? '\n' : ',\n';
  }

  /** What comes before all events. */
  static open(out: TextOut): void {
    out.add('{"traceEvents":[');
  }

  begin(group: Group, track: number, time: number, name: string, category: string, facts: Facts = ''): void {
    this.#event('B', group, track, time, `,"name":${this.#name(name)},"cat":"${category}"${args(facts)}`);
  }

  end(group: Group, track: number, time: number, facts: Facts = ''): void {
    this.#event('E', group, track, time, args(facts));
  }

  /** Something that takes no time; `s` is how wide it is drawn: thread, process or all. */
  instant(track: number, time: number, name: string, scope: 't' | 'p' | 'g', facts: Facts = ''): void {
    const group = scope === 't' ? GROUP.goroutines : GROUP.runtime;
    this.#event('i', group, track, time, `,"name":${this.#name(name)},"s":"${scope}"${args(facts)}`);
  }

  counter(track: number, time: number, name: string, series: string, value: number): void {
    this.#event('C', GROUP.runtime, track, time, `,"name":${this.#name(name)},"args":{"${series}":${value}}`);
  }

  /** An arrow begins at the slice that is open on a track, or ends there. */
  arrow(end: 's' | 'f', track: number, time: number, name: string, id: number): void {
    const binding = end === 'f' ? ',"bp":"e"' : '';
    const own = this.#member.index * 2 ** 32 + id;
    this.#event(end, GROUP.goroutines, track, time, `,"name":"${name}","cat":"flow","id":${own}${binding}`);
  }

  /** Of a task or region, which lasts beyond the slices of its goroutine. */
  annotation(
    phase: 'b' | 'e',
    track: number,
    time: number,
    category: string,
    id: string,
    name: string,
  ): void {
    const { index } = this.#member;
    const own = index === 0 ? id : `${index}.${id}`;
    const more = `,"name":${this.#name(name)},"cat":"${category}","id":"${own}"`;
    this.#event(phase, GROUP.goroutines, track, time, more);
  }

  nameGroup(group: Group): void {
    const { name, index } = this.#member;
    const whole = name === undefined ? GROUP_NAMES[group] : `${name}: ${GROUP_NAMES[group]}`;
    this.#metadata(group, 0, 'process_name', `"name":${jsonString(whole)}`);
    this.#metadata(group, 0, 'process_sort_index', `"sort_index":${GROUPS * index + group}`);
  }

  nameTrack(group: Group, track: number, name: string): void {
    this.#metadata(group, track, 'thread_name', `"name":${jsonString(name)}`);
    this.#metadata(group, track, 'thread_sort_index', `"sort_index":${track}`);
  }

  /** The stack's frames, leaf first, as one text. */
  stackFacts(stack: number): Facts {
    if (stack === 0) return '';
    let facts = this.#stacks.get(stack);
    if (facts === undefined) {
      const { stacks } = this.#trace;
      const ids = stacks.frames(stack);
      const texts = Array.from(ids.subarray(0, MOST_FRAMES), (id) => {
        const { function: name, file, line } = stacks.frame(id);
        return file === '' ? name : `${name} (${file.slice(file.lastIndexOf('/') + 1)}:${line})`;
      });
      const cut = isCut(this.#trace, stack);
      if (ids.length > MOST_FRAMES) texts.push(`${ids.length - MOST_FRAMES}${cut ? ' or' : ''} more`);
      else if (cut) texts.push(CUT_TEXT);
      facts = fact('stack', texts.join(' < '));
      this.#stacks.set(stack, facts);
    }
    return facts;
  }

  objectFacts(object: number): Facts {
    const found = object === 0 ? undefined : this.#trace.objects[object];
    if (found === undefined) return '';
    let facts = this.#objects.get(object);
    if (facts === undefined) {
      facts = fact('on', waitObjectText(found));
      this.#objects.set(object, facts);
    }
    return facts;
  }

  /** What comes behind all events. */
  static close(out: TextOut, { source, startedAt, notes }: Trace): void {
    out.add(`\n],"otherData":{"program":${jsonString(source.name)},"writer":"mattock"`);
    if (startedAt !== undefined) out.add(`,"began, Unix time in ns":"${startedAt}"`);
    notes.forEach((note, i) => {
      out.add(`,"note ${i + 1}":${jsonString(note)}`);
    });
    out.add('}}\n');
    out.flush();
  }

  #event(phase: string, group: Group, track: number, time: number, rest: string): void {
    const pid = this.#member.index * GROUPS + group;
    this.#line(`{"ph":"${phase}","ts":${microseconds(time)},"pid":${pid},"tid":${track}${rest}}`);
  }

  #metadata(group: Group, track: number, name: string, facts: Facts): void {
    const pid = this.#member.index * GROUPS + group;
    this.#line(`{"ph":"M","pid":${pid},"tid":${track},"name":"${name}","args":{${facts}}}`);
  }

  #line(text: string): void {
    this.#out.add(this.#separator + text);
    this.#separator = ',\n';
  }

  #name(text: string): string {
    let json = this.#names.get(text);
    if (json === undefined) {
      json = jsonString(text);
      this.#names.set(text, json);
    }
    return json;
  }
}

const args = (facts: Facts): string => (facts === '' ? '' : `,"args":{${facts}}`);

export const fact = (key: string, value: string | number): Facts =>
  value === '' ? '' : `"${key}":${typeof value === 'number' ? value : jsonString(value)}`;

export const factList = (...facts: readonly Facts[]): Facts => facts.filter((each) => each !== '').join(',');

/** Whole nanoseconds as microseconds. */
function microseconds(time: number): string {
  const ns = Math.round(time);
  const whole = Math.floor(ns / 1000);
  return `${whole}.${String(ns - whole * 1000).padStart(3, '0')}`;
}
