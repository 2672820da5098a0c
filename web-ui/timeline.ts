import { KINDS } from './kinds.ts';
import type { Model, Row } from './model.ts';
import { axisTime, niceStep } from './words.ts';

export const ROW = 20;
const BAR = 14;
export const AXIS = 24;
export const LABELS = 210;
/** Spans that are looked at to say what colour a pixel with many of them has. */
const LOOKED_AT = 6;
const MOST_ARROWS = 400;

export interface View {
  /** Time at the left edge of the bars, and nanoseconds a pixel. */
  from: number;
  scale: number;
  /** Pixels that are scrolled away above. */
  top: number;
}

export interface Theme {
  readonly dark: boolean;
  readonly paper: string;
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
}

export interface Drawing {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  readonly model: Model;
  readonly rows: readonly Row[];
  readonly view: View;
  /** Only this kind in full colour; −1: all. */
  readonly kind: number;
  readonly selectedRow: number;
  readonly selectedSpan: number;
}

/** Draws what is in view. What it costs depends on pixels: of what is narrower than one, a few spans are looked at. */
export function drawTimeline(drawing: Drawing): void {
  const { context, width, height, theme, rows, view } = drawing;
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, width, height);
  context.font = '12px system-ui, "DejaVu Sans", sans-serif';
  context.textBaseline = 'middle';
  const first = Math.max(0, Math.floor(view.top / ROW));
  const last = Math.min(rows.length, Math.ceil((view.top + height - AXIS) / ROW));
  context.save();
  context.beginPath();
  context.rect(0, AXIS, width, height - AXIS);
  context.clip();
  if (drawing.selectedRow >= first && drawing.selectedRow < last) {
    context.fillStyle = theme.dark ? '#ffffff12' : '#00305010';
    context.fillRect(0, yOf(drawing.selectedRow, view), width, ROW);
  }
  for (let row = first; row < last; row++) drawRow(drawing, rows[row]!, yOf(row, view));
  drawPeriods(drawing);
  drawArrows(drawing, first, last);
  drawLabels(drawing, first, last);
  context.restore();
  drawAxis(drawing);
}

export const yOf = (row: number, view: View): number => AXIS + row * ROW - view.top;
export const xOf = (time: number, view: View): number => LABELS + (time - view.from) / view.scale;

function colour({ theme, kind }: Drawing, of: number): string {
  const { light, dark } = KINDS[of]!;
  const full = theme.dark ? dark : light;
  return kind < 0 || kind === of ? full : `${full}28`;
}

function drawRow(drawing: Drawing, row: Row, y: number): void {
  const { context, model, view, width } = drawing;
  const { data, kinds } = model;
  const until = view.from + (width - LABELS) * view.scale;
  const top = y + (ROW - BAR) / 2;
  let i = Math.max(row.first, model.indexAt(row, view.from));
  // The last one before the view may have ended before it.
  if (i < row.end && model.endOf(model.spanAt(row, i)) <= view.from) i++;
  while (i < row.end) {
    const span = model.spanAt(row, i);
    const start = data.start[span]!;
    if (start > until) break;
    const end = model.endOf(span);
    const x = Math.max(LABELS, xOf(start, view));
    const right = Math.min(width, xOf(end, view));
    if (right - x >= 1) {
      context.fillStyle = colour(drawing, kinds[span]!);
      context.fillRect(x, top, right - x > 3 ? right - x - 0.5 : right - x, BAR);
      drawName(drawing, span, x, right, top);
      i++;
      continue;
    }
    // Many in one pixel: the kind that has most of the time among a few of them.
    const pixel = Math.floor(x);
    const next = view.from + (pixel + 1 - LABELS) * view.scale;
    const beyond = Math.min(row.end, Math.max(i + 1, model.indexAt(row, next)));
    context.fillStyle = colour(drawing, dominant(drawing, row, i, beyond));
    context.fillRect(pixel, top, 1, BAR);
    i = beyond;
  }
}

function dominant({ model }: Drawing, row: Row, from: number, to: number): number {
  const step = Math.max(1, Math.floor((to - from) / LOOKED_AT));
  const time = new Float64Array(KINDS.length);
  let best = 0;
  for (let i = from; i < to; i += step) {
    const span = model.spanAt(row, i);
    const kind = model.kinds[span]!;
    time[kind] = time[kind]! + model.endOf(span) - model.data.start[span]!;
    if (time[kind]! >= time[best]!) best = kind;
  }
  return best;
}

const NAME_WIDTH = 60;
/** On which dark letters are read better: runnable, select, sleep, unknown. */
const LIGHT_KINDS: ReadonlySet<number> = new Set([1, 4, 7, 10]);

function drawName(
  { context, model, rows, theme }: Drawing,
  span: number,
  x: number,
  right: number,
  top: number,
): void {
  if (right - x < NAME_WIDTH) return;
  const text =
    rows[0]?.order === undefined ? model.stateText(span) : model.lifeLabel(model.lifeOfSpan[span]!);
  context.fillStyle = theme.dark || LIGHT_KINDS.has(model.kinds[span]!) ? '#10161c' : '#fff';
  context.fillText(cut(context, text, right - x - 8), x + 4, top + BAR / 2 + 0.5);
}

