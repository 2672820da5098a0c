import { expect, it } from 'vitest';
import { Analysis } from '../../trace/analysis/index.ts';
import { auditStory } from '../../trace/analysis/testing/audit-story.ts';
import { Story } from '../../trace/analysis/testing/story.ts';
import { STATE, type TraceProcess } from '../../trace/index.ts';
import { PLAIN } from '../output/style.ts';
import { type ProcessRow, processesSummary, processRow } from './processes-summary.ts';
import { documentText } from './text-document.ts';

const process = (pid: number, begin: number, end: number | undefined): TraceProcess => ({
  pid,
  parent: pid - 1,
  command: `app worker ${pid}`,
  begin,
  end,
  firstGoroutine: 0,
  firstProcessor: 0,
  firstThread: 0,
});

function rows(count: number): ProcessRow[] {
  const quiet = new Story('mattock').known(0, 1, STATE.running).subject(1e6);
  const well = new Analysis(quiet.trace, quiet.lives);
  const hangs = auditStory();
  const last = processRow(process(100 + count, 5e6, undefined), new Analysis(hangs.trace, hangs.lives));
  return [
    ...Array.from({ length: count }, (_, i) => processRow(process(100 + i, i * 1e6, 3e6 + i * 1e6), well)),
    last,
  ];
}

const told = (count: number, most: number): string[] => [
  ...documentText(processesSummary({ name: 'many.out', duration: 100e6 }, rows(count), most), PLAIN),
];

it('tells of many processes in a line each, the worst first, and how to ask for one', () => {
  const lines = told(20, 4);
  expect(lines[0]).toMatch(/^many\.out: 100ms, \d+ events, 38 goroutines of 21 processes$/);
  expect(lines[3]).toMatch(/^ {2}process +of +from +lived +events +goroutines +command +found$/);
  expect(lines[4]).toMatch(
    /^ {6}120 {2}119 {2}5\.00ms {2}95\.0ms +\d+ +18 {2}app worker 120 {2}HIGH 12 goroutines hang on one that nobody lets go on/,
  );
  expect(lines[5]).toMatch(/^ {6}100 {3}99 {5}0ns {2}3\.00ms +\d+ +1 {2}app worker 100 {2}–$/);
  expect(lines.slice(8)).toEqual(['  … 17 more: --rows 21 shows them', '', 'One of them: --process 120']);
});

it('leaves nothing out that there is room for', () => {
  expect(told(3, 10).join('\n')).not.toContain('more: --rows');
});
