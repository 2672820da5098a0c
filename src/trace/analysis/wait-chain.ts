import { offPath, type WaitFinding } from '../../golang/wait-graph/findings.ts';
import { isGoroutine, type WaitEdge, type WaitGraph } from '../../golang/wait-graph/graph.ts';
import { objectText } from '../../golang/wait-graph/words-of.ts';
import { placeText } from './words.ts';

/** A chain of those who wait for each other, in sentences. */
export interface Chain {
  /** Goroutine nodes, from who waits to who is waited for. */
  readonly nodes: readonly number[];
  readonly lines: readonly string[];
  /** Who else waits for something on the chain. */
  readonly beside: readonly string[];
}

/** Of a longer one its end is told: what holds all of them up. */
const MOST_STEPS = 40;
/** Groups beside the chain. */
const MOST_BESIDE = 6;

/** From those farthest behind to what holds all of them up; then who waits for the same beside them. */
export function chainOf(graph: WaitGraph, found: WaitFinding): Chain {
  const nodes: number[] = [];
  const lines: string[] = [];
  const path = found.path.slice(-MOST_STEPS);
  if (path.length < found.path.length)
    lines.push(`… ${found.path.length - path.length} more steps lead to these:`);
  for (const index of path) {
    const edge = graph.edges[index]!;
    if (isGoroutine(graph.nodes[edge.from]!)) {
      nodes.push(edge.from);
      lines.push(waitLine(graph, edge));
    } else lines.push(serverLine(graph, edge));
  }
  lines.push(...otherHolders(graph, found));
  if (found.kind === 'never') lines.push(`  ${nobody(graph, path.at(-1)!)}`);
  return { nodes, lines, beside: besideLines(graph, found) };
}

function besideLines(graph: WaitGraph, found: WaitFinding): string[] {
  const beside = offPath(graph, found).filter(({ by }) => by >= 0);
  const lines = beside
    .slice(0, MOST_BESIDE)
    .map(({ by }) => `beside them ${waitLine(graph, graph.edges[by]!)}`);
  if (beside.length > MOST_BESIDE) lines.push(`… ${beside.length - MOST_BESIDE} more such groups wait`);
  return lines;
}

/** Of those who hold the same together the chain passes one. */
function otherHolders(graph: WaitGraph, { path, edges, holders }: WaitFinding): string[] {
  const told = graph.edges[path.at(-1) ?? -1]?.to;
  const others = edges.filter((edge) => {
    const { to } = graph.edges[edge]!;
    return to !== told && holders.includes(to);
  });
  const lines = others.slice(0, MOST_BESIDE).map((edge) => serverLine(graph, graph.edges[edge]!));
  if (others.length > MOST_BESIDE) lines.push(`  … and ${others.length - MOST_BESIDE} more`);
  return lines;
}

const serverLine = (graph: WaitGraph, edge: WaitEdge): string =>
  `  ${who(graph, edge.to)} ${does(edge, goroutinesOf(graph, edge.to).length > 1)}: ${edge.how}`;

function waitLine(graph: WaitGraph, edge: WaitEdge): string {
  const [from, to] = [graph.nodes[edge.from]!, graph.nodes[edge.to]!];
  const label = isGoroutine(to) ? '' : objectText(to);
  const many = goroutinesOf(graph, edge.from).length > 1;
  const action = WAITS[edge.operation ?? 'wait'] ?? WAITS.wait!;
  const where = isGoroutine(from) && from.place !== undefined ? `, in ${placeText(from.place)}` : '';
  const cases = graph.edges.reduce(
    (sum, { from, kind }) => sum + Number(kind === 'waits' && from === edge.from),
    0,
  );
  const select = cases > 1 ? ` in a select of ${cases} cases, one` : '';
  return `${who(graph, edge.from)} ${many ? 'wait' : 'waits'}${select} ${action} the ${label}${where}`;
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

function who(graph: WaitGraph, node: number): string {
  const ids = goroutinesOf(graph, node);
  return ids.length === 1 ? `goroutine ${ids[0]}` : `${ids.length} goroutines (${ids[0]}, …)`;
}

export function goroutinesOf(graph: WaitGraph, node: number): readonly number[] {
  const found = graph.nodes[node]!;
  return isGoroutine(found) ? found.goroutines : [];
}