/** As much of a text as there is room for; a character is about 6 pixels wide. */
function cut(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  const length = Math.max(0, Math.floor((text.length * room) / context.measureText(text).width) - 1);
  return length < 3 ? '' : `${text.slice(0, length)}…`;
}

/** The collector's cycles and the times when the world stood still, behind everything as bands. */
function drawPeriods({ context, model, view, width, height, theme }: Drawing): void {
  const bands = [
    { periods: model.data.collections, fill: theme.dark ? '#d8a04a24' : '#b9770e1f' },
    { periods: model.data.stops, fill: theme.dark ? '#ef6f6140' : '#c4392b33' },
  ];
  for (const { periods, fill } of bands) {
    context.fillStyle = fill;
    let drawn = -1;
    for (const [begin, end] of periods) {
      const x = Math.max(LABELS, xOf(begin, view));
      const right = Math.min(width, Math.max(x + 1, xOf(end, view)));
      if (right <= drawn || right < LABELS || x > width) continue;
      context.fillRect(Math.max(x, drawn), AXIS, right - Math.max(x, drawn), height - AXIS);
      drawn = right;
    }
  }
}

/** From who woke to who was woken: of the selected goroutine, and of all where there are few enough to be seen. */
function drawArrows(drawing: Drawing, first: number, last: number): void {
  const { context, model, rows, view, width, theme, selectedRow } = drawing;
  if (rows[0]?.order !== undefined) return;
  const { data } = model;
  const rowOf = new Map<number, number>();
  for (let row = first; row < last; row++) rowOf.set(rows[row]!.life, row);
  const until = view.from + (width - LABELS) * view.scale;
  const selected = rows[selectedRow]?.life ?? -1;
  let left = MOST_ARROWS;
  context.lineWidth = 1;
  for (let row = first; row < last && left > 0; row++) {
    const { first: begin, end, life } = rows[row]!;
    const from = Math.max(begin, model.indexAt(rows[row]!, view.from));
    const to = Math.min(end, model.indexAt(rows[row]!, until) + 1);
    // Too many to be told apart: none are drawn of this one.
    if (to - from > 120 && life !== selected) continue;
    for (let span = from; span < to && left > 0; span++) {
      const waker = data.waker[span]! - 1;
      const other = waker < 0 ? undefined : rowOf.get(waker);
      if (other === undefined) continue;
      const mine = life === selected || waker === selected;
      const x = xOf(model.endOf(span), view);
      if (x < LABELS || x > width) continue;
      left--;
      context.strokeStyle = mine ? theme.ink : theme.soft;
      context.globalAlpha = mine ? 1 : 0.45;
      arrow(context, x, yOf(other, view) + ROW / 2, yOf(row, view) + ROW / 2);
    }
  }
  context.globalAlpha = 1;
}

function arrow(context: CanvasRenderingContext2D, x: number, from: number, to: number): void {
  const head = to > from ? -4 : 4;
  context.beginPath();
  context.moveTo(x, from);
  context.lineTo(x, to);
  context.moveTo(x - 3, to + head);
  context.lineTo(x, to);
  context.lineTo(x + 3, to + head);
  context.stroke();
}

function drawLabels(drawing: Drawing, first: number, last: number): void {
  const { context, rows, view, theme, selectedRow, selectedSpan, model, height } = drawing;
  context.fillStyle = theme.paper;
  context.fillRect(0, AXIS, LABELS - 1, height - AXIS);
  for (let row = first; row < last; row++) {
    context.fillStyle = row === selectedRow ? theme.ink : theme.soft;
    context.font = `${row === selectedRow ? '600 ' : ''}12px system-ui, "DejaVu Sans", sans-serif`;
    context.fillText(cut(context, rows[row]!.label, LABELS - 20), 10, yOf(row, view) + ROW / 2);
  }
  if (selectedSpan < 0 || selectedRow < 0) return;
  const x = Math.max(LABELS, xOf(model.data.start[selectedSpan]!, view));
  const right = Math.max(x + 2, xOf(model.endOf(selectedSpan), view));
  context.strokeStyle = theme.ink;
  context.lineWidth = 2;
  context.strokeRect(x, yOf(selectedRow, view) + 2, right - x, ROW - 4);
}

function drawAxis({ context, width, height, view, theme }: Drawing): void {
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, width, AXIS);
  context.font = '11px system-ui, "DejaVu Sans", sans-serif';
  const step = niceStep(view.scale * 90);
  const until = view.from + (width - LABELS) * view.scale;
  for (let time = Math.ceil(view.from / step) * step; time <= until; time += step) {
    const x = Math.round(xOf(time, view)) + 0.5;
    context.fillStyle = theme.soft;
    context.fillText(axisTime(time, step), x + 4, AXIS / 2);
    context.fillStyle = theme.line;
    context.globalAlpha = 0.5;
    context.fillRect(x, AXIS - 6, 1, height);
    context.globalAlpha = 1;
  }
  context.fillStyle = theme.line;
  context.fillRect(0, AXIS - 1, width, 1);
  context.fillRect(LABELS - 1, 0, 1, height);
}
