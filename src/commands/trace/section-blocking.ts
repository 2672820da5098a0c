import { hex, runtimeAddress } from '../../base/index.ts';
import type { Analysis, Blocking, Waker } from '../../trace/analysis/index.ts';
import { DISTRIBUTION, distributionCells, moreLines } from './distribution-cells.ts';
import { type Block, type Cell, columnsOf } from './document.ts';
import type { ReportOptions } from './report-options.ts';

export function* blockingBlocks({ blocking }: Analysis, { rows }: ReportOptions): Iterable<Block> {
  yield { kind: 'heading', text: 'Waiting, by reason' };
  yield {
    kind: 'table',
    columns: columnsOf('reason', ...DISTRIBUTION, '>goroutines', '>still'),
    rows: blocking.byReason.map((row) => [
      row.reason,
      ...distributionCells(row.waits),
      String(row.goroutines),
      String(row.stillWaiting),
    ]),
  };
  yield { kind: 'heading', text: 'Waiting, by line' };
  yield placeTable(blocking, rows);
  yield { kind: 'lines', lines: moreLines(blocking.byPlace.length, rows) };
  if (blocking.byObject.length === 0) return;
  yield { kind: 'heading', text: 'Waiting, by channel and lock' };
  yield objectTable(blocking, rows);
  yield { kind: 'lines', lines: moreLines(blocking.byObject.length, rows) };
  yield { kind: 'lines', lines: ownerLines(blocking) };
}

function placeTable({ byPlace }: Blocking, rows: number): Block {
  return {
    kind: 'table',
    columns: columnsOf('reason', ...DISTRIBUTION, '>still', 'line', 'woken most at'),
    rows: byPlace
      .slice(0, rows)
      .map((row) => [
        row.reason,
        ...distributionCells(row.waits),
        String(row.stillWaiting),
        { place: row.place },
        wakerCell(row.wakers),
      ]),
  };
}

function wakerCell([most]: readonly Waker[]): Cell {
  if (most === undefined) return '–';
  if (most.place !== undefined) return { place: most.place };
  return most.goroutine === 0 ? 'the runtime' : `goroutine ${most.goroutine}`;
}

function objectTable({ byObject }: Blocking, rows: number): Block {
  return {
    kind: 'table',
    columns: columnsOf('kind', ...DISTRIBUTION, '>still', 'address', 'lines'),
    rows: byObject
      .slice(0, rows)
      .map((row) => [
        row.kind,
        ...distributionCells(row.waits),
        String(row.stillWaiting),
        row.address === undefined
          ? row.kind === 'select'
            ? 'several'
            : '?'
          : hex(runtimeAddress(row.address)),
        linesOf(row.places),
      ]),
  };
}

const MOST_LINES = 4;

function linesOf(places: Blocking['byObject'][number]['places']): string {
  const texts = places
    .slice(0, MOST_LINES)
    .map(({ file, line }) => `${file.slice(file.lastIndexOf('/') + 1)}:${line}`);
  return texts.join(', ') + (places.length > MOST_LINES ? ', …' : '');
}

function* ownerLines({ byObject }: Blocking): Iterable<string> {
  for (const { owners, places } of byObject) {
    for (const owner of owners) {
      yield `  the lock of ${linesOf(places.slice(0, 1))} may be held by goroutine ${owner.goroutine} (${owner.entry ?? '?'}): ${owner.because}`;
    }
  }
}
