import type { DrawnGraph } from './drawn.ts';
import { isGoroutine, type WaitNode } from './graph.ts';
import { layered } from './layers.ts';
import { certaintyText, edgeText, nodeText, placeText } from './words-of.ts';

const LINE = 17;
const PADDING = 10;
const BETWEEN_ROWS = 34;
const BETWEEN_COLUMNS = 150;
const MARGIN = 24;
/** Of the typeface used, at its size: no text is measured here. */
const CHARACTER = 7.3;
const LONGEST = 44;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly lines: readonly string[];
}

/** The graph as one SVG picture without scripts, fonts or links; its colours follow the reader's light or dark. */
export function* svg(drawn: DrawnGraph): Iterable<string> {
  const { boxes, width, height } = placed(drawn);
  yield `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Who waits for whom">`;
  yield STYLE;
  yield '<defs><marker id="to" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" class="head"/></marker></defs>';
  yield `<rect class="paper" width="${width}" height="${height}"/>`;
  for (const { from, to, edge, told } of drawn.edges) {
    const classes = `edge ${edge.confidence}${told ? ' told' : ''}`;
    const { path, x, y } = route(boxes[from]!, boxes[to]!);
    yield `<path class="${classes}" d="${path}" marker-end="url(#to)"><title>${escaped(certaintyText(edge))}</title></path>`;
    yield `<text class="label" x="${x}" y="${y}" text-anchor="middle">${escaped(edgeText(edge))}</text>`;
  }
  for (const [i, { node, stuck }] of drawn.nodes.entries()) yield* box(boxes[i]!, node, stuck);
  if (drawn.left > 0)
    yield `<text class="label" x="${MARGIN}" y="${height - 8}">${drawn.left} nodes are left out</text>`;
  yield '</svg>';
}

const STYLE = `<style>
svg { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; --paper: #fff; --ink: #1d2733; --soft: #5b6b7c; --box: #eef3f8; --object: #f6f1e4; --stuck: #b3261e }
@media (prefers-color-scheme: dark) { svg { --paper: #14181d; --ink: #e4e9ee; --soft: #93a1af; --box: #222b35; --object: #332d1e; --stuck: #ff8a80 } }
.paper { fill: var(--paper) } text { fill: var(--ink) } .label { fill: var(--soft); font-size: 11px; paint-order: stroke; stroke: var(--paper); stroke-width: 4px }
.box { fill: var(--box); stroke: var(--soft) } .object { fill: var(--object) } .stuck { stroke: var(--stuck); stroke-width: 2.5 } .strong { font-weight: 600 }
.edge { fill: none; stroke: var(--soft); stroke-width: 1.5 } .told { stroke: var(--stuck); stroke-width: 2 } .likely { stroke-dasharray: 7 3 } .possible { stroke-dasharray: 2 4 } .head { fill: var(--soft) }
</style>`;

function linesOf({ node, note }: DrawnGraph['nodes'][number]): string[] {
  const lines = [nodeText(node)];
  if (isGoroutine(node)) lines.push(node.state, placeText(node.place));
  if (note !== undefined) lines.push(note);
  return lines
    .filter((line) => line !== '')
    .map((line) => (line.length > LONGEST ? `…${line.slice(1 - LONGEST)}` : line));
}

function placed(drawn: DrawnGraph): { boxes: readonly Box[]; width: number; height: number } {
  const lines = drawn.nodes.map(linesOf);
  const widthOf = (i: number): number =>
    Math.max(...lines[i]!.map((line) => line.length)) * CHARACTER + 2 * PADDING;
  const heightOf = (i: number): number => lines[i]!.length * LINE + 2 * PADDING - 4;
  const { columns } = layered(drawn.nodes.length, drawn.edges);
  const heights = columns.map((column) =>
    column.reduce((sum, i) => sum + heightOf(i), (column.length - 1) * BETWEEN_ROWS),
  );
  const tallest = Math.max(0, ...heights);
  const boxes: Box[] = new Array(drawn.nodes.length);
  let x = MARGIN;
  columns.forEach((column, at) => {
    let y = MARGIN + (tallest - heights[at]!) / 2;
    const width = Math.max(...column.map(widthOf));
    for (const i of column) {
      boxes[i] = {
        x: Math.round(x),
        y: Math.round(y),
        width: Math.round(width),
        height: heightOf(i),
        lines: lines[i]!,
      };
      y += heightOf(i) + BETWEEN_ROWS;
    }
    x += width + BETWEEN_COLUMNS;
  });
  const width = Math.max(200, Math.round(x - BETWEEN_COLUMNS + MARGIN));
  return { boxes, width, height: Math.round(tallest + 2 * MARGIN + RETURN_ROOM) };
}

/** Below the boxes, for edges that lead back. */
const RETURN_ROOM = 50;

function route(from: Box, to: Box): { path: string; x: number; y: number } {
  const y1 = from.y + from.height / 2;
  const y2 = to.y + to.height / 2;
  if (to.x > from.x) {
    const x1 = from.x + from.width;
    const bend = (to.x - x1) / 2;
    const path = `M${x1} ${y1}C${x1 + bend} ${y1} ${to.x - bend} ${y2} ${to.x} ${y2}`;
    return { path, x: (x1 + to.x) / 2, y: (y1 + y2) / 2 - 5 };
  }
  // Back: out of the bottom, below both, and in from the bottom.
  const x1 = from.x + from.width / 2;
  const x2 = to.x + to.width / 2;
  const below = Math.max(from.y + from.height, to.y + to.height) + 44;
  const path = `M${x1} ${from.y + from.height}C${x1} ${below} ${x2} ${below} ${x2} ${to.y + to.height}`;
  return { path, x: (x1 + x2) / 2, y: below - 14 };
}

function* box({ x, y, width, height, lines }: Box, node: WaitNode, stuck: boolean): Iterable<string> {
  const classes = `box${isGoroutine(node) ? '' : ' object'}${stuck ? ' stuck' : ''}`;
  const radius = isGoroutine(node) ? 4 : height / 2;
  yield `<rect class="${classes}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>`;
  const middle = x + width / 2;
  for (const [i, line] of lines.entries()) {
    const strong = i === 0 ? ' class="strong"' : '';
    yield `<text${strong} x="${middle}" y="${y + PADDING + 10 + i * LINE}" text-anchor="middle">${escaped(line)}</text>`;
  }
}

/** What XML 1.0 does not allow at all is shown as a sign of its own. */
const escaped = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
