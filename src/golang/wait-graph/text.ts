import { offPath, type WaitFinding } from './findings.ts';
import { isGoroutine, type WaitGraph, type WaitNode } from './graph.ts';
import { certaintyText, edgeText, headline, nobodyText, nodeText, placeText, reason } from './words-of.ts';

/** A line of the text, with what it is, for colours. */
export interface GraphLine {
  readonly kind: 'heading' | 'reason' | 'row' | 'note';
  readonly text: string;
}

const MOST_BEHIND = 6;
const MOST_PATH = 40;

/** The findings in words, the worst first: what waits, for what, who should let it go on, where that one is. */
export function* graphText(
  graph: WaitGraph,
  found: readonly WaitFinding[],
  most: number,
): Iterable<GraphLine> {
  if (found.length === 0) yield { kind: 'note', text: 'Nobody waits for anybody who is known.' };
  for (const finding of found.slice(0, most)) {
    yield { kind: 'heading', text: headline(finding) };
    const why = reason(finding);
    if (why !== '') yield { kind: 'reason', text: `  ${why}` };
    for (const text of aligned(rows(graph, finding))) yield { kind: 'row', text: `  ${text}` };
    yield { kind: 'row', text: '' };
  }
  if (found.length > most) yield { kind: 'note', text: `${found.length - most} more, less severe` };
  for (const limit of graph.limits) yield { kind: 'note', text: `note: ${limit}` };
}

type Row = readonly [what: string, where: string, how: string];

function rows(graph: WaitGraph, finding: WaitFinding): Row[] {
  const { nodes, edges } = graph;
  const list: Row[] = [];
  // What all wait for in the end matters most: of a long way its end is told.
  const path = finding.path.slice(-MOST_PATH);
  const before = finding.path.length - path.length;
  if (before > 0) list.push([`… ${before} more steps, then`, '', '']);
  const first = edges[path[0] ?? -1];
  if (first !== undefined) list.push(nodeRow(nodes[first.from]!, '', ''));
  const shown = new Set<number>(first === undefined ? [] : [first.from]);
  for (const index of path) {
    const edge = edges[index]!;
    const again = shown.has(edge.to) ? ' (see above)' : '';
    list.push(nodeRow(nodes[edge.to]!, `→ ${edgeText(edge)} `, certaintyText(edge), again));
    shown.add(edge.to);
  }
  const nobody = nobodyText(graph, finding);
  const last = path.at(-1);
  if (nobody !== undefined && last !== undefined)
    list.push([`→ ${nobody}`, '', ''], ...otherCases(graph, last));
  return [...list, ...alsoHolding(graph, finding), ...alsoWaiting(graph, finding)];
}

/** Who else has what they wait for: it is one of several. */
function alsoHolding({ nodes, edges }: WaitGraph, { path, holders }: WaitFinding): Row[] {
  const told = edges[path.at(-1) ?? -1]?.to;
  const others = holders.filter((node) => node !== told);
  return cut(others.map((node) => nodeRow(nodes[node]!, '+ waited for too: ', '')));
}

function alsoWaiting(graph: WaitGraph, finding: WaitFinding): Row[] {
  return cut(
    offPath(graph, finding).map(({ node, by }) => {
      const { nodes, edges } = graph;
      const edge = edges[by];
      const what = edge === undefined ? '' : `, which ${edgeText(edge)} ${nodeText(nodes[edge.to]!)}`;
      return nodeRow(nodes[node]!, '+ behind: ', '', what);
    }),
  );
}

function cut(list: readonly Row[]): Row[] {
  if (list.length <= MOST_BEHIND) return [...list];
  return [...list.slice(0, MOST_BEHIND), [`+ ${list.length - MOST_BEHIND} more such groups`, '', '']];
}

/** What else a goroutine in a select waits for. */
function otherCases({ nodes, edges }: WaitGraph, told: number): Row[] {
  const { from } = edges[told]!;
  const others = edges.filter((edge, i) => edge.kind === 'waits' && edge.from === from && i !== told);
  const list = others
    .slice(0, MOST_BEHIND)
    .map((edge) => nodeRow(nodes[edge.to]!, `or ${edgeText(edge)} `, certaintyText(edge)));
  if (others.length > MOST_BEHIND) list.push([`or ${others.length - MOST_BEHIND} more`, '', '']);
  return list;
}

function nodeRow(node: WaitNode, before: string, how: string, after = ''): Row {
  const where = isGoroutine(node) ? `[${node.state}] ${placeText(node.place)}` : '';
  return [`${before}${nodeText(node)}${after}`, where, how];
}

const WIDEST = 64;

function aligned(list: readonly Row[]): string[] {
  const width = Math.min(
    WIDEST,
    Math.max(0, ...list.filter(([, b, c]) => b + c !== '').map(([a]) => a.length)),
  );
  return list.map(([what, where, how]) => {
    const more = [where, how === '' ? '' : `(${how})`].filter((part) => part !== '').join('  ');
    return more === '' ? what : `${what.padEnd(width)}  ${more}`;
  });
}
