import { hex, runtimeAddress } from '../../base/index.ts';
import {
  type Analysis,
  durationText,
  type LeakGroup,
  percent,
  type Risk,
} from '../../trace/analysis/index.ts';
import type { Role } from '../output/style.ts';
import { plural } from '../output/text.ts';
import { moreLines } from './distribution-cells.ts';
import { type Block, type Cell, columnsOf } from './document.ts';
import type { ReportOptions } from './report-options.ts';

const ROLES: Readonly<Record<Risk, Role>> = {
  high: 'error',
  medium: 'warning',
  low: 'line',
  normal: 'comment',
};
const riskCell = (risk: Risk): Cell => ({ text: risk, role: ROLES[risk] });

export function* stateBlocks(analysis: Analysis, { atNs }: ReportOptions): Iterable<Block> {
  const { living, states } = analysis.states(atNs);
  const when = atNs === undefined ? 'at the end' : `after ${durationText(atNs)}`;
  if (living === 0) {
    yield { kind: 'heading', text: `No goroutine of the program is left ${when}` };
    return;
  }
  yield {
    kind: 'heading',
    text: `What ${plural(living, 'goroutine')} of the program do${living === 1 ? 'es' : ''} ${when}`,
  };
  yield {
    kind: 'table',
    columns: columnsOf('state', '>count', '>share', 'risk', 'because'),
    rows: states.map(({ state, count, share, risk, because }) => [
      state,
      String(count),
      percent(share),
      riskCell(risk),
      because,
    ]),
  };
}

/** What stood still when the trace began, and does at its end: no event tells of it. */
export function* unmovedBlocks({ leaks }: Analysis, { rows }: ReportOptions): Iterable<Block> {
  const groups = leaks.groups.filter(({ unmoved }) => unmoved > 0);
  if (groups.length === 0) return;
  yield {
    kind: 'heading',
    text: `${leaks.unmoved} of ${plural(leaks.living, 'goroutine')} did not move at all during the trace`,
  };
  yield {
    kind: 'table',
    columns: columnsOf('risk', '>count', 'reason', 'waiting for', 'at', 'started at'),
    rows: groups
      .slice(0, rows)
      .map((group) => [
        riskCell(group.risk),
        String(group.unmoved),
        group.reason,
        addressText(group.addresses),
        { place: group.place },
        startCell(group),
      ]),
  };
  yield { kind: 'lines', lines: moreLines(groups.length, rows) };
  if (groups.some(({ risk }) => risk === 'high' || risk === 'medium'))
    yield {
      kind: 'lines',
      lines: ["  who waits for whom in the program itself: mattock attach PID -c 'goroutines -graph'"],
    };
}

function addressText([first, ...others]: readonly number[]): string {
  if (first === undefined) return '–';
  return `${hex(runtimeAddress(first))}${others.length > 0 ? ', …' : ''}`;
}

const startCell = ({ createdAt, entry }: LeakGroup): Cell =>
  createdAt === undefined ? (entry ?? '?') : { place: createdAt };

export function* leakBlocks(analysis: Analysis, options: ReportOptions): Iterable<Block> {
  const { leaks } = analysis;
  const { rows } = options;
  yield {
    kind: 'heading',
    text: 'Goroutines that wait at the end, by where they come from and where they wait',
  };
  if (leaks.groups.length === 0) {
    yield { kind: 'lines', lines: ['  nobody waits'] };
    return;
  }
  yield {
    kind: 'table',
    columns: columnsOf(
      'risk',
      '>count',
      'at each quarter',
      'reason',
      '>waiting p50',
      '>max',
      '>ended',
      'waits at',
      'started at',
    ),
    rows: leaks.groups
      .slice(0, rows)
      .map((group) => [
        riskCell(group.risk),
        String(group.count),
        group.counts.join(' '),
        group.reason,
        durationText(group.waiting.p50Ns),
        durationText(group.waiting.maxNs),
        String(group.ended.count),
        { place: group.place },
        startCell(group),
      ]),
  };
  yield { kind: 'lines', lines: moreLines(leaks.groups.length, rows) };
  yield* unmovedBlocks(analysis, options);
}
