import { describe, expect, it } from 'vitest';
import { collapse } from './collapse.ts';
import { findings } from './findings.ts';
import type { GoroutineNode, ObjectNode, Outside, WaitEdge, WaitGraph, WaitNode } from './graph.ts';

const goroutine = (id: number, blocked = true): GoroutineNode => ({
  kind: 'goroutine',
  goroutines: [id],
  blocked,
  state: blocked ? 'chan send' : 'running',
  waited: id,
  place: { function: 'main.f', file: 'main.go', line: 3 },
  created: undefined,
});

const lock = (address: number, outside: Outside): ObjectNode => ({
  kind: 'mutex',
  address,
  label: 'Mutex',
  outside,
});

const waits = (from: number, to: number): WaitEdge => ({
  from,
  to,
  kind: 'waits',
  operation: 'lock',
  confidence: 'certain',
  how: 'in its queue',
});
const held = (from: number, to: number, confidence: WaitEdge['confidence'] = 'likely'): WaitEdge => ({
  from,
  to,
  kind: 'held',
  confidence,
  how: 'deferred',
});

const graph = (nodes: readonly WaitNode[], edges: readonly WaitEdge[]): WaitGraph => ({
  nodes,
  edges,
  limits: [],
});

describe('findings', () => {
  it('tells a deadlock that depends on who holds from one that does not', () => {
    for (const [outside, confidence] of [
      ['some', 'likely'],
      ['none', 'certain'],
    ] as const) {
      const nodes = [goroutine(1), goroutine(2), lock(8, outside), lock(16, outside)];
      const found = findings(graph(nodes, [waits(0, 2), held(2, 1), waits(1, 3), held(3, 0)]));
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({ kind: 'deadlock', confidence, goroutines: 2, path: [0, 1, 2, 3] });
    }
  });

  it('finds one that waits for itself, and who waits behind', () => {
    const nodes = [goroutine(1), lock(8, 'some'), goroutine(2), goroutine(3)];
    const found = findings(graph(nodes, [waits(0, 1), held(1, 0), waits(2, 1), waits(3, 1)]));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ kind: 'deadlock', goroutines: 3, members: [0] });
  });

  it('says nothing of who may be served by strangers or by one that runs', () => {
    expect(findings(graph([goroutine(1), lock(8, 'some')], [waits(0, 1)]))).toEqual([]);
    const nodes = [goroutine(1), lock(8, 'none'), goroutine(2, false)];
    const found = findings(graph(nodes, [waits(0, 1), held(1, 2)]));
    expect(found.map(({ kind }) => kind)).toEqual(['queue']);
  });

  it('counts who waits in a queue, not who can go on, and has all who hold the same in one', () => {
    const nodes = [
      lock(8, 'some'),
      lock(16, 'some'),
      goroutine(1, false),
      goroutine(2, false),
      goroutine(3),
      goroutine(4),
      goroutine(5),
    ];
    // 1 and 2 hold the first (readers, say), 3 and 4 wait for it, 4 holds the second, for which 5 waits.
    const edges = [held(0, 2), held(0, 3), waits(4, 0), waits(5, 0), held(1, 5), waits(6, 1)];
    const found = findings(graph(nodes, edges));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      kind: 'queue',
      goroutines: 3,
      members: [4, 5],
      behind: [6],
      holders: [2, 3],
      path: [5, 4, 3, 0],
    });
    expect([...found[0]!.edges].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is not sure where the heap was not searched', () => {
    const found = findings(graph([goroutine(1), lock(8, 'unknown')], [waits(0, 1)]));
    expect(found[0]).toMatchObject({ kind: 'never', confidence: 'possible' });
  });

  it('follows a chain of a hundred thousand', () => {
    const count = 100_000;
    const nodes: WaitNode[] = [];
    const edges: WaitEdge[] = [];
    for (let i = 0; i < count; i++) {
      nodes.push(goroutine(i + 1), lock(8 * (i + 1), 'none'));
      edges.push(waits(2 * i, 2 * i + 1));
      if (i + 1 < count) edges.push(held(2 * i + 1, 2 * i + 2));
    }
    const found = findings(graph(nodes, edges));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ kind: 'never', confidence: 'certain', goroutines: count });
  });
});

it('merges goroutines of which all is the same', () => {
  const nodes = [goroutine(5), goroutine(4), goroutine(6, false), lock(8, 'some')];
  const small = collapse(graph(nodes, [waits(0, 3), waits(1, 3), held(3, 2)]));
  expect(small.nodes).toHaveLength(3);
  expect(small.nodes[0]).toMatchObject({ goroutines: [4, 5], waited: 5 });
  expect(small.edges).toHaveLength(2);
});
