import type { PageRuntime, Period, Series } from '../src/trace/export/page-runtime.ts';
import { cut, type Drawing, LABELS, type Theme, xOf } from './drawing.ts';
import { bytes, duration } from './words.ts';

/**
 * What the runtime did, between the axis and the rows: collections and stops of the world, GOMAXPROCS where it changes,
 * and live heap against the heap's goal.
 */
export interface Strip {
  readonly runtime: PageRuntime;
  /** Whose it is, of a trace of several processes. */
  readonly process: string;
  readonly heap: Curve;
  readonly goal: Curve;
  readonly lanes: readonly { readonly kind: 'collector' | 'processors' | 'heap'; readonly y: number }[];
  readonly height: number;
}

const LANE = 18;
const GRAPH = 52;
/** Of values that are looked through at once. */
const BLOCK = 64;
/** Pixels beside a band that still mean it. */
const NEAR = 3;

export const HEAP_COLOURS = {
  heap: { light: '#2f74c0', dark: '#5a9fe6' },
  goal: { light: '#b9770e', dark: '#e8b93a' },
  collection: { light: '#e3b45c', dark: '#8a6a2c' },
  stop: { light: '#c4392b', dark: '#ef6f61' },
} as const;

/** A series of which the greatest value within any time is found in few steps. */
export class Curve {
  readonly #series: Series;
  readonly #blocks: Float64Array;
  readonly most: number;

  constructor(series: Series) {
    this.#series = series;
    this.#blocks = new Float64Array(Math.ceil(series.value.length / BLOCK));
    series.value.forEach((value, i) => {
      const block = Math.floor(i / BLOCK);
      this.#blocks[block] = Math.max(this.#blocks[block]!, value);
    });
    this.most = this.#blocks.reduce((most, value) => Math.max(most, value), 0);
  }

  get known(): boolean {
    return this.#series.time.length > 0;
  }

  /** The last value of a time or before; undefined: none is known yet. */
  at(time: number): number | undefined {
    return this.#series.value[this.#after(time) - 1];
  }

