import { describe, expect, it } from 'vitest';
import { drawnGraph } from './drawn.ts';
import { findings } from './findings.ts';
import type { GoroutineNode, ObjectNode, Outside, WaitEdge, WaitGraph } from './graph.ts';
import { mermaid } from './mermaid.ts';
import { svg } from './svg.ts';
import { graphText } from './text.ts';

const goroutine = (id: number, blocked: boolean): GoroutineNode => ({
  kind: 'goroutine',
  goroutines: [id],
  blocked,
  state: blocked ? 'chan receive' : 'running',
  waited: undefined,
  place: { function: `main.f${id}`, file: 'main.go', line: id },
  created: undefined,
});
const channel = (address: number, outside: Outside): ObjectNode => ({
  kind: 'channel',
  address,
  label: 'chan int',
  outside,
});
const waits = (from: number, to: number): WaitEdge => ({
  from,
  to,
  kind: 'waits',
  operation: 'receive',
  confidence: 'certain',
  how: 'in its queue',
});
const serves = (from: number, to: number, confidence: WaitEdge['confidence']): WaitEdge => ({
  from,
  to,
  kind: confidence === 'likely' ? 'held' : 'served',
  confidence,
  how: 'its stack leads to it',
});

/** Goroutine n is node n - 1. 1 runs; 2 and 3 wait behind it; 4 waits for what nobody serves, and 5, 6, 7 behind 4. */
const GRAPH: WaitGraph = {
  nodes: [
    ...[1, 2, 3, 4, 5, 6, 7].map((id) => goroutine(id, id > 1)),
    channel(0x10, 'none'),
    channel(0x20, 'unknown'),
    channel(0x30, 'unknown'),
  ],
  edges: [
    waits(1, 7),
    waits(2, 7),
    serves(7, 0, 'likely'),
    waits(3, 8),
    waits(4, 9),
    waits(5, 9),
    waits(6, 9),
    // A guess, on which all that is told of 5, 6 and 7 hangs; and one on which nothing does.
    serves(9, 3, 'possible'),
    serves(7, 3, 'possible'),
  ],
  limits: [],
};

const NAMES = /goroutine \d+|chan int 0x\d+/g;
const names = (text: string): string[] => [...new Set(text.match(NAMES))].sort();

describe('a graph that is drawn', () => {
  const found = findings(GRAPH);
  const drawn = drawnGraph(GRAPH, found);
  const text = [...graphText(GRAPH, found, 10)].map((line) => line.text).join('\n');
  const flowchart = [...mermaid(drawn)].join('\n');
  const picture = [...svg(drawn)].join('\n');

  it('tells of the same as the text, whoever waits behind among them', () => {
    expect(found.map(({ kind, goroutines }) => [kind, goroutines])).toEqual([
      ['never', 4],
      ['queue', 2],
    ]);
    expect(names(text)).toEqual([
      ...[1, 2, 3].map((n) => `chan int 0x${n}0`),
      ...[1, 2, 3, 4, 5, 6, 7].map((n) => `goroutine ${n}`),
    ]);
    expect(names(flowchart)).toEqual(names(text));
    expect(names(picture)).toEqual(names(text));
  });

  it('draws each edge by which they hang together, and no guess besides', () => {
    const drawnEdges = drawn.edges.map(({ edge }) => GRAPH.edges.indexOf(edge));
    expect(drawnEdges).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const finding of found) for (const edge of finding.edges) expect(drawnEdges).toContain(edge);
    expect(flowchart.match(/--?[.]?->/g)).toHaveLength(8);
    expect(picture.match(/<path class="edge/g)).toHaveLength(8);
  });

  it('says of what is not certain how it is known, and where nobody is', () => {
    expect(flowchart).toContain('|"held by<br/>likely: its stack leads to it"|');
    for (const words of [text, flowchart, picture]) expect(words).toContain('nobody is known who serves it');
  });
});
