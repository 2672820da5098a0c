import { type Analysis, durationText, percent, type Risk } from '../../trace/analysis/index.ts';
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

export function* stateBlocks({ leaks }: Analysis): Iterable<Block> {
  yield {
    kind: 'heading',
    text: `What ${plural(leaks.living, 'goroutine')} of the program do${leaks.living === 1 ? 'es' : ''} at the end`,
  };
  yield {
    kind: 'table',
    columns: columnsOf('state', '>count', '>share', 'risk', 'because'),
    rows: leaks.states.map(({ state, count, share, risk, because }) => [
      state,
      String(count),
      percent(share),
      riskCell(risk),
      because,
    ]),
  };
}

export function* leakBlocks({ leaks }: Analysis, { rows }: ReportOptions): Iterable<Block> {
  yield {
    kind: 'heading',
    text: 'Goroutines that wait at the end, by where they come from and where they wait',
  };
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
        group.createdAt === undefined ? (group.entry ?? '?') : { place: group.createdAt },
      ]),
  };
  yield { kind: 'lines', lines: moreLines(leaks.groups.length, rows) };
}
