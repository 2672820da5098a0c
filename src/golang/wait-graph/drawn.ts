import type { WaitFinding } from './findings.ts';
import { isGoroutine, type WaitEdge, type WaitGraph, type WaitNode } from './graph.ts';
import { nobodyText } from './words-of.ts';

/** More than this nobody can read in one picture. */
const MOST_NODES = 60;

/** The part of a graph that is drawn: what the findings speak of, the worst first. */
export interface DrawnGraph {
  readonly nodes: readonly {
    readonly id: string;
    readonly node: WaitNode;
    readonly stuck: boolean;
    /** What no edge can show: that nobody is there. */
    readonly note: string | undefined;
  }[];
  readonly edges: readonly {
    readonly from: number;
    readonly to: number;
    readonly edge: WaitEdge;
    /** It is on the way that a finding tells. */
    readonly told: boolean;
  }[];
  /** Nodes that found no room. */
  readonly left: number;
}

export function drawnGraph(graph: WaitGraph, found: readonly WaitFinding[]): DrawnGraph {
  const wanted = new Set<number>();
  const stuck = new Set<number>();
  const notes = new Map<number, string>();
  const told = new Set<number>();
  const linking = new Set<number>();
  for (const finding of found) {
    for (const i of finding.path) told.add(i);
    for (const i of finding.edges) {
      linking.add(i);
      const { from, to } = graph.edges[i]!;
      for (const node of [from, to]) {
        wanted.add(node);
        if (finding.kind !== 'queue') stuck.add(node);
      }
    }
    const end = graph.edges[finding.path.at(-1) ?? -1]?.to;
    const note = nobodyText(graph, finding);
    if (end !== undefined && note !== undefined) notes.set(end, note);
  }
  for (const { from, to, kind } of graph.edges) {
    // What else those goroutines wait for; without findings, whoever waits at all.
    if (kind === 'waits' && (wanted.has(from) || found.length === 0)) {
      wanted.add(from);
      wanted.add(to);
    }
  }
  const chosen = [...wanted].slice(0, MOST_NODES);
  const place = new Map(chosen.map((node, i) => [node, i]));
  return {
    nodes: chosen.map((i) => ({
      id: idOf(graph.nodes[i]!),
      node: graph.nodes[i]!,
      stuck: stuck.has(i),
      note: notes.get(i),
    })),
    edges: graph.edges.flatMap((edge, i) => {
      const from = place.get(edge.from);
      const to = place.get(edge.to);
      if (from === undefined || to === undefined) return [];
      // Guesses are drawn where what is told hangs on them.
      if (edge.confidence === 'possible' && !linking.has(i)) return [];
      return [{ from, to, edge, told: told.has(i) }];
    }),
    left: wanted.size - chosen.length,
  };
}

/** The same for the same goroutine or object, whatever else is in the graph. */
function idOf(node: WaitNode): string {
  if (isGoroutine(node)) return `g${node.goroutines[0]}`;
  const kind = node.kind.replace('-', '_');
  return node.address === 0
    ? `nothing_${node.label.replaceAll(/\W/g, '_')}`
    : `${kind}_${node.address.toString(16)}`;
}
