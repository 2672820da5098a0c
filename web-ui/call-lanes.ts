import { BAR, cut, type Drawing, LABELS, NAME_WIDTH, xOf } from './drawing.ts';
import { functionColour } from './function-colour.ts';
import type { Row } from './model.ts';
import { firstFrom } from './search.ts';

/** Draws the calls of one depth of one goroutine; `top`: of the bars. Between them is paper. */
export function drawCalls(drawing: Drawing, row: Row, top: number): void {
  const { context, model, view, width, theme } = drawing;
  const { traced, strings } = model.data;
  const until = view.from + (width - LABELS) * view.scale;
  let i = Math.max(row.first, model.indexAt(row, view.from));
  while (i < row.end && traced.start[i]! <= until) {
    const x = Math.max(LABELS, xOf(traced.start[i]!, view));
    const right = Math.min(width, xOf(traced.end[i]!, view));
    if (right < LABELS) {
      i++;
      continue;
    }
    context.fillStyle = functionColour(strings[traced.name[i]!] || '?', theme, false);
    if (right - x >= 1) {
      context.fillRect(x, top, right - x > 3 ? right - x - 0.5 : right - x, BAR);
      drawText(drawing, i, x, right, top);
      i++;
      continue;
    }
    // Many in one pixel: the first of them stands for all.
    const pixel = Math.floor(x);
    context.fillRect(pixel, top, 1, BAR);
    i = Math.max(i + 1, nextPixel(drawing, row, pixel));
  }
  drawFound(drawing, row, top);
}

/** The first call of a row that begins behind a pixel. */
function nextPixel({ model, view }: Drawing, row: Row, pixel: number): number {
  return model.indexAt(row, view.from + (pixel + 1 - LABELS) * view.scale) + 1;
}

function drawText(
  { context, model, theme }: Drawing,
  call: number,
  x: number,
  right: number,
  top: number,
): void {
  if (right - x < NAME_WIDTH) return;
  context.fillStyle = theme.dark ? '#f2f4f6' : '#1c2733';
  context.fillText(cut(context, model.callText(call), right - x - 8), x + 4, top + BAR / 2 + 0.5);
}

/** What the filter found, over the others: each is seen, however narrow. */
function drawFound(drawing: Drawing, row: Row, top: number): void {
  const { context, model, view, width, theme, found } = drawing;
  if (found === undefined || found.length === 0) return;
  const { traced } = model.data;
  const until = view.from + (width - LABELS) * view.scale;
  context.fillStyle = functionColour('', theme, true);
  const end = firstFrom(found, row.end);
  let i = firstFrom(found, Math.max(row.first, model.indexAt(row, view.from)));
  while (i < end && traced.start[found[i]!]! <= until) {
    const call = found[i]!;
    const x = Math.max(LABELS, xOf(traced.start[call]!, view));
    const right = Math.min(width, xOf(traced.end[call]!, view));
    if (right < LABELS) {
      i++;
      continue;
    }
    context.fillRect(x, top, Math.max(1.5, right - x - 0.5), BAR);
    drawText(drawing, call, x, right, top);
    context.fillStyle = functionColour('', theme, true);
    i = right - x >= 1 ? i + 1 : Math.max(i + 1, firstFrom(found, nextPixel(drawing, row, Math.floor(x))));
  }
}
