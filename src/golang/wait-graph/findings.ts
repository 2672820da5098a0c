import { cycles } from './components.ts';
import { CONFIDENCES, type Confidence, isGoroutine, type WaitGraph } from './graph.ts';
import { type Adjacency, adjacencyOf, stuckNodes } from './stuck.ts';

export interface WaitFinding {
  /**
   * deadlock: they wait for each other. never: nobody is left who could wake them. queue: they wait, one behind the
   * other, for somebody who can go on.
   */
  readonly kind: 'deadlock' | 'never' | 'queue';
  /** That none of them can ever go on; of a queue: that it is this one which they wait for. */
  readonly confidence: Confidence;
  /** Edges, one after the other: around the circle, or from a waiter to what he waits for in the end. */
  readonly path: readonly number[];
  /** Goroutine nodes on the path, then those that wait behind them. */
  readonly members: readonly number[];
  readonly behind: readonly number[];
  /** How many goroutines all these are. */
  readonly goroutines: number;
  /** So many others look just like this one: same places, same kinds of objects. They are not in the list. */
  readonly similar: number;
}

/** What is wrong in a graph, the worst first. */
export function findings(graph: WaitGraph): readonly WaitFinding[] {
  return new Findings(graph).all();
}

class Findings {
  readonly #graph: WaitGraph;
  readonly #adjacency: Adjacency;
  readonly #stuck: Readonly<Record<Confidence, Uint8Array>>;

