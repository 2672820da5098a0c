import type { Analysis } from '../../trace/analysis/index.ts';
import type { Block } from './document.ts';
import type { ReportOptions } from './report-options.ts';
import { blockingBlocks } from './section-blocking.ts';
import { gcBlocks } from './section-gc.ts';
import { goroutineBlocks } from './section-goroutines.ts';
import { graphBlocks, graphData } from './section-graph.ts';
import { leakBlocks, stateBlocks } from './section-leaks.ts';
import { consistencyBlocks, stackBlocks, systemCallBlocks } from './section-others.ts';
import { processorBlocks, schedulingBlocks } from './section-scheduling.ts';

/** One answer of the report: a flag on the command line, a field of the JSON, a chapter of the text. */
export interface Section {
  /** Of the JSON, and of the flag. */
  readonly name: string;
  readonly help: string;
  data(analysis: Analysis, options: ReportOptions): unknown;
  blocks(analysis: Analysis, options: ReportOptions): Iterable<Block>;
}

/** The one table of sections, in the order of the report. */
export const SECTIONS: readonly Section[] = [
  {
    name: 'states',
    help: 'what goroutines do at the end (or --at a time), by state, with a level of risk',
    data: (analysis, { atNs }) => {
      const { living, states } = analysis.states(atNs);
      return { living, unmoved: analysis.leaks.unmoved, states };
    },
    blocks: stateBlocks,
  },
  {
    name: 'leaks',
    help: 'groups of goroutines whose number only grows, or that wait for what never comes',
    data: ({ leaks }) => leaks.groups,
    blocks: leakBlocks,
  },
  {
    name: 'graph',
    help: 'who waits for whom, with circles and chains',
    data: graphData,
    blocks: graphBlocks,
  },
  {
    name: 'blocking',
    help: 'where goroutines wait: by reason, line, channel and lock, who woke and who holds',
    data: ({ blocking }) => blocking,
    blocks: blockingBlocks,
  },
  {
    name: 'scheduling',
    help: 'how long runnable goroutines waited for a P; preemptions',
    data: ({ scheduling }) => scheduling,
    blocks: schedulingBlocks,
  },
  {
    name: 'processors',
    help: 'what each P did, stealing, utilisation over time',
    data: ({ processors }) => processors,
    blocks: processorBlocks,
  },
  {
    name: 'gc',
    help: 'collections, pauses, mark assists, minimum mutator utilisation',
    data: ({ gc }) => gc,
    blocks: gcBlocks,
  },
  {
    name: 'syscalls',
    help: 'system calls by line, and how many lost their P',
    data: ({ systemCalls }) => systemCalls,
    blocks: systemCallBlocks,
  },
  {
    name: 'stacks',
    help: 'stack growth and recursion',
    data: ({ stacks }) => stacks,
    blocks: stackBlocks,
  },
  {
    name: 'goroutines',
    help: 'what goroutines spent their time on, by where they come from',
    data: ({ goroutineGroups, goroutines }) => ({ groups: goroutineGroups, goroutines }),
    blocks: goroutineBlocks,
  },
  {
    name: 'consistency',
    help: 'whether the trace is whole and follows from itself',
    data: ({ consistency }) => consistency,
    blocks: (analysis) => consistencyBlocks(analysis),
  },
];
