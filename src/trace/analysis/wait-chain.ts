import type { WaitFinding } from '../../golang/wait-graph/findings.ts';
import { isGoroutine, type WaitEdge, type WaitGraph } from '../../golang/wait-graph/graph.ts';
import { objectText } from '../../golang/wait-graph/words-of.ts';
import { placeText } from './words.ts';

/** A chain of those who wait for each other, in sentences. */
export interface Chain {
  /** Goroutine nodes, from who waits to who is waited for. */
  readonly nodes: readonly number[];
  readonly lines: readonly string[];
}

/** From those farthest behind to what holds all of them up. */
export function chainOf(graph: WaitGraph, found: WaitFinding): Chain {
  const path = found.kind === 'never' ? wayTo(graph, found) : found.path;
  const nodes: number[] = [];
  const lines: string[] = [];
  for (const index of path) {
    const edge = graph.edges[index]!;
    const [from, to] = [graph.nodes[edge.from]!, graph.nodes[edge.to]!];
    if (isGoroutine(from) && !isGoroutine(to)) {
      nodes.push(edge.from);
      lines.push(waitLine(graph, edge, objectText(to)));
    } else if (!isGoroutine(from))
      lines.push(
        `  ${who(graph, edge.to)} ${does(edge, goroutinesOf(graph, edge.to).length > 1)}: ${edge.how}`,
      );
  }
  if (found.kind === 'never') lines.push(`  ${nobody(graph, path.at(-1)!)}`);
  return { nodes, lines };
}

function waitLine(graph: WaitGraph, edge: WaitEdge, label: string): string {
  const from = graph.nodes[edge.from]!;
  const many = goroutinesOf(graph, edge.from).length > 1;
  const action = WAITS[edge.operation ?? 'wait'] ?? WAITS.wait!;
  const where = isGoroutine(from) && from.place !== undefined ? `, in ${placeText(from.place)}` : '';
  return `${who(graph, edge.from)} ${many ? 'wait' : 'waits'} ${action} the ${label}${where}`;
}

const WAITS: Readonly<Record<string, string>> = {
  send: 'to send on',
  receive: 'to receive from',
  lock: 'to lock',
  'read lock': 'to read under',
  wait: 'for',
};

const does = ({ kind, operation }: WaitEdge, many: boolean): string =>
  kind === 'held'
    ? many
      ? 'hold it up'
      : 'holds it up'
    : operation === 'send'
      ? 'could receive'
      : 'could let it go on';

/** Of the object that the last wait of a chain is for. */
function nobody(graph: WaitGraph, last: number): string {
  const { to, operation } = graph.edges[last]!;
  const object = graph.nodes[to]!;
  const action = operation === 'send' ? 'receive' : operation === 'receive' ? 'send' : 'let go on';
  const gone = !isGoroutine(object) && (object.outside === 'none' || object.outside === 'likely-none');
  return gone ? `nobody is left to ${action}: all that did have ended` : `nobody was seen to ${action}`;
}

/** The longest way, by edges that wait or hold, to an object that nobody serves. */
function wayTo(graph: WaitGraph, found: WaitFinding): readonly number[] {
  const end = graph.edges[found.path.at(-1)!]!.to;
  const inside = new Set([...found.members, ...found.behind]);
  const before: number[][] = graph.nodes.map(() => []);
  graph.edges.forEach((edge, i) => {
    before[edge.to]!.push(i);
  });
  const cameBy = new Map<number, number>();
  const queue = [end];
  let last = end;
  for (const node of queue) {
    for (const index of before[node]!) {
      const { from } = graph.edges[index]!;
      if (from === end || cameBy.has(from)) continue;
      if (isGoroutine(graph.nodes[from]!) && !inside.has(from)) continue;
      cameBy.set(from, index);
      queue.push(from);
      if (isGoroutine(graph.nodes[from]!)) last = from;
    }
  }
  const way: number[] = [];
  for (let node = last; node !== end; ) {
    const edge = cameBy.get(node)!;
    way.push(edge);
    node = graph.edges[edge]!.to;
  }
  return way;
}

function who(graph: WaitGraph, node: number): string {
  const ids = goroutinesOf(graph, node);
  return ids.length === 1 ? `goroutine ${ids[0]}` : `${ids.length} goroutines (${ids[0]}, …)`;
}

export function goroutinesOf(graph: WaitGraph, node: number): readonly number[] {
  const found = graph.nodes[node]!;
  return isGoroutine(found) ? found.goroutines : [];
}
