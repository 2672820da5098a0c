import type { WaitFinding } from './findings.ts';
import { isGoroutine, type WaitGraph, type WaitNode } from './graph.ts';
import { certaintyText, edgeText, headline, nodeText, placeText, reason } from './words-of.ts';

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
  const first = edges[finding.path[0] ?? -1];
  if (first !== undefined) list.push(nodeRow(nodes[first.from]!, '', ''));
  const shown = new Set<number>(first === undefined ? [] : [first.from]);
  for (const index of finding.path.slice(0, MOST_PATH)) {
    const edge = edges[index]!;
    const again = shown.has(edge.to) ? ' (see above)' : '';
    list.push(nodeRow(nodes[edge.to]!, `→ ${edgeText(edge)} `, certaintyText(edge), again));
    shown.add(edge.to);
  }
  if (finding.path.length > MOST_PATH) list.push([`… ${finding.path.length - MOST_PATH} more steps`, '', '']);
  const last = edges[finding.path.at(-1) ?? -1];
  const end = last && nodes[last.to]!;
  if (finding.kind === 'never' && end !== undefined && !isGoroutine(end))
    list.push([NOBODY[end.outside], '', '']);
  if (finding.kind === 'never' && first !== undefined) list.push(...otherCases(graph, finding.path[0]!));
  const others = [...finding.members, ...finding.behind].filter((node) => !shown.has(node));
  for (const node of others.slice(0, MOST_BEHIND)) list.push(nodeRow(nodes[node]!, '+ behind: ', ''));
  if (others.length > MOST_BEHIND) list.push([`+ ${others.length - MOST_BEHIND} more such groups`, '', '']);
  return list;
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

const NOBODY = {
  none: '→ nobody',
  'likely-none': '→ nobody who is not stuck',
  some: '→ nobody',
  unknown: '→ nobody who is known',
} as const;

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
