import {
  type Analysis,
  bytesText,
  durationText,
  type GarbageCollection,
  percent,
} from '../../trace/analysis/index.ts';
import { plural } from '../output/text.ts';
import { DISTRIBUTION, distributionCells, moreLines } from './distribution-cells.ts';
import { type Block, columnsOf } from './document.ts';
import type { ReportOptions } from './report-options.ts';

export function* gcBlocks({ gc, processors }: Analysis, { rows }: ReportOptions): Iterable<Block> {
  yield { kind: 'heading', text: `Garbage collection: ${plural(gc.cycles.length, 'cycle')}` };
  if (gc.cycles.length > 0) yield cycleTable(gc, rows);
  yield { kind: 'lines', lines: moreLines(gc.cycles.length, rows) };
  if (gc.stopTheWorld.length > 0) {
    yield { kind: 'heading', text: 'The world stood still' };
    yield {
      kind: 'table',
      columns: columnsOf('for', ...DISTRIBUTION),
      rows: gc.stopTheWorld.map(({ reason, pauses }) => [
        reason || '(not told)',
        ...distributionCells(pauses),
      ]),
    };
  }
  if (gc.assists.length > 0) {
    yield { kind: 'heading', text: 'Who paid by mark assists' };
    yield {
      kind: 'table',
      columns: columnsOf('goroutines of', '>running', ...DISTRIBUTION),
      rows: gc.assists
        .slice(0, rows)
        .map(({ entry, assists, runningNs }) => [
          entry ?? '?',
          durationText(runningNs),
          ...distributionCells(assists),
        ]),
    };
    yield { kind: 'lines', lines: moreLines(gc.assists.length, rows) };
  }
  yield { kind: 'lines', lines: summary(gc, processors.gomaxprocsKnown) };
}

/** Our probes do not see the heap: what is unknown of all of them has no columns. */
function cycleTable({ cycles }: GarbageCollection, rows: number): Block {
  const heap = (bytes: number | undefined): string => (bytes === undefined ? '?' : bytesText(bytes));
  const isTold = cycles.some((cycle) => cycle.heapAfterBytes !== undefined);
  return {
    kind: 'table',
    columns: columnsOf('>cycle', '>at', '>took', ...(isTold ? ['>heap before', '>after'] : [])),
    rows: cycles
      .slice(0, rows)
      .map((cycle) => [
        String(cycle.number),
        durationText(cycle.atNs),
        durationText(cycle.durationNs),
        ...(isTold ? [heap(cycle.heapBeforeBytes), heap(cycle.heapAfterBytes)] : []),
      ]),
  };
}

/** Where GOMAXPROCS is not told, shares are of the Ps that were seen: the true ones may be smaller. */
function* summary(gc: GarbageCollection, known: boolean): Iterable<string> {
  const { sweeping, mutatorUtilisation } = gc;
  if (gc.cycles.length > 0 || gc.assists.length > 0) {
    yield '';
    yield `  of the time of ${known ? 'all Ps' : 'the Ps seen'}: background workers ${percent(gc.workerShare)}, assists ${percent(gc.assistShare)}`;
  }
  if (sweeping.count > 0)
    yield `  sweeping took ${durationText(sweeping.totalNs)}: ${bytesText(sweeping.sweptBytes)} swept, ${bytesText(sweeping.reclaimedBytes)} reclaimed`;
  if (mutatorUtilisation === undefined) return;
  const windows = mutatorUtilisation.windows.map(
    ({ windowNs, utilisation }) => `${durationText(windowNs)} ${percent(utilisation)}`,
  );
  yield `  minimum mutator utilisation${known ? '' : ' of the Ps seen'}, by window: ${windows.join(', ')}`;
}
