import { type Analysis, durationText, percent, type Scheduling } from '../../trace/analysis/index.ts';
import { plural } from '../output/text.ts';
import { DISTRIBUTION, distributionCells, moreLines } from './distribution-cells.ts';
import { type Block, columnsOf } from './document.ts';
import type { ReportOptions } from './report-options.ts';

export function* schedulingBlocks({ scheduling }: Analysis, { rows }: ReportOptions): Iterable<Block> {
  yield { kind: 'heading', text: 'From runnable to running' };
  yield {
    kind: 'table',
    columns: columnsOf('because it was', ...DISTRIBUTION),
    rows: [
      ...scheduling.byCause.map(({ cause, latency }) => [cause, ...distributionCells(latency)]),
      ['all', ...distributionCells(scheduling.latency)],
    ],
  };
  yield { kind: 'lines', lines: ['', ...bars(scheduling), ''] };
  yield {
    kind: 'table',
    columns: columnsOf('goroutines of', ...DISTRIBUTION),
    rows: scheduling.byEntry
      .slice(0, rows)
      .map(({ entry, latency }) => [entry ?? '?', ...distributionCells(latency)]),
  };
  yield { kind: 'lines', lines: moreLines(scheduling.byEntry.length, rows) };
  const { count, perSecond, byPlace } = scheduling.preemptions;
  yield {
    kind: 'lines',
    lines: ['', `  ${plural(count, 'preemption')}, ${perSecond.toFixed(1)} per second`],
  };
  if (count === 0) return;
  yield {
    kind: 'table',
    columns: columnsOf('>preempted', 'in'),
    rows: byPlace.slice(0, rows).map((row) => [String(row.count), { place: row.place }]),
  };
}

const WIDTH = 40;

function* bars({ histogram }: Scheduling): Iterable<string> {
  const most = Math.max(1, ...histogram.map(({ count }) => count));
  const isFull = ({ count }: { readonly count: number }): boolean => count > 0;
  // From the first that has any to the last.
  for (const { belowNs, count } of histogram.slice(
    histogram.findIndex(isFull),
    histogram.findLastIndex(isFull) + 1,
  )) {
    const bar = '█'.repeat(Math.ceil((count / most) * WIDTH));
    yield `  < ${durationText(belowNs).padStart(7)} ${bar.padEnd(WIDTH)} ${count}`;
  }
}

/** Eighths of a block, for utilisation over time. */
const LEVELS = '▁▂▃▄▅▆▇█';

export function* processorBlocks({ processors }: Analysis): Iterable<Block> {
  yield {
    kind: 'heading',
    text: `Processors (${processors.gomaxprocsKnown ? `GOMAXPROCS ${processors.gomaxprocs}` : `${processors.gomaxprocs} seen`})`,
  };
  const { steals, utilisation, meanUtilisation, unevenness } = processors;
  yield {
    kind: 'table',
    columns: columnsOf('>P', '>running', '>in syscalls', '>runs', '>stolen', '>stolen/s', '>from elsewhere'),
    rows: processors.processors.map((row) => [
      String(row.processor),
      durationText(row.runningNs),
      durationText(row.syscallNs),
      String(row.runs),
      steals.known ? String(row.stolen) : '?',
      steals.known ? row.stolenPerSecond.toFixed(1) : '?',
      String(row.fromElsewhere),
    ]),
  };
  const curve = utilisation.map((share) => LEVELS[Math.min(7, Math.floor(share * 8))]).join('');
  yield {
    kind: 'lines',
    lines: [
      `  utilisation${processors.gomaxprocsKnown ? '' : ' of those seen'} ${percent(meanUtilisation)}  ${curve}`,
      `  the busiest P ran ${percent(unevenness)} longer than the mean`,
      steals.known
        ? `  ${plural(steals.count, 'steal')}, ${steals.perSecond.toFixed(1)} per second`
        : `  steals are not in a trace of Go's own; ${plural(steals.fromElsewhere, 'time')} a goroutine ran on another P than it became runnable on`,
    ],
  };
}
