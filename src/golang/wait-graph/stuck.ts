import { type Confidence, isGoroutine, type Outside, type WaitEdge, type WaitGraph } from './graph.ts';

/** Edges by node, as indices of `edges`. */
export interface Adjacency {
  /** Of a goroutine: what it waits for. */
  readonly waits: readonly (readonly number[])[];
  /** Of an object: who waits for it. */
  readonly waiters: readonly (readonly number[])[];
  /**
   * Of an object: those who may let its waiters go on. Where somebody is known to hold it, or is likely to, he alone;
   * else everybody who could.
   */
  readonly servers: readonly (readonly number[])[];
  /** Of an object: everybody who could, however faint the evidence. */
  readonly allServers: readonly (readonly number[])[];
  /** The holder is known or likely: nobody else counts. */
  readonly heldFor: Uint8Array;
}

export function adjacencyOf({ nodes, edges }: WaitGraph): Adjacency {
  const lists = (): number[][] => nodes.map(() => []);
  const waits = lists();
  const waiters = lists();
  const allServers = lists();
  edges.forEach((edge, i) => {
    if (edge.kind === 'waits') {
      waits[edge.from]!.push(i);
      waiters[edge.to]!.push(i);
    } else allServers[edge.from]!.push(i);
  });
  const heldFor = new Uint8Array(nodes.length);
  const servers = allServers.map((all, node) => {
    const held = all.filter((i) => isHolder(edges[i]!));
    if (held.length === 0) return all;
    heldFor[node] = 1;
    return held;
  });
  return { waits, waiters, servers, allServers, heldFor };
}

const isHolder = (edge: WaitEdge): boolean => edge.kind === 'held' && edge.confidence !== 'possible';

/** Whether strangers may serve an object, by how sure one wants to be that a goroutine is stuck. */
const STRANGERS_SERVE: Readonly<Record<Confidence, ReadonlySet<Outside>>> = {
  certain: new Set<Outside>(['likely-none', 'some', 'unknown']),
  likely: new Set<Outside>(['some', 'unknown']),
  possible: new Set<Outside>(['some']),
};

/**
 * Which nodes can never go on: 1 in the result. Everything else is reached from what can run: a goroutine can if one
 * of the objects that it waits for can be served, and an object can be if one of those can who may serve it. Being
 * stuck "certainly" needs that nobody at all may help, "likely" that those who seem to hold locks are those who do.
 */
export function stuckNodes(graph: WaitGraph, adjacency: Adjacency, sureness: Confidence): Uint8Array {
  const { nodes, edges } = graph;
  const servers = sureness === 'certain' ? adjacency.allServers : adjacency.servers;
  const alive = new Uint8Array(nodes.length);
  const work: number[] = [];
  const revive = (node: number): void => {
    if (alive[node] === 1) return;
    alive[node] = 1;
    work.push(node);
  };
  const servedBy: number[][] = nodes.map(() => []);
  nodes.forEach((node, i) => {
    if (isGoroutine(node)) {
      if (!node.blocked || adjacency.waits[i]!.length === 0) revive(i);
      return;
    }
    for (const edge of servers[i]!) servedBy[edges[edge]!.to]!.push(i);
    const onlyHolder = sureness !== 'certain' && adjacency.heldFor[i] === 1;
    if (!onlyHolder && STRANGERS_SERVE[sureness].has(node.outside)) revive(i);
  });
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    if (isGoroutine(nodes[node]!)) for (const object of servedBy[node]!) revive(object);
    else for (const edge of adjacency.waiters[node]!) revive(edges[edge]!.from);
  }
  return alive.map((living) => 1 - living);
}
