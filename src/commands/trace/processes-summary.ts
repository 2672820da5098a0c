import {
  type Analysis,
  durationText,
  type Finding,
  findingsOf,
  isWorse,
} from '../../trace/analysis/index.ts';
import type { TraceProcess } from '../../trace/index.ts';
import { plural } from '../output/text.ts';
import { type Block, type Cell, columnsOf } from './document.ts';

/** One of many processes of a trace, as a line of a table. */
export interface ProcessRow {
  readonly process: TraceProcess;
  readonly events: number;
  readonly goroutines: number;
  /** The worst of what was found, if anything was. */
  readonly worst: Finding | undefined;
  readonly findings: number;
}

export function processRow(process: TraceProcess, analysis: Analysis): ProcessRow {
  const { trace, lives } = analysis.subject;
  const findings = findingsOf(analysis);
  return {
    process,
    events: trace.events.count,
    goroutines: lives.goroutines.length,
    worst: findings[0],
    findings: findings.length,
  };
}

/** Many processes: each has a line, those first in which the most is wrong. `name` and `duration` are of the whole trace. */
export function* processesSummary(
  { name, duration }: { readonly name: string; readonly duration: number },
  rows: readonly ProcessRow[],
  most: number,
): Iterable<Block> {
  const events = rows.reduce((sum, row) => sum + row.events, 0);
  const goroutines = rows.reduce((sum, row) => sum + row.goroutines, 0);
  const counts = `${plural(events, 'event')}, ${plural(goroutines, 'goroutine')}`;
  yield {
    kind: 'lines',
    lines: [
      `${name}: ${durationText(duration)}, ${counts} of ${plural(rows.length, 'process', 'processes')}`,
    ],
  };
  yield { kind: 'heading', text: 'Processes, those first in which the most is wrong' };
  const sorted = [...rows].sort(worstFirst);
  yield {
    kind: 'table',
    columns: columnsOf('>process', '>of', '>from', '>lived', '>events', '>goroutines', 'command', 'found'),
    rows: sorted.slice(0, most).map((row) => cellsOf(row, duration)),
  };
  const more = rows.length - most;
  yield {
    kind: 'lines',
    lines: [
      ...(more > 0 ? [`  … ${more} more: --rows ${rows.length} shows them`] : []),
      '',
      `One of them: --process ${sorted[0]!.process.pid}`,
    ],
  };
}

function worstFirst(a: ProcessRow, b: ProcessRow): number {
  const [x, y] = [a.worst?.severity ?? 'normal', b.worst?.severity ?? 'normal'];
  if (x !== y) return isWorse(x, y) ? -1 : 1;
  return b.findings - a.findings || a.process.begin - b.process.begin;
}

function cellsOf({ process, events, goroutines, worst, findings }: ProcessRow, duration: number): Cell[] {
  const { pid, parent, begin, end, command } = process;
  const others = findings > 1 ? `, and ${findings - 1} more` : '';
  const found = worst === undefined ? '–' : `${worst.severity.toUpperCase()} ${worst.title}${others}`;
  return [
    String(pid),
    String(parent),
    durationText(begin),
    durationText((end ?? duration) - begin),
    String(events),
    String(goroutines),
    command,
    found,
  ];
}
