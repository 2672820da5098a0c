import { hex, type RuntimeAddress } from '../../base/index.ts';
import type { Location } from '../../golang/index.ts';
import type { SourcePosition } from '../../image/index.ts';
import { shared } from './json.ts';
import type { Style } from './style.ts';

/** `0x00000000004cdfc9`: a code address in a column. */
export const wideHex = (address: number): string => `0x${address.toString(16).padStart(16, '0')}`;

export const functionName = (location: { readonly function: string | undefined }): string =>
  location.function ?? '?';

/** `./main.go:93`, or `?` where the program does not say. */
export function positionText(position: SourcePosition | undefined, style: Style): string {
  if (position === undefined) return '?';
  return `${style.paint('path', style.path(position.file))}:${position.line}`;
}

interface KeptText {
  readonly style: Style;
  readonly location: Location;
  readonly text: string;
}

/** By the low bits of their addresses: a list asks for the same few again and again. A power of two. */
const RECENT = 256;
const recentTexts: (KeptText | undefined)[] = new Array(RECENT).fill(undefined);

/** A million goroutines are in a handful of places: their texts are made once. */
const keptTexts = new WeakMap<Style, Map<number, KeptText>>();
const MOST_KEPT = 4096;

/** `./main.go:93 main.inner (0x4cdfc9)` */
export function locationText(location: Location, style: Style): string {
  if (location.pc === 0) return '?';
  const place = location.pc % RECENT;
  const recent = recentTexts[place];
  if (recent !== undefined && recent.location === location && recent.style === style) return recent.text;
  const kept = keptText(location, style);
  recentTexts[place] = kept;
  return kept.text;
}

function keptText(location: Location, style: Style): KeptText {
  let texts = keptTexts.get(style);
  if (texts === undefined || texts.size > MOST_KEPT) {
    texts = new Map();
    keptTexts.set(style, texts);
  }
  const kept = texts.get(location.pc);
  // One pc can be in different places: as a return address it belongs to the instruction before.
  if (kept !== undefined && isSame(kept.location, location)) return kept;
  const made = { style, location, text: makeLocationText(location, style) };
  texts.set(location.pc, made);
  return made;
}

const isSame = (a: Location, b: Location): boolean =>
  a === b ||
  (a.function === b.function &&
    a.position?.line === b.position?.line &&
    a.position?.file === b.position?.file);

function makeLocationText(location: Location, style: Style): string {
  const name = style.paint('function', functionName(location));
  const place = location.position === undefined ? '' : `${positionText(location.position, style)} `;
  return `${place}${name} ${style.paint('address', `(${hex(location.pc)})`)}`;
}

/** A location as data. */
export interface LocationRow {
  readonly pc: RuntimeAddress;
  readonly function: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
}

const keptRows = new Map<number, { readonly location: Location; readonly row: LocationRow }>();

/** As for texts: the same place is the same row. */
export function locationRow(location: Location): LocationRow {
  const kept = keptRows.get(location.pc);
  if (kept !== undefined && isSame(kept.location, location)) return kept.row;
  if (keptRows.size > MOST_KEPT) keptRows.clear();
  const row = shared({
    pc: location.pc,
    function: location.function,
    file: location.position?.file,
    line: location.position?.line,
  });
  keptRows.set(location.pc, { location, row });
  return row;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** Rows in aligned columns, two spaces apart; the last column is not padded. Cells must be unpainted. */
export function* columns(
  rows: readonly (readonly string[])[],
  paint: (cell: string, column: number) => string = (cell) => cell,
): Iterable<string> {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  for (const row of rows) {
    const cells = row.map((cell, i) => {
      const padding = i === row.length - 1 ? '' : ' '.repeat(widths[i]! - cell.length + 2);
      return paint(cell, i) + padding;
    });
    yield cells.join('');
  }
}

export function* indented(lines: Iterable<string>, by: string): Iterable<string> {
  for (const piece of lines)
    if (piece.includes('\n')) yield* indented(piece.split('\n'), by);
    else yield piece === '' ? '' : by + piece;
}
