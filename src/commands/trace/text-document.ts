import type { Place } from '../../trace/analysis/index.ts';
import type { Role, Style } from '../output/style.ts';
import { harmless } from '../output/style.ts';
import type { Block, Cell } from './document.ts';
import { shortFile } from './place-words.ts';

const SEVERITY_ROLES: Readonly<Record<string, Role>> = { high: 'error', medium: 'warning', low: 'comment' };

/** Blocks as lines of text. */
export function* documentText(blocks: Iterable<Block>, style: Style): Iterable<string> {
  for (const block of blocks) {
    switch (block.kind) {
      case 'heading':
        yield '';
        yield style.paint('heading', block.text);
        break;
      case 'lines':
        for (const line of block.lines) yield harmless(line);
        break;
      case 'table':
        yield* tableText(block, style);
        break;
      case 'picture':
        break;
      case 'finding': {
        const label = style.paint(SEVERITY_ROLES[block.severity] ?? 'comment', block.severity.toUpperCase());
        yield `${label} ${harmless(block.title)}`;
        if (block.place !== undefined) yield `     ${placeText(block.place, style)}`;
        for (const line of block.lines) yield `     ${harmless(line)}`;
        break;
      }
    }
  }
}

function* tableText(table: Extract<Block, { kind: 'table' }>, style: Style): Iterable<string> {
  const { columns, rows } = table;
  const texts = rows.map((row) => row.map((cell) => plainText(cell, style)));
  const widths = columns.map(({ title }, i) =>
    texts.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), title.length),
  );
  const line = (cells: readonly string[], painted: (cell: string, column: number) => string): string =>
    cells
      .map((cell, i) => {
        const gap = ' '.repeat(Math.max(0, widths[i]! - cell.length));
        if (columns[i]!.align === 'right') return gap + painted(cell, i);
        return i === cells.length - 1 ? painted(cell, i) : painted(cell, i) + gap;
      })
      .join('  ')
      .trimEnd();
  const titles = columns.map(({ title }) => title);
  yield `  ${line(titles, (text) => style.paint('comment', text))}`;
  for (const [r, row] of rows.entries()) {
    yield `  ${line(texts[r]!, (text, column) => paintedText(row[column]!, text, style))}`;
  }
}

function plainText(cell: Cell, style: Style): string {
  if (typeof cell === 'string') return harmless(cell);
  if ('text' in cell) return harmless(cell.text);
  return cell.place === undefined ? '?' : `${lineOf(cell.place, style)} ${harmless(cell.place.function)}`;
}

function paintedText(cell: Cell, plain: string, style: Style): string {
  if (typeof cell === 'string') return plain;
  if ('text' in cell) return style.paint(cell.role, cell.text);
  return cell.place === undefined ? plain : placeText(cell.place, style);
}

const lineOf = (place: Place, style: Style): string =>
  `${shortFile(place, (file) => style.path(file))}:${place.line}`;

const placeText = (place: Place, style: Style): string =>
  `${lineOf(place, style)} ${style.paint('function', place.function)}`;
