import {
  type Analysis,
  durationText,
  type LifeStory,
  percent,
  placeText,
  timeText,
} from '../../trace/analysis/index.ts';
import { moreLines } from './distribution-cells.ts';
import { type Block, type Cell, columnsOf } from './document.ts';
import type { ReportOptions } from './report-options.ts';

export function* goroutineBlocks(analysis: Analysis, { rows }: ReportOptions): Iterable<Block> {
  const groups = analysis.goroutineGroups;
  yield { kind: 'heading', text: 'Goroutines, by where they come from' };
  yield {
    kind: 'table',
    columns: columnsOf(
      '>count',
      '>living',
      '>running',
      '>runnable',
      '>syscall',
      '>waiting',
      'mostly',
      'began in',
      'started at',
    ),
    rows: groups
      .slice(0, rows)
      .map((group) => [
        String(group.count),
        String(group.living),
        durationText(group.runningNs),
        durationText(group.runnableNs),
        durationText(group.syscallNs),
        durationText(group.waitingNs),
        mostly(group.waitingByReason),
        group.entry ?? '?',
        group.createdAt === undefined ? '–' : { place: group.createdAt },
      ]),
  };
  yield { kind: 'lines', lines: moreLines(groups.length, rows) };
}

function mostly(reasons: Readonly<Record<string, number>>): string {
  const [most] = Object.entries(reasons).sort((a, b) => b[1] - a[1]);
  return most === undefined ? '–' : most[0];
}

/** One goroutine's life, from its beginning. */
export function* storyBlocks({ totals, chapters }: LifeStory, { rows }: ReportOptions): Iterable<Block> {
  yield { kind: 'heading', text: `Goroutine ${totals.goroutine} (${totals.entry ?? '?'})` };
  yield { kind: 'lines', lines: birth(totals) };
  const all = [...chapters];
  yield {
    kind: 'table',
    columns: columnsOf('>at', '>for', 'state', 'P', 'where', 'woken by', 'at'),
    rows: all
      .slice(0, rows)
      .map((chapter): Cell[] => [
        timeText(chapter.atNs),
        `${durationText(chapter.durationNs)}${chapter.openEnd ? ' …' : ''}`,
        chapter.state,
        chapter.processor === undefined ? '' : `${chapter.processor}${chapter.stolen ? ' (stolen)' : ''}`,
        chapter.place === undefined ? '' : { place: chapter.place },
        chapter.wokenBy === undefined ? '' : String(chapter.wokenBy),
        chapter.wokenAt === undefined ? '' : { place: chapter.wokenAt },
      ]),
  };
  yield { kind: 'lines', lines: moreLines(all.length, rows) };
}

function* birth(totals: LifeStory['totals']): Iterable<string> {
  const { createdNs, endedNs, creator, createdAt, totalNs } = totals;
  const by = creator === 0 ? '' : ` by goroutine ${creator}`;
  const at = createdAt === undefined ? '' : `, in ${placeText(createdAt)}`;
  yield createdNs === undefined
    ? '  there before the trace'
    : `  started after ${durationText(createdNs)}${by}${at}`;
  yield endedNs === undefined ? '  there at the end' : `  ended after ${durationText(endedNs)}`;
  const share = (ns: number): string => `${durationText(ns)} (${percent(totalNs > 0 ? ns / totalNs : 0)})`;
  yield `  running ${share(totals.runningNs)}, runnable ${share(totals.runnableNs)}, in system calls ${share(totals.syscallNs)}, waiting ${share(totals.waitingNs)}`;
  for (const [reason, ns] of Object.entries(totals.waitingByReason)) yield `    ${reason}: ${share(ns)}`;
}
