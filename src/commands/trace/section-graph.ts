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

function title(graph: WaitGraph, { kind, confidence, goroutines, similar, holders }: WaitFinding): string {
  const free = holders.reduce((sum, node) => sum + goroutinesOf(graph, node).length, 0);
  const what =
    kind === 'queue'
      ? `waiting for ${free === 1 ? 'one' : free} that can go on`
      : kind === 'never' && confidence === 'possible'
        ? 'waiting for what nobody was seen to end'
        : TITLES[kind];
  const like = similar > 0 ? `, in ${similar + 1} cases that look the same` : '';
  return `  ${plural(goroutines, 'goroutine')} ${what}${like} (${confidence})`;
}

const TITLES = {
  deadlock: 'waiting for each other in a circle',
  never: 'hanging on what nobody ends',
} as const;

export function* graphBlocks(analysis: Analysis, { atNs, rows }: ReportOptions): Iterable<Block> {
  const { graph, findings, atNs: at } = analysis.waitFor(atNs);
  yield { kind: 'heading', text: `Who waits for whom after ${durationText(at)}` };
  if (findings.length === 0)
    yield { kind: 'lines', lines: ['  nobody waits for anybody, as far as the trace tells'] };
  for (const found of findings.slice(0, rows)) {
    yield { kind: 'lines', lines: ['', title(graph, found)] };
    const { lines, beside } = chainOf(graph, found);
    yield { kind: 'lines', lines: [...lines, ...beside].map((line) => `    ${line}`) };
  }
  const drawn = drawnGraph(graph, findings);
  if (drawn.nodes.length > 0) yield { kind: 'picture', svg: svg(drawn) };
  yield {
    kind: 'lines',
    lines: [...moreLines(findings.length, rows), ...graph.limits.map((limit) => `  note: ${limit}`)],
  };
}