  constructor(graph: WaitGraph) {
    this.#graph = graph;
    this.#adjacency = adjacencyOf(graph);
    const at = (sureness: Confidence): Uint8Array => stuckNodes(graph, this.#adjacency, sureness);
    this.#stuck = { certain: at('certain'), likely: at('likely'), possible: at('possible') };
  }

  all(): readonly WaitFinding[] {
    const roots: { readonly kind: WaitFinding['kind']; readonly path: number[]; readonly nodes: number[] }[] =
      [];
    const stuck = this.#stuck.possible;
    const next = (node: number): readonly number[] => (stuck[node] === 0 ? [] : this.#next(node));
    const inCycle = new Uint8Array(this.#graph.nodes.length);
    for (const component of cycles(this.#graph.nodes.length, next)) {
      for (const node of component) inCycle[node] = 1;
      roots.push({ kind: 'deadlock', path: this.#around(component), nodes: component });
    }
    this.#graph.nodes.forEach((node, i) => {
      if (isGoroutine(node)) return;
      const waiters = this.#adjacency.waiters[i]!;
      if (stuck[i] === 1 && waiters.length > 0 && this.#adjacency.servers[i]!.length === 0)
        roots.push({ kind: 'never', path: [waiters[0]!], nodes: [i] });
    });
    roots.push(...this.#queues());
    const behind = this.#behind(roots.map(({ nodes }) => nodes));
    const found = roots.map(({ kind, path, nodes }, i) => this.#finding(kind, path, nodes, behind[i]!));
    // A goroutine in a select is told of once, by one of its cases.
    return sorted(
      withoutRepeats(
        this.#graph,
        found.filter(({ goroutines }) => goroutines > 0),
      ),
    );
  }

  #next(node: number): readonly number[] {
    const { waits, servers } = this.#adjacency;
    const list = isGoroutine(this.#graph.nodes[node]!) ? waits[node]! : servers[node]!;
    return list.map((edge) => this.#graph.edges[edge]!.to);
  }

  /** The shortest way around, from the first node that has one. */
  #around(component: readonly number[]): number[] {
    const inside = new Set(component);
    const start = component.find((node) => isGoroutine(this.#graph.nodes[node]!)) ?? component[0]!;
    const cameBy = new Map<number, number>();
    const queue = [start];
    for (const node of queue) {
      for (const edge of this.#edgesOf(node)) {
        const { to } = this.#graph.edges[edge]!;
        if (to === start) return [...this.#wayTo(cameBy, start, node), edge];
        if (!inside.has(to) || cameBy.has(to)) continue;
        cameBy.set(to, edge);
        queue.push(to);
      }
    }
    return [];
  }

  #edgesOf(node: number): readonly number[] {
    const { waits, servers } = this.#adjacency;
    return isGoroutine(this.#graph.nodes[node]!) ? waits[node]! : servers[node]!;
  }

  #wayTo(cameBy: ReadonlyMap<number, number>, start: number, end: number): number[] {
    const way: number[] = [];
    for (let node = end; node !== start; ) {
      const edge = cameBy.get(node)!;
      way.push(edge);
      node = this.#graph.edges[edge]!.from;
    }
    return way.reverse();
  }

  /** Those who can go on and for whom others wait, because they hold something or are the only ones who could help. */
  #queues(): { readonly kind: 'queue'; readonly path: number[]; readonly nodes: number[] }[] {
    const { nodes, edges } = this.#graph;
    const stuck = this.#stuck.possible;
    const found: { readonly kind: 'queue'; readonly path: number[]; readonly nodes: number[] }[] = [];
    const seen = new Set<number>();
    nodes.forEach((node, i) => {
      if (isGoroutine(node) || stuck[i] === 1 || !this.#answers(i)) return;
      const waiter = this.#adjacency.waiters[i]![0];
      for (const edge of waiter === undefined ? [] : this.#adjacency.servers[i]!) {
        const { to } = edges[edge]!;
        const server = nodes[to]!;
        if (!isGoroutine(server) || this.#adjacency.waits[to]!.some((e) => this.#answers(edges[e]!.to)))
          continue;
        if (seen.has(to)) continue;
        seen.add(to);
        found.push({ kind: 'queue', path: [waiter!, edge], nodes: [to] });
      }
    });
    return found;
  }

  /** Whether it is known on whom an object depends. */
  #answers(object: number): boolean {
    const node = this.#graph.nodes[object]!;
    if (isGoroutine(node)) return false;
    const servers = this.#adjacency.servers[object]!;
    return this.#adjacency.heldFor[object] === 1 || (servers.length === 1 && node.outside === 'none');
  }

  /** Goroutine nodes by the root that they wait behind: the nearest, when there are several. */
  #behind(roots: readonly (readonly number[])[]): number[][] {
    const { nodes, edges } = this.#graph;
    const incoming: number[][] = nodes.map(() => []);
    nodes.forEach((node, i) => {
      if (isGoroutine(node)) for (const edge of this.#adjacency.waits[i]!) incoming[edges[edge]!.to]!.push(i);
      else if (this.#stuck.possible[i] === 1 || this.#answers(i))
        for (const edge of this.#adjacency.servers[i]!) incoming[edges[edge]!.to]!.push(i);
    });
    const owner = new Int32Array(nodes.length).fill(-1);
    const queue: number[] = [];
    roots.forEach((root, r) => {
      for (const node of root) {
        if (owner[node] !== -1) continue;
        owner[node] = r;
        queue.push(node);
      }
    });
    const behind: number[][] = roots.map(() => []);
    for (const node of queue) {
      for (const before of incoming[node]!) {
        if (owner[before] !== -1) continue;
        owner[before] = owner[node]!;
        queue.push(before);
        if (isGoroutine(nodes[before]!)) behind[owner[node]!]!.push(before);
      }
    }
    return behind;
  }

  #finding(
    kind: WaitFinding['kind'],
    path: readonly number[],
    root: readonly number[],
    behind: readonly number[],
  ): WaitFinding {
    const { nodes, edges } = this.#graph;
    const onRoot = root.filter((node) => isGoroutine(nodes[node]!));
    // Whoever waits for an object that nobody serves is what is found, and does not wait behind it.
    const first = kind === 'never' ? behind.filter((node) => this.#waitsFor(node, root[0]!)) : onRoot;
    const own = new Set(first);
    const others = behind.filter((node) => !own.has(node));
    const goroutines = [...first, ...others].reduce((sum, node) => sum + this.#size(node), 0);
    const confidence =
      kind === 'queue'
        ? edges[path.at(-1)!]!.confidence
        : (CONFIDENCES.find((level) => root.every((node) => this.#stuck[level][node] === 1)) ?? 'possible');
    const way = kind === 'queue' ? (this.#longestWay(root[0]!, others) ?? path) : path;
    return { kind, confidence, path: way, members: first, behind: others, goroutines, similar: 0 };
  }

  #waitsFor(node: number, object: number): boolean {
    return this.#adjacency.waits[node]!.some((edge) => this.#graph.edges[edge]!.to === object);
  }

  #size(node: number): number {
    const found = this.#graph.nodes[node]!;
    return isGoroutine(found) ? found.goroutines.length : 0;
  }

  /** From the last of those behind (found last, so farthest away) to the root. */
  #longestWay(root: number, behind: readonly number[]): number[] | undefined {
    const start = behind.at(-1);
    if (start === undefined) return undefined;
    const cameBy = new Map<number, number>();
    const queue = [start];
    for (const node of queue) {
      if (node === root) return this.#wayTo(cameBy, start, root);
      for (const edge of this.#edgesOf(node)) {
        const { to } = this.#graph.edges[edge]!;
        if (to === start || cameBy.has(to)) continue;
        cameBy.set(to, edge);
        queue.push(to);
      }
    }
    return undefined;
  }
}

/** A hundred goroutines that leak one by one at the same place are one finding. */
function withoutRepeats(graph: WaitGraph, found: readonly WaitFinding[]): WaitFinding[] {
  const known = new Map<string, WaitFinding>();
  for (const finding of found) {
    const key = `${finding.kind} ${finding.confidence} ${shape(graph, finding)}`;
    const before = known.get(key);
    if (before === undefined) known.set(key, finding);
    else {
      const goroutines = before.goroutines + finding.goroutines;
      known.set(key, { ...before, goroutines, similar: before.similar + 1 });
    }
  }
  return [...known.values()];
}

function shape({ nodes, edges }: WaitGraph, { path, members, behind }: WaitFinding): string {
  const text = (i: number): string => {
    const node = nodes[i]!;
    if (!isGoroutine(node)) return `${node.kind} ${node.label} ${node.address === 0}`;
    return `${node.state} ${node.place?.function}:${node.place?.line}`;
  };
  const steps = path.map((i) => `${text(edges[i]!.from)}>${edges[i]!.how}>${text(edges[i]!.to)}`);
  return `${steps.join()} ${members.map(text).join()} ${behind.map(text).join()}`;
}

const SEVERITY = { deadlock: 0, never: 1, queue: 2 } as const;

function sorted(found: readonly WaitFinding[]): readonly WaitFinding[] {
  return [...found].sort(
    (a, b) =>
      SEVERITY[a.kind] - SEVERITY[b.kind] ||
      CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence) ||
      b.goroutines - a.goroutines,
  );
}
