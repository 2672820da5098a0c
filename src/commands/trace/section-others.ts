import { type Analysis, bytesText, durationText } from '../../trace/analysis/index.ts';
import { plural } from '../output/text.ts';
import { DISTRIBUTION, distributionCells, moreLines } from './distribution-cells.ts';
import { type Block, columnsOf } from './document.ts';
import type { ReportOptions } from './report-options.ts';

export function* systemCallBlocks({ systemCalls }: Analysis, { rows }: ReportOptions): Iterable<Block> {
  yield { kind: 'heading', text: 'System calls' };
  if (systemCalls.length === 0) {
    yield { kind: 'lines', lines: ['  none'] };
    return;
  }
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

export function* stackBlocks({ stacks, subject }: Analysis, { rows }: ReportOptions): Iterable<Block> {
  yield { kind: 'heading', text: 'Stacks' };
  if (stacks.growths > 0) {
    yield {
      kind: 'table',
      columns: columnsOf('>goroutines', '>grown', '>up to', 'began in'),
      rows: stacks.byEntry
        .slice(0, rows)
        .map(({ goroutines, growths, bytes, entry }) => [
          String(goroutines),
          plural(growths, 'time'),
          bytesText(bytes),
          entry ?? '?',
        ]),
    };
    yield { kind: 'lines', lines: moreLines(stacks.byEntry.length, rows) };
  } else {
    // Go's tracer says nothing of it, our probes do.
    const silent = subject.trace.source.writer === 'go';
    yield {
      kind: 'lines',
      lines: [silent ? "  stacks that grow are not in a trace of Go's own" : '  no stack grew'],
    };
  }
  if (stacks.recursion.length === 0) {
    yield { kind: 'lines', lines: ['  no function is on one stack again and again'] };
    return;
  }
  yield {
    kind: 'table',
    columns: columnsOf('>times', '>of frames', '>stack', 'goroutines', 'recurses at'),
    rows: stacks.recursion
      .slice(0, rows)
      .map(({ repeats, depth, cut, stackBytes, goroutines, place }) => [
        `${repeats}${cut ? '+' : ''}`,
        `${depth}${cut ? '+' : ''}`,
        stackBytes === undefined ? '?' : bytesText(stackBytes),
        goroutines.slice(0, 3).join(' '),
        { place },
      ]),
  };
  if (stacks.recursion.some(({ cut }) => cut))
    yield { kind: 'lines', lines: ['  +: or more; deeper frames are not in the trace'] };
}

export function* consistencyBlocks({ consistency }: Analysis): Iterable<Block> {
  const { violations, examples, lost, notes } = consistency;
  yield { kind: 'heading', text: 'Consistency' };
  yield {
    kind: 'lines',
    lines: [
      violations === 0
        ? '  each transition follows from the state before'
        : `  ${plural(violations, 'transition does', 'transitions do')} not follow from the state before`,
      ...examples.map(({ atNs, what }) => `    at ${durationText(atNs)}: ${what}`),
      ...lost.map(({ reason, events }) => `  ${events} events were lost: ${reason}`),
      ...notes.map((note) => `  ${note}`),
    ],
  };
}
