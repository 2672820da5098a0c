import type { Place } from '../../trace/analysis/index.ts';
import { harmless } from '../output/style.ts';
import type { Block, Cell } from './document.ts';
import { shortFile } from './place-words.ts';

const STYLE = `
:root { color-scheme: light dark; font: 14px/1.45 system-ui, sans-serif; }
body { max-width: 78rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } th, td { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top; }
th { font-weight: 600; opacity: .7; } .right { text-align: right; font-variant-numeric: tabular-nums; }
code, pre, td { font-family: ui-monospace, monospace; font-size: .9em; } pre { white-space: pre-wrap; margin: .3rem 0; }
.picture { overflow-x: auto; }
.finding { border-left: .3rem solid gray; padding: .2rem 0 .2rem .8rem; margin: .8rem 0; }
.high { border-color: #c0392b; } .medium { border-color: #d68910; }
`;

/** Blocks as one self-contained page: no script, nothing loaded from elsewhere. */
export function* documentHtml(title: string, blocks: Iterable<Block>): Iterable<string> {
  yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n';
  yield `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">\n`;
  yield `<title>${escaped(title)}</title><style>${STYLE}</style></head><body>\n<h1>${escaped(title)}</h1>\n`;
  for (const block of blocks) yield* blockHtml(block);
  yield '</body></html>\n';
}

function* blockHtml(block: Block): Iterable<string> {
  switch (block.kind) {
    case 'heading':
      yield `<h2>${escaped(block.text)}</h2>\n`;
      break;
    case 'lines':
      yield '<pre>';
      for (const line of block.lines) yield `${escaped(line)}\n`;
      yield '</pre>\n';
      break;
    case 'table':
      yield* tableHtml(block);
      break;
    case 'picture':
      yield '<div class="picture">';
      for (const line of block.svg) yield `${line}\n`;
      yield '</div>\n';
      break;
    case 'finding': {
      const where = block.place === undefined ? '' : `<div>${placeHtml(block.place)}</div>`;
      yield `<div class="finding ${escaped(block.severity)}"><strong>${escaped(block.title)}</strong> (${escaped(block.severity)})${where}`;
      yield `<pre>${block.lines.map(escaped).join('\n')}</pre></div>\n`;
      break;
    }
  }
}

function* tableHtml({ columns, rows }: Extract<Block, { kind: 'table' }>): Iterable<string> {
  const side = (column: number): string => (columns[column]?.align === 'right' ? ' class="right"' : '');
  yield '<table><thead><tr>';
  for (const [i, { title }] of columns.entries()) yield `<th${side(i)}>${escaped(title)}</th>`;
  yield '</tr></thead><tbody>\n';
  for (const row of rows)
    yield `<tr>${row.map((cell, i) => `<td${side(i)}>${cellHtml(cell)}</td>`).join('')}</tr>\n`;
  yield '</tbody></table>\n';
}

function cellHtml(cell: Cell): string {
  if (typeof cell === 'string') return escaped(cell);
  if ('text' in cell) return escaped(cell.text);
  return cell.place === undefined ? '?' : placeHtml(cell.place);
}

const placeHtml = (place: Place): string =>
  `<code title="${escaped(place.file)}">${escaped(shortFile(place, (file) => file))}:${place.line}</code> ${escaped(place.function)}`;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => harmless(text).replace(/[&<>"']/g, (char) => ESCAPES[char]!);
