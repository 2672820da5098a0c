import { type Analysis, bytesText, durationText } from '../../trace/analysis/index.ts';
import { DISTRIBUTION, distributionCells, moreLines } from './distribution-cells.ts';
import { type Block, columnsOf } from './document.ts';
import type { ReportOptions } from './report-options.ts';

export function* systemCallBlocks({ systemCalls }: Analysis, { rows }: ReportOptions): Iterable<Block> {
  yield { kind: 'heading', text: 'System calls' };
  yield {
    kind: 'table',
    columns: columnsOf('call', ...DISTRIBUTION, '>lost P', 'line'),
    rows: systemCalls
      .slice(0, rows)
      .map(({ name, calls, lostProcessor, place }) => [
        name ?? '?',
        ...distributionCells(calls),
        String(lostProcessor),
        { place },
      ]),
  };
  yield { kind: 'lines', lines: moreLines(systemCalls.length, rows) };
}

export function* stackBlocks({ stacks }: Analysis, { rows }: ReportOptions): Iterable<Block> {
  yield { kind: 'heading', text: 'Stacks' };
  if (stacks.growths > 0) {
    yield {
      kind: 'table',
      columns: columnsOf('>goroutine', '>grown', '>to', 'began in'),
      rows: stacks.largest
        .slice(0, rows)
        .map(({ goroutine, growths, bytes, entry }) => [
          String(goroutine),
          `${growths} times`,
          bytesText(bytes),
          entry ?? '?',
        ]),
    };
  } else yield { kind: 'lines', lines: ['  the trace does not tell of stacks that grow'] };
  if (stacks.recursion.length === 0) {
    yield { kind: 'lines', lines: ['  no function is on one stack again and again'] };
    return;
  }
  yield {
    kind: 'table',
    columns: columnsOf('>times', '>of frames', 'goroutines', 'recurses at'),
    rows: stacks.recursion
      .slice(0, rows)
      .map(({ repeats, depth, cut, goroutines, place }) => [
        String(repeats),
        `${depth}${cut ? ' or more' : ''}`,
        goroutines.slice(0, 3).join(' '),
        { place },
      ]),
  };
}

export function* consistencyBlocks({ consistency }: Analysis): Iterable<Block> {
  const { violations, examples, lost, notes } = consistency;
  yield { kind: 'heading', text: 'Consistency' };
  yield {
    kind: 'lines',
    lines: [
      `  ${violations} transitions do not follow from the state before`,
      ...examples.map(({ atNs, what }) => `    at ${durationText(atNs)}: ${what}`),
      ...lost.map(({ reason, events }) => `  ${events} events were lost: ${reason}`),
      ...notes.map((note) => `  ${note}`),
    ],
  };
}