  /** The greatest that it was from one time until another. */
  mostWithin(from: number, until: number): number | undefined {
    const { value } = this.#series;
    const end = this.#after(until);
    let i = Math.max(0, this.#after(from) - 1);
    if (i >= end) return undefined;
    let most = 0;
    while (i < end) {
      if (i % BLOCK === 0 && i + BLOCK <= end) {
        most = Math.max(most, this.#blocks[i / BLOCK]!);
        i += BLOCK;
      } else most = Math.max(most, value[i++]!);
    }
    return most;
  }

  /** Between two looks: on the line from one to the other. `exact`: somebody looked then. */
  between(from: number, until: number): { readonly value: number; readonly exact: boolean } | undefined {
    const { time, value } = this.#series;
    const after = this.#after(from);
    const [before, next] = [value[after - 1], value[after]];
    if (after < this.#after(until) || before === undefined || next === undefined) {
      const most = this.mostWithin(from, until);
      return most === undefined ? undefined : { value: most, exact: after < this.#after(until) };
    }
    const share = (from - time[after - 1]!) / (time[after]! - time[after - 1]!);
    return { value: before + share * (next - before), exact: share === 0 };
  }

  #after(time: number): number {
    return behind(this.#series.time.length, (i) => this.#series.time[i]! <= time);
  }
}

/** The first of so many for which it is not true any more. */
function behind(count: number, test: (i: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (test(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function makeStrip(runtime: PageRuntime, process: string): Strip {
  const [heap, goal] = [new Curve(runtime.heap), new Curve(runtime.goal)];
  const lanes: { kind: 'collector' | 'processors' | 'heap'; y: number }[] = [];
  let height = 0;
  const add = (kind: 'collector' | 'processors' | 'heap', room: number): void => {
    lanes.push({ kind, y: height });
    height += room;
  };
  if (runtime.collections.length + runtime.stops.length > 0) add('collector', LANE);
  if (runtime.processors.time.length > 1) add('processors', LANE);
  if (heap.known || goal.known) add('heap', GRAPH);
  return { runtime, process, heap, goal, lanes, height: height === 0 ? 0 : height + 1 };
}

/** Those that are seen of some that follow each other: [first, end). */
export function periodsWithin(periods: readonly Period[], from: number, until: number): [number, number] {
  return [
    behind(periods.length, (i) => periods[i]![1] < from),
    behind(periods.length, (i) => periods[i]![0] <= until),
  ];
}

export function drawStrip(drawing: Drawing, strip: Strip, top: number): void {
  const { context, width, theme } = drawing;
  context.fillStyle = theme.paper;
  context.fillRect(0, top, LABELS, strip.height);
  context.font = '11px system-ui, "DejaVu Sans", sans-serif';
  for (const { kind, y } of strip.lanes) {
    if (kind === 'collector') drawCollector(drawing, strip, top + y);
    else if (kind === 'processors') drawProcessors(drawing, strip, top + y);
    else drawHeap(drawing, strip, top + y);
  }
  context.fillStyle = theme.line;
  context.fillRect(0, top + strip.height - 1, width, 1);
}

function label({ context, theme }: Drawing, text: string, y: number, swatch?: string): void {
  context.fillStyle = theme.soft;
  const x = swatch === undefined ? 10 : 24;
  context.fillText(cut(context, text, LABELS - x - 8), x, y);
  if (swatch === undefined) return;
  context.fillStyle = swatch;
  context.fillRect(10, y - 4, 9, 9);
}

const shade = (theme: Theme, { light, dark }: { readonly light: string; readonly dark: string }): string =>
  theme.dark ? dark : light;

function drawCollector(drawing: Drawing, { runtime, process }: Strip, y: number): void {
  const { theme, model } = drawing;
  label(drawing, `${process}collector`, y + LANE / 2);
  drawBand(drawing, runtime.collections, y, shade(theme, HEAP_COLOURS.collection), (cycle) => `GC ${cycle}`);
  drawBand(
    drawing,
    runtime.stops,
    y,
    shade(theme, HEAP_COLOURS.stop),
    (reason) => `stopped: ${model.data.strings[reason] || 'why is not known'}`,
  );
}

function drawBand(
  { context, view, width, theme }: Drawing,
  periods: readonly Period[],
  y: number,
  fill: string,
  textOf: (what: number) => string,
): void {
  const [first, end] = periodsWithin(periods, view.from, view.from + (width - LABELS) * view.scale);
  let drawn = LABELS;
  for (let i = first; i < end; i++) {
    const [begin, until, what] = periods[i]!;
    const x = Math.max(drawn, xOf(begin, view));
    const right = Math.min(width, Math.max(xOf(until, view), xOf(begin, view) + 1));
    if (right <= x) continue;
    context.fillStyle = fill;
    context.fillRect(x, y + 2, right - x, LANE - 4);
    drawn = right;
    if (right - x < 44) continue;
    context.fillStyle = theme.dark && fill === HEAP_COLOURS.collection.dark ? '#f2f4f6' : '#10161c';
    if (!theme.dark && fill === HEAP_COLOURS.stop.light) context.fillStyle = '#fff';
    context.fillText(cut(context, textOf(what), right - x - 8), x + 4, y + LANE / 2 + 0.5);
  }
}

function drawProcessors(drawing: Drawing, { runtime }: Strip, y: number): void {
  const { context, view, width, theme } = drawing;
  label(drawing, 'GOMAXPROCS', y + LANE / 2);
  const { time, value } = runtime.processors;
  for (let i = 0; i < time.length; i++) {
    const x = Math.max(LABELS, xOf(time[i]!, view));
    const right = Math.min(width, i + 1 < time.length ? xOf(time[i + 1]!, view) : width);
    if (right <= x) continue;
    context.fillStyle = theme.dark ? '#39444f' : '#dde5ec';
    context.fillRect(x, y + 2, Math.max(1, right - x - 1), LANE - 4);
    context.fillStyle = theme.ink;
    if (right - x > 16) context.fillText(String(value[i]), x + 4, y + LANE / 2 + 0.5);
  }
}

function drawHeap(drawing: Drawing, { heap, goal }: Strip, y: number): void {
  const { context, view, width, theme } = drawing;
  const most = Math.max(heap.most, goal.most, 1);
  const [floor, room] = [y + GRAPH - 4, GRAPH - 10];
  const heightOf = (value: number): number => floor - (value / most) * room;
  const [heapColour, goalColour] = [shade(theme, HEAP_COLOURS.heap), shade(theme, HEAP_COLOURS.goal)];
  label(drawing, `live heap, at most ${bytes(heap.most)}`, y + 15, heapColour);
  if (goal.known) label(drawing, `goal, at most ${bytes(goal.most)}`, y + 35, goalColour);
  const heapAt = (from: number, until: number) => heap.between(from, until)?.value;
  const trail = (valueAt: ValueAt): Path2D => {
    const path = new Path2D();
    let begun = false;
    for (let x = LABELS; x < width; x++) {
      const from = view.from + (x - LABELS) * view.scale;
      const value = valueAt(from, from + view.scale);
      if (value === undefined) continue;
      if (begun) path.lineTo(x, heightOf(value));
      else path.moveTo(x, heightOf(value));
      begun = true;
    }
    return path;
  };
  const line = trail(heapAt);
  context.save();
  context.beginPath();
  context.rect(LABELS, y, width - LABELS, GRAPH);
  context.clip();
  context.globalAlpha = theme.dark ? 0.28 : 0.16;
  context.fillStyle = heapColour;
  fillUnder(drawing, heapAt, heightOf, floor);
  context.globalAlpha = 1;
  context.lineWidth = 1.2;
  context.strokeStyle = heapColour;
  context.stroke(line);
  context.strokeStyle = goalColour;
  context.setLineDash([5, 3]);
  context.stroke(trail((from, until) => goal.mostWithin(from, until)));
  context.restore();
}

/** The value of a pixel's time. */
type ValueAt = (from: number, until: number) => number | undefined;

function fillUnder(
  { context, view, width }: Drawing,
  valueAt: ValueAt,
  heightOf: (value: number) => number,
  floor: number,
): void {
  for (let x = LABELS; x < width; x++) {
    const from = view.from + (x - LABELS) * view.scale;
    const value = valueAt(from, from + view.scale);
    if (value !== undefined) context.fillRect(x, heightOf(value), 1, floor - heightOf(value));
  }
}

/** What is at a place of the strip, in words. */
export function stripTip(
  { model, view }: Pick<Drawing, 'model' | 'view'>,
  strip: Strip,
  x: number,
  y: number,
): string {
  if (x < LABELS) return '';
  const lane = strip.lanes.findLast((one) => one.y <= y);
  const time = view.from + (x - LABELS) * view.scale;
  const { runtime, heap, goal } = strip;
  if (lane?.kind === 'heap') {
    const [live, aim] = [heap.between(time, time + view.scale), goal.at(time)];
    const parts = [
      live === undefined ? [] : `live heap ${live.exact ? '' : 'about '}${bytes(live.value)}`,
      aim === undefined ? [] : `goal ${bytes(aim)}`,
    ];
    return parts.flat().join('\n');
  }
  if (lane?.kind === 'processors') {
    const at = behind(runtime.processors.time.length, (i) => runtime.processors.time[i]! <= time) - 1;
    return at < 0 ? '' : `GOMAXPROCS ${runtime.processors.value[at]}`;
  }
  const near = NEAR * view.scale;
  const stop = longest(runtime.stops, time - near, time + near);
  const cycle = longest(runtime.collections, time, time);
  const reason = stop === undefined ? '' : model.data.strings[stop.period[2]];
  return [
    ...(cycle === undefined ? [] : [`GC ${cycle.period[2]}: ${duration(cycle.period[1] - cycle.period[0])}`]),
    ...(stop === undefined
      ? []
      : [`the world stopped for ${duration(stop.period[1] - stop.period[0])}`, reason || 'why is not known']),
    ...(stop !== undefined && stop.others > 0 ? [`and ${stop.others} more within a few pixels`] : []),
  ].join('\n');
}

function longest(
  periods: readonly Period[],
  from: number,
  until: number,
): { readonly period: Period; readonly others: number } | undefined {
  const [first, end] = periodsWithin(periods, from, until);
  const seen = periods.slice(first, end);
  const period = seen.reduce<Period | undefined>(
    (most, one) => (most === undefined || one[1] - one[0] > most[1] - most[0] ? one : most),
    undefined,
  );
  return period && { period, others: seen.length - 1 };
}
