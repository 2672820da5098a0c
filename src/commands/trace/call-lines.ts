import type { CallEnd, OpenCall, Outcome } from '../../trace/calls/call-stacks.ts';
import type { CallStatistics, CallSummary } from '../../trace/calls/call-summary.ts';
import { type CallValues, type NamedShown, valueText } from '../../trace/calls/call-values.ts';
import { ENDED_WORDS } from '../../trace/calls/seen-calls.ts';
import { plainValue } from '../data/variable-row.ts';
import { formatDuration } from '../language/duration.ts';
import { harmless, type Style } from '../output/style.ts';
import { columns, locationText } from '../output/text.ts';

/** A call that began, or one that ended, to be shown. Times are nanoseconds since the tracing began. */
export interface CallHappening {
  readonly call: OpenCall;
  readonly time: number;
  /** Undefined: it begins. */
  readonly end?: CallEnd & { readonly nanoseconds: number };
}

/** Nobody knows how long these took. */
const UNTIMED: ReadonlySet<Outcome> = new Set(['unseen', 'open']);

/** `> goroutine(1): main.add(a = 1, b = 2)`, `>> goroutine(1): main.add => (3) 40ns`; what it calls stands further in. */
export function* callLines(happening: CallHappening, values: CallValues, style: Style): Iterable<string> {
  const { call, end } = happening;
  const { level, goroutine, thread } = call;
  const who = goroutine === 0 ? `thread(${thread})` : `goroutine(${goroutine})`;
  const name = style.paint('function', harmless(values.name(call)));
  const start = `${'  '.repeat(level)}${name}`;
  if (end === undefined) {
    const list = call.function.described ? argumentText(argumentsOf(call, values), style) : '?';
    yield `> ${who}: ${start}(${list})`;
    for (const place of values.stack(call.function.layouts.entry, call.record)) {
      yield `\t${locationText(place, style)}`;
    }
    return;
  }
  const duration = UNTIMED.has(end.outcome) ? '' : ` ${formatDuration(end.nanoseconds)}`;
  const results = resultsOf(call, end, values).map((value) => harmless(valueText(value)));
  const list = call.function.described ? results.join(', ') : '?';
  const result = end.outcome === 'returned' ? `(${list})` : ENDED_WORDS[end.outcome];
  yield `>> ${who}: ${start} => ${result}${duration}`;
}

/** One line for the whole call, where only those are shown that took long. */
export function* wholeCallLines(
  happening: CallHappening,
  values: CallValues,
  style: Style,
): Iterable<string> {
  const { call, end } = happening;
  const [line = '', ...stack] = callLines({ call, time: call.began }, values, style);
  const [ended = ''] = callLines(happening, values, style);
  yield `${line} => ${end === undefined ? '' : ended.slice(ended.indexOf(' => ') + 4)}`;
  yield* stack;
}

function argumentText(values: readonly NamedShown[], style: Style): string {
  return values
    .map((value) => `${style.paint('name', harmless(value.name))} = ${harmless(valueText(value))}`)
    .join(', ');
}

const argumentsOf = (call: OpenCall, values: CallValues): NamedShown[] => values.arguments(call);

const resultsOf = (call: OpenCall, { record }: CallEnd, values: CallValues): NamedShown[] =>
  record === undefined ? [] : values.results(call, record);

/** The same as data. A call that ends says what it was called with, too, if `whole`. */
export function callData({ call, time, end }: CallHappening, values: CallValues, whole: boolean): object {
  const plain = (list: readonly NamedShown[]): object[] =>
    list.map(({ name, value, readLate }) => ({
      name,
      ...plainValue(value),
      ...(readLate ? { readLater: true } : {}),
    }));
  const { layouts } = call.function;
  const common = {
    event: end === undefined ? 'call' : 'return',
    time: Math.round(time),
    goroutine: call.goroutine,
    thread: end?.thread ?? call.thread,
    function: values.name(call),
    level: call.level,
  };
  const begins = {
    arguments: plain(argumentsOf(call, values)),
    ...(layouts.entry.frames > 0
      ? {
          stack: values
            .stack(layouts.entry, call.record)
            .map(({ pc, function: name, position }) => ({ pc, function: name, ...position })),
        }
      : {}),
  };
  if (end === undefined) return { ...common, ...begins };
  return {
    ...common,
    ...(whole ? begins : {}),
    outcome: end.outcome,
    ...(end.outcome === 'returned' ? { results: plain(resultsOf(call, end, values)) } : {}),
    ...(UNTIMED.has(end.outcome) ? {} : { nanoseconds: Math.round(end.nanoseconds) }),
  };
}

const BAR = 40;
/** Functions whose durations are drawn. */
const DRAWN = 5;

/** A table of all functions, and how long the calls of the first of them took. */
export function* summaryLines(summary: CallSummary, style: Style): Iterable<string> {
  const functions = summary.functions();
  if (functions.length === 0) {
    yield 'no call has ended';
    return;
  }
  const time = (nanoseconds: number | undefined): string =>
    nanoseconds === undefined ? '-' : formatDuration(nanoseconds);
  const recursive = functions.some(({ deepest }) => deepest > 1);
  const heads = ['calls', 'total', 'mean', 'p50', 'p99', 'max', 'unwound', 'unseen'];
  const rows = functions.map((each) => [
    String(each.returned + each.unwound + each.unseen),
    time(each.total),
    time(each.returned === 0 ? undefined : each.sum / each.returned),
    time(each.quantile(0.5)),
    time(each.quantile(0.99)),
    time(each.returned === 0 ? undefined : each.longest),
    String(each.unwound),
    String(each.unseen),
    ...(recursive ? [String(each.deepest)] : []),
    harmless(each.function),
  ]);
  const [head = '', ...lines] = columns([[...heads, ...(recursive ? ['deepest'] : []), 'function'], ...rows]);
  yield style.paint('heading', head);
  yield* lines;
  if (recursive) yield 'total: with calls within calls of the same function counted once';
  for (const each of functions.slice(0, DRAWN)) yield* histogramLines(each, style);
}

function* histogramLines(statistics: CallStatistics, style: Style): Iterable<string> {
  const counts = statistics.histogram();
  if (counts.length === 0) return;
  yield '';
  yield style.paint('function', harmless(statistics.function));
  const most = Math.max(...counts.map(({ count }) => count));
  yield* columns(
    counts.map(({ from, count }) => [
      `  from ${formatDuration(from)}`,
      String(count),
      '█'.repeat(Math.ceil((BAR * count) / most)),
    ]),
  );
}

export function summaryData(summary: CallSummary): object {
  return {
    event: 'summary',
    functions: summary.functions().map((each) => ({
      function: each.function,
      returned: each.returned,
      unwound: each.unwound,
      unseen: each.unseen,
      deepest: each.deepest,
      ...(each.returned === 0
        ? {}
        : {
            totalNanoseconds: Math.round(each.total),
            shortest: Math.round(each.shortest),
            p50: Math.round(each.quantile(0.5)!),
            p99: Math.round(each.quantile(0.99)!),
            longest: Math.round(each.longest),
          }),
      histogram: each.histogram(),
    })),
  };
}
