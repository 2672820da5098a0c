import type { DrawnGraph } from './drawn.ts';
import { isGoroutine, type WaitNode } from './graph.ts';
import { certaintyText, edgeText, nodeText, placeText } from './words-of.ts';

/**
 * The graph as a Mermaid flowchart (mermaid.js.org, flowchart syntax): labels are quoted strings, in which only quotes
 * and what looks like HTML or an entity has to be written as an entity code (#quot;). Ids are words.
 */
export function* mermaid(drawn: DrawnGraph): Iterable<string> {
  yield 'flowchart LR';
  const ids = drawn.nodes.map(({ id }, i) =>
    drawn.nodes.findIndex((other) => other.id === id) === i ? id : `${id}_${i}`,
  );
  for (const [i, { node, stuck, note }] of drawn.nodes.entries()) {
    const [open, close] = isGoroutine(node) ? ['[', ']'] : ['([', '])'];
    yield `  ${ids[i]}${open}"${label(node, note)}"${close}${stuck ? ':::stuck' : ''}`;
  }
  for (const { from, to, edge } of drawn.edges) {
    const arrow = edge.confidence === 'certain' ? '-->' : '-.->';
    const why = edge.confidence === 'certain' ? '' : `<br/>${escaped(certaintyText(edge))}`;
    yield `  ${ids[from]} ${arrow}|"${escaped(edgeText(edge))}${why}"| ${ids[to]}`;
  }
  yield '  classDef stuck stroke:#c0392b,stroke-width:3px';
  if (drawn.left > 0) yield `  %% ${drawn.left} nodes are left out`;
}

function label(node: WaitNode, note: string | undefined): string {
  const lines = [nodeText(node)];
  if (isGoroutine(node)) lines.push(node.state, placeText(node.place));
  if (note !== undefined) lines.push(note);
  return lines
    .filter((line) => line !== '')
    .map(escaped)
    .join('<br/>');
}

const escaped = (text: string): string =>
  text.replaceAll(/[&"<>#`\\\p{Cc}]/gu, (char) => `#${char.charCodeAt(0)};`);
