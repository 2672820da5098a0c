import { drawCalls } from './call-lanes.ts';
import { AXIS, BAR, cut, type Drawing, LABELS, NAME_WIDTH, ROW, xOf, yOf } from './drawing.ts';
import { KINDS } from './kinds.ts';
import type { Row } from './model.ts';
import { drawStrip, periodsWithin } from './runtime-strip.ts';
import { axisTime, niceStep } from './words.ts';

/** Spans that are looked at to say what colour a pixel with many of them has. */
const LOOKED_AT = 6;
const MOST_ARROWS = 400;

/** Draws what is in view. What it costs depends on pixels: of what is narrower than one, a few spans are looked at. */
export function drawTimeline(drawing: Drawing): void {
  const { context, width, height, theme, rows, view } = drawing;
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, width, height);
  context.font = '12px system-ui, "DejaVu Sans", sans-serif';
  context.textBaseline = 'middle';
  drawGrid(drawing);
  const first = Math.max(0, Math.floor(view.top / ROW));
  const last = Math.min(rows.length, Math.ceil((view.top + height - view.head) / ROW));
  context.save();
  context.beginPath();
  context.rect(0, view.head, width, height - view.head);
  context.clip();
  if (drawing.selectedRow >= first && drawing.selectedRow < last) {
    context.fillStyle = theme.dark ? '#ffffff12' : '#00305010';
    context.fillRect(0, yOf(drawing.selectedRow, view), width, ROW);
  }
  drawPeriods(drawing);
  for (let row = first; row < last; row++) drawRow(drawing, rows[row]!, yOf(row, view));
  drawArrows(drawing, first, last);
  drawLabels(drawing, first, last);
  context.restore();
  if (drawing.strip.height > 0) drawStrip(drawing, drawing.strip, AXIS);
  drawAxis(drawing);
}

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
  if (row.of === 'calls') {
    drawCalls(drawing, row, top);
    return;
  }
  let i = Math.max(row.first, model.indexAt(row, view.from));
  // The last one before the view may have ended before it.
  if (i < row.end && model.endOf(model.itemAt(row, i)) <= view.from) i++;
  while (i < row.end) {
    const span = model.itemAt(row, i);
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
    const span = model.itemAt(row, i);
    const kind = model.kinds[span]!;
    time[kind] = time[kind]! + model.endOf(span) - model.data.start[span]!;
    if (time[kind]! >= time[best]!) best = kind;
  }
  return best;
}

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

/** The collector's cycles and the times when the world stood still, behind everything as bands. */
function drawPeriods({ context, view, width, height, theme, strip }: Drawing): void {
  const bands = [
    { periods: strip.runtime.collections, fill: theme.dark ? '#d8a04a24' : '#b9770e1f' },
    { periods: strip.runtime.stops, fill: theme.dark ? '#ef6f6140' : '#c4392b33' },
  ];
  for (const { periods, fill } of bands) {
    context.fillStyle = fill;
    let drawn = LABELS;
    const [first, end] = periodsWithin(periods, view.from, view.from + (width - LABELS) * view.scale);
    for (let i = first; i < end; i++) {
      const x = Math.max(drawn, xOf(periods[i]![0], view));
      const right = Math.min(width, Math.max(xOf(periods[i]![0], view) + 1, xOf(periods[i]![1], view)));
      if (right <= x) continue;
      context.fillRect(x, view.head, right - x, height - view.head);
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
  for (let row = first; row < last; row++) if (rows[row]!.of === 'spans') rowOf.set(rows[row]!.life, row);
  const until = view.from + (width - LABELS) * view.scale;
  const selected = rows[selectedRow]?.life ?? -1;
  let left = MOST_ARROWS;
  context.lineWidth = 1;
  for (let row = first; row < last && left > 0; row++) {
    const { first: begin, end, life, of } = rows[row]!;
    if (of !== 'spans') continue;
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
  const { context, rows, view, theme, selectedRow, selectedItem, model, height } = drawing;
  context.fillStyle = theme.paper;
  context.fillRect(0, view.head, LABELS - 1, height - view.head);
  for (let row = first; row < last; row++) {
    const { label, of } = rows[row]!;
    const x = of === 'spans' ? 10 : 24;
    context.fillStyle = row === selectedRow ? theme.ink : theme.soft;
    context.font = `${row === selectedRow ? '600 ' : ''}12px system-ui, "DejaVu Sans", sans-serif`;
    context.fillText(cut(context, label, LABELS - 10 - x), x, yOf(row, view) + ROW / 2);
  }
  const row = rows[selectedRow];
  if (selectedItem < 0 || row === undefined) return;
  const x = Math.max(LABELS, xOf(model.startOfItem(row, selectedItem), view));
  const end = xOf(model.endOfItem(row, selectedItem), view);
  if (end < LABELS || x > drawing.width) return;
  const right = Math.max(x + 2, end);
  context.strokeStyle = theme.ink;
  context.lineWidth = 2;
  context.strokeRect(x, yOf(selectedRow, view) + 2, right - x, ROW - 4);
}

/** Times of the ticks that are seen, and how far they are apart. */
function ticks({ width, view }: Drawing): { readonly times: readonly number[]; readonly step: number } {
  const step = niceStep(view.scale * 90);
  const until = view.from + (width - LABELS) * view.scale;
  const times: number[] = [];
  for (let time = Math.ceil(view.from / step) * step; time <= until; time += step) times.push(time);
  return { times, step };
}

function drawGrid(drawing: Drawing): void {
  const { context, height, view, theme } = drawing;
  context.fillStyle = theme.line;
  context.globalAlpha = 0.5;
  for (const time of ticks(drawing).times) context.fillRect(Math.round(xOf(time, view)), AXIS - 6, 1, height);
  context.globalAlpha = 1;
}

function drawAxis(drawing: Drawing): void {
  const { context, width, height, view, theme } = drawing;
  context.font = '11px system-ui, "DejaVu Sans", sans-serif';
  context.fillStyle = theme.soft;
  const { times, step } = ticks(drawing);
  for (const time of times) {
    const x = Math.round(xOf(time, view)) + 4.5;
    const text = axisTime(time, step, times.at(-1)!);
    if (x + context.measureText(text).width < width) context.fillText(text, x, AXIS / 2);
  }
  context.fillStyle = theme.line;
  context.fillRect(0, AXIS - 1, width, 1);
  context.fillRect(LABELS - 1, 0, 1, height);
}
