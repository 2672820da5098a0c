import type { PageData } from '../src/trace/export/page-data.ts';
import { STATE_NAMES } from './kinds.ts';
import { goroutineName, type Model, ofProcess, type Row } from './model.ts';
import { nanosecondsOf } from './words.ts';

/** What a filter lets through. */
export interface Found {
  readonly rows: readonly Row[];
  /** Calls that the filter speaks of, in the order of the columns; undefined: it says nothing that calls have. */
  readonly calls: Uint32Array | undefined;
}

interface Word {
  row(row: Row): boolean;
  /** Of a call; undefined: the word does not speak of calls. */
  readonly call: ((call: number) => boolean) | undefined;
}

/**
 * Words are all to be met, by a goroutine or by one call of it. `g:`, `p:` (process), `state:`, `reason:`, `call:` (name,
 * arguments and results) and `slower:` (a call that takes at least so long) say where; others are looked for in names of
 * goroutines, functions of stacks and calls.
 */
export function search(model: Model, query: string): Found {
  const texts = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (texts.length === 0) return { rows: model.goroutines, calls: undefined };
  const words = texts.map((text) => wordOf(model, text));
  const ofCalls = words.flatMap(({ call }) => call ?? []);
  const calls = callsOf(model, ofCalls);
  // What calls must meet together is met by one of them, and not by the goroutine in two places.
  const onlyCalls = texts.some((text) => /^(?:call|slower):/.test(text));
  const rows = model.goroutines.filter((row) => {
    const called = calls !== undefined && hasCall(model, calls, row.life);
    if (onlyCalls) return called && words.every((word) => word.call !== undefined || word.row(row));
    return words.every((word) => word.row(row) || (called && word.call !== undefined));
  });
  return { rows, calls: calls && within(model, calls, rows) };
}

/** Of some calls, those of the goroutines of some rows. */
function within({ data: { traced } }: Model, calls: Uint32Array, rows: readonly Row[]): Uint32Array {
  const kept = new Uint32Array(calls.length);
  let count = 0;
  for (const { life } of rows) {
    const end = firstFrom(calls, traced.first[traced.laneOf[life + 1]!]!);
    for (let i = firstFrom(calls, traced.first[traced.laneOf[life]!]!); i < end; i++)
      kept[count++] = calls[i]!;
  }
  return kept.slice(0, count);
}

function callsOf(
  { data: { traced } }: Model,
  tests: readonly ((call: number) => boolean)[],
): Uint32Array | undefined {
  if (tests.length === 0 || traced.count === 0) return undefined;
  const found = new Uint32Array(traced.count);
  let count = 0;
  for (let call = 0; call < traced.count; call++)
    if (tests.every((test) => test(call))) found[count++] = call;
  return found.slice(0, count);
}

function hasCall({ data: { traced } }: Model, calls: Uint32Array, life: number): boolean {
  const first = traced.first[traced.laneOf[life]!]!;
  const end = traced.first[traced.laneOf[life + 1]!]!;
  const at = firstFrom(calls, first);
  return at < calls.length && calls[at]! < end;
}

/** The first place of a sorted column where a number is at least so much. */
export function firstFrom(sorted: ArrayLike<number>, least: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

function wordOf(model: Model, word: string): Word {
  const { data } = model;
  const { traced } = data;
  const [, field, text] = /^(g|p|state|reason|call|slower):(.*)$/.exec(word) ?? [undefined, undefined, word];
  const rows = (row: (row: Row) => boolean): Word => ({ row, call: undefined });
  switch (field) {
    case 'g':
      return rows(
        ({ life }) => String(data.id[life]) === text || goroutineName(data, data.id[life]!) === text,
      );
    case 'p':
      return rows(({ life }) => {
        const process = ofProcess(data, data.id[life]!, 'firstGoroutine');
        return process !== undefined && `${process.pid} ${process.command.toLowerCase()}`.includes(text!);
      });
    case 'state': {
      const wanted = STATE_NAMES.map((name) => name.startsWith(text!));
      return rows(anySpan((span) => wanted[data.state[span]!] === true));
    }
    case 'reason': {
      const wanted = holding(data, text!);
      return rows(anySpan((span) => data.reason[span] !== 0 && wanted[data.reason[span]!] === true));
    }
    case 'slower': {
      const least = nanosecondsOf(text!);
      return { row: () => false, call: (call) => traced.end[call]! - traced.start[call]! >= least };
    }
    case 'call': {
      const wanted = holding(data, text!);
      const call = (call: number): boolean =>
        wanted[traced.name[call]!] === true ||
        wanted[traced.values[call]!] === true ||
        wanted[traced.results[call]! - 1] === true;
      return { row: () => false, call };
    }
    default:
      return anywhere(model, text!);
  }
}

function anywhere(model: Model, text: string): Word {
  const { data } = model;
  const frames = data.frames.map(([name]) => name.toLowerCase().includes(text));
  const stacks = data.stacks.map((stack) => stack.some((frame) => frames[frame] === true));
  const inStack = anySpan((span) => stacks[data.stack[span]!] === true);
  const names = holding(data, text);
  return {
    row: (row) => model.lifeLabel(row.life).toLowerCase().includes(text) || inStack(row),
    call: (call) => names[data.traced.name[call]!] === true,
  };
}

/** Which strings hold a text. */
const holding = ({ strings }: PageData, text: string): readonly boolean[] =>
  strings.map((string) => string.toLowerCase().includes(text));

const anySpan =
  (test: (span: number) => boolean) =>
  ({ first, end }: Row): boolean => {
    for (let span = first; span < end; span++) if (test(span)) return true;
    return false;
  };
