import { type GoroutineNode, isGoroutine, type WaitEdge, type WaitGraph, type WaitNode } from './graph.ts';

/**
 * Makes one node of goroutines that cannot be told apart: at the same place, in the same state, with the same edges.
 * Ten thousand handlers behind one lock are then one node. Cycles and chains stay what they were, because what is
 * merged has the same neighbours.
 */
export function collapse(graph: WaitGraph): WaitGraph {
  const signatures = signaturesOf(graph);
  const nodes: WaitNode[] = [];
  const members = new Map<string, { readonly at: number; readonly all: GoroutineNode[] }>();
  const moved = new Uint32Array(graph.nodes.length);
  graph.nodes.forEach((node, i) => {
    if (!isGoroutine(node)) {
      moved[i] = nodes.push(node) - 1;
      return;
    }
    const signature = signatures[i]!;
    const known = members.get(signature);
    if (known === undefined) {
      const at = nodes.push(node) - 1;
      members.set(signature, { at, all: [node] });
      moved[i] = at;
    } else {
      known.all.push(node);
      moved[i] = known.at;
    }
  });
  for (const { at, all } of members.values()) if (all.length > 1) nodes[at] = merged(all);
  return { nodes, edges: movedEdges(graph.edges, moved), limits: graph.limits };
}

/** A text for each goroutine that is the same for those that may be merged. */
function signaturesOf({ nodes, edges }: WaitGraph): readonly string[] {
  const parts: string[][] = nodes.map(() => []);
  // Texts of edges are few; numbers for them keep the signatures short.
  const texts = new Map<string, number>();
  for (const { from, to, kind, operation, confidence, how } of edges) {
    const text = `${kind}|${operation}|${confidence}|${how}`;
    const number = texts.get(text) ?? texts.size;
    texts.set(text, number);
    if (kind === 'waits') parts[from]!.push(`${to}.${number}`);
    else parts[to]!.push(`${from}.${number}`);
  }
  return nodes.map((node, i) => {
    if (!isGoroutine(node)) return '';
    const { place } = node;
    const at = `${place?.function}:${place?.line}`;
    return `${node.blocked}|${node.state}|${at}|${parts[i]!.sort().join(' ')}`;
  });
}

function merged(all: readonly GoroutineNode[]): GoroutineNode {
  let waited: number | undefined;
  for (const one of all) {
    if (one.waited !== undefined) waited = Math.max(waited ?? 0, one.waited);
  }
  const goroutines = all.flatMap((one) => one.goroutines).sort((a, b) => a - b);
  return { ...all[0]!, goroutines, waited };
}

function movedEdges(edges: readonly WaitEdge[], moved: Uint32Array): readonly WaitEdge[] {
  const kept = new Map<string, WaitEdge>();
  for (const edge of edges) {
    const from = moved[edge.from]!;
    const to = moved[edge.to]!;
    const key = `${from} ${to} ${edge.kind} ${edge.operation} ${edge.how}`;
    if (!kept.has(key)) kept.set(key, { ...edge, from, to });
  }
  return [...kept.values()];
}
