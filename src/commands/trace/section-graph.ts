import { UserError } from '../../base/index.ts';
import { drawnGraph } from '../../golang/wait-graph/drawn.ts';
import type { WaitFinding } from '../../golang/wait-graph/findings.ts';
import type { WaitGraph } from '../../golang/wait-graph/graph.ts';
import { mermaid } from '../../golang/wait-graph/mermaid.ts';
import { svg } from '../../golang/wait-graph/svg.ts';
import { type Analysis, chainOf, durationText, goroutinesOf } from '../../trace/analysis/index.ts';
import { plural } from '../output/text.ts';
import { moreLines } from './distribution-cells.ts';
import type { Block } from './document.ts';
import type { ReportOptions } from './report-options.ts';

/** Nodes name each other by their index; field names as elsewhere in JSON, where `from` and `to` are addresses. */
export function graphData(analysis: Analysis, { atNs }: ReportOptions): unknown {
  const { graph, findings, atNs: at } = analysis.waitFor(atNs);
  return {
    atNs: at,
    nodes: graph.nodes,
    edges: graph.edges.map(({ from, to, ...edge }) => ({ fromNode: from, toNode: to, ...edge })),
    findings,
    limits: graph.limits,
  };
}

/** The graph for other tools: those who wait, and those who are waited for. */
export function* graphPicture(
  analysis: Analysis,
  { atNs }: ReportOptions,
  format: 'mermaid' | 'svg',
): Iterable<string> {
  const { graph, findings } = analysis.waitFor(atNs);
  const drawn = drawnGraph(graph, findings);
  if (drawn.nodes.length === 0) throw new UserError('there is nothing to draw: nobody waits for anybody');
  yield* format === 'svg' ? svg(drawn) : mermaid(drawn);
}

function title(
  graph: WaitGraph,
  { kind, confidence, goroutines, similar, holders, behind }: WaitFinding,
): string {
  const free = holders.reduce((sum, node) => sum + goroutinesOf(graph, node).length, 0);
  const what =
    kind === 'queue'
      ? `waiting for ${free === 1 ? 'one' : free} that can go on`
      : kind === 'never' && confidence === 'possible'
        ? 'waiting for what nobody was seen to end'
        : TITLES[kind];
  const like = similar > 0 ? `, in ${similar + 1} cases that look the same` : '';
  const held = kind === 'deadlock' && behind.length > 0 ? ', or for these' : '';
  return `  ${plural(goroutines, 'goroutine')} ${what}${held}${like} (${confidence})`;
}

const TITLES = {
  deadlock: 'waiting for each other in a circle',
  never: 'hanging on what nobody ends',
} as const;

/** One goroutine, behind which nobody waits, and of which nothing is known: loops of servers wait so. */
const isIdle = ({ kind, confidence, goroutines }: WaitFinding): boolean =>
  kind === 'never' && confidence === 'possible' && goroutines === 1;

function* idleBlocks(graph: WaitGraph, idle: readonly WaitFinding[], rows: number): Iterable<Block> {
  if (idle.length === 0) return;
  const each = idle.length === 1 ? 'waits' : 'wait, each alone,';
  yield {
    kind: 'lines',
    lines: [
      '',
      `  ${plural(idle.length, 'goroutine')} ${each} for what nobody was seen to end, as those do that idle`,
      ...idle.slice(0, rows).map((found) => `    ${chainOf(graph, found).lines[0]}`),
      ...moreLines(idle.length, rows),
    ],
  };
}

export function* graphBlocks(analysis: Analysis, { atNs, rows }: ReportOptions): Iterable<Block> {
  const { graph, findings, atNs: at } = analysis.waitFor(atNs);
  yield { kind: 'heading', text: `Who waits for whom after ${durationText(at)}` };
  if (findings.length === 0)
    yield { kind: 'lines', lines: ['  nobody waits for anybody, as far as the trace tells'] };
  const idle = findings.filter(isIdle);
  const told = findings.filter((found) => !isIdle(found));
  for (const found of told.slice(0, rows)) {
    yield { kind: 'lines', lines: ['', title(graph, found)] };
    const { lines, beside } = chainOf(graph, found);
    yield { kind: 'lines', lines: [...lines, ...beside].map((line) => `    ${line}`) };
  }
  yield { kind: 'lines', lines: moreLines(told.length, rows) };
  yield* idleBlocks(graph, idle, rows);
  const drawn = drawnGraph(graph, findings);
  if (drawn.nodes.length > 0) yield { kind: 'picture', svg: svg(drawn) };
  yield { kind: 'lines', lines: graph.limits.map((limit) => `  note: ${limit}`) };
}
