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
  /** Edges, one after the other: around the circle, or from who waits farthest behind to what he waits for in the end. */
  readonly path: readonly number[];
  /** All edges by which those concerned hang together, those of the path among them: what is told and drawn. */
  readonly edges: readonly number[];
  /** Goroutine nodes of the circle, or that wait for the very thing; then those that wait behind them, the nearest first. */
  readonly members: readonly number[];
  readonly behind: readonly number[];
  /** Of a queue: goroutine nodes that can go on, and for which the others wait. They are not counted: they do not wait. */
  readonly holders: readonly number[];
  /** How many goroutines wait. */
  readonly goroutines: number;
  /** So many others look just like this one: same places, same kinds of objects. They are not in the list. */
  readonly similar: number;
}

/** What holds others up. */
interface Root {
  readonly kind: WaitFinding['kind'];
  /** Of a deadlock: the way around. */
  readonly circle: readonly number[];
  /** Its nodes: of the circle, the object that nobody serves, or those who can go on. */
  readonly nodes: readonly number[];
  /** What is waited for: of a queue, objects that those can let go of. */
  readonly objects: readonly number[];
}

/** Who waits behind a root, found from it outwards. */
interface Following {
  /** Goroutine nodes, the nearest first. */
  readonly goroutines: number[];
  /** The edges by which they were found, from them towards the root. */
  readonly edges: number[];
}

/** What is wrong in a graph, the worst first. */
export function findings(graph: WaitGraph): readonly WaitFinding[] {
  return new Findings(graph).all();
}

/** Goroutine nodes of a finding that its path does not pass, and the edge by which each waits (-1: it is not known). */
export function offPath(
  { nodes, edges }: WaitGraph,
  { path, edges: all, members, behind }: WaitFinding,
): readonly { readonly node: number; readonly by: number }[] {
  const passed = new Set(path.flatMap((edge) => [edges[edge]!.from, edges[edge]!.to]));
  const waits = new Map<number, number>();
  for (const edge of all) {
    const { from } = edges[edge]!;
    if (isGoroutine(nodes[from]!) && !waits.has(from)) waits.set(from, edge);
  }
  return [...members, ...behind]
    .filter((node) => !passed.has(node))
    .map((node) => ({ node, by: waits.get(node) ?? -1 }));
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
    const stuck = this.#stuck.possible;
    const next = (node: number): readonly number[] => (stuck[node] === 0 ? [] : this.#next(node));
    const roots: Root[] = cycles(this.#graph.nodes.length, next).map((nodes) => ({
      kind: 'deadlock',
      circle: this.#around(nodes),
      nodes,
      objects: nodes.filter((node) => !isGoroutine(this.#graph.nodes[node]!)),
    }));
    this.#graph.nodes.forEach((node, i) => {
      if (isGoroutine(node) || stuck[i] === 0 || this.#adjacency.waiters[i]!.length === 0) return;
      if (this.#adjacency.servers[i]!.length === 0)
        roots.push({ kind: 'never', circle: [], nodes: [i], objects: [i] });
    });
    roots.push(...this.#queues());
    const found = this.#following(roots).map((following, i) => this.#finding(roots[i]!, following));
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

  /**
   * Those who can go on and for whom others wait, because they hold something or are the only ones who could help.
   * Who hold the same thing together (the readers of a lock, the workers of a WaitGroup) are one root.
   */
  #queues(): Root[] {
    const { edges } = this.#graph;
    const holdersOf = new Map<number, readonly number[]>();
    const heldBy = new Map<number, number[]>();
    this.#graph.nodes.forEach((_, object) => {
      if (this.#stuck.possible[object] === 1 || !this.#answers(object)) return;
      if (this.#adjacency.waiters[object]!.length === 0) return;
      const holders = this.#adjacency.servers[object]!.map((edge) => edges[edge]!.to);
      const free = holders.filter((holder) => this.#isFree(holder));
      holdersOf.set(object, free);
      for (const holder of free) heldBy.set(holder, [...(heldBy.get(holder) ?? []), object]);
    });
    const seen = new Set<number>();
    const roots: Root[] = [];
    for (const start of heldBy.keys()) {
      if (seen.has(start)) continue;
      seen.add(start);
      const nodes = [start];
      for (const holder of nodes) {
        for (const other of heldBy.get(holder)!.flatMap((object) => holdersOf.get(object)!)) {
          if (seen.has(other)) continue;
          seen.add(other);
          nodes.push(other);
        }
      }
      const objects = [...new Set(nodes.flatMap((holder) => heldBy.get(holder)!))];
      roots.push({ kind: 'queue', circle: [], nodes, objects });
    }
    return roots;
  }

  /** A goroutine that waits for nobody who is known. */
  #isFree(node: number): boolean {
    if (!isGoroutine(this.#graph.nodes[node]!)) return false;
    return !this.#adjacency.waits[node]!.some((edge) => this.#answers(this.#graph.edges[edge]!.to));
  }

  /** Whether it is known on whom an object depends. */
  #answers(object: number): boolean {
    const node = this.#graph.nodes[object]!;
    if (isGoroutine(node)) return false;
    const servers = this.#adjacency.servers[object]!;
    return this.#adjacency.heldFor[object] === 1 || (servers.length === 1 && node.outside === 'none');
  }

  /** Who waits, by the root that they wait behind: the nearest, when there are several. */
  #following(roots: readonly Root[]): readonly Following[] {
    const { nodes, edges } = this.#graph;
    const incoming: number[][] = nodes.map(() => []);
    nodes.forEach((node, i) => {
      const leadsOn = isGoroutine(node) || this.#stuck.possible[i] === 1 || this.#answers(i);
      for (const edge of leadsOn ? this.#edgesOf(i) : []) incoming[edges[edge]!.to]!.push(edge);
    });
    const owner = new Int32Array(nodes.length).fill(-1);
    const queue: number[] = [];
    roots.forEach((root, r) => {
      for (const node of root.nodes) {
        if (owner[node] !== -1) continue;
        owner[node] = r;
        queue.push(node);
      }
    });
    const following: Following[] = roots.map(() => ({ goroutines: [], edges: [] }));
    for (const node of queue) {
      for (const edge of incoming[node]!) {
        const before = edges[edge]!.from;
        if (owner[before] !== -1) continue;
        const by = owner[node]!;
        owner[before] = by;
        queue.push(before);
        following[by]!.edges.push(edge);
        if (isGoroutine(nodes[before]!)) following[by]!.goroutines.push(before);
      }
    }
    return following;
  }

  #finding({ kind, circle, nodes: root, objects }: Root, following: Following): WaitFinding {
    const { nodes, edges } = this.#graph;
    const inRoot = new Set(root);
    const waitedFor = new Set(objects);
    const members =
      kind === 'deadlock'
        ? root.filter((node) => isGoroutine(nodes[node]!))
        : following.goroutines.filter((node) => this.#waitsForOne(node, waitedFor));
    const own = new Set(members);
    const behind = following.goroutines.filter((node) => !own.has(node));
    const path = kind === 'deadlock' ? circle : this.#longestWay(following);
    // Within the circle, or from what is waited for to all who hold it.
    const within = [...new Set([...root, ...objects])]
      .flatMap((node) => this.#edgesOf(node))
      .filter((edge) => inRoot.has(edges[edge]!.to));
    return {
      kind,
      confidence:
        kind === 'queue'
          ? (edges[path.at(-1) ?? -1]?.confidence ?? 'possible')
          : (CONFIDENCES.find((level) => root.every((node) => this.#stuck[level][node] === 1)) ?? 'possible'),
      path,
      edges: [...new Set([...path, ...within, ...following.edges])],
      members,
      behind,
      holders: kind === 'queue' ? root : [],
      goroutines: [...members, ...behind].reduce((sum, node) => sum + this.#size(node), 0),
      similar: 0,
    };
  }

  #waitsForOne(node: number, objects: ReadonlySet<number>): boolean {
    return this.#adjacency.waits[node]!.some((edge) => objects.has(this.#graph.edges[edge]!.to));
  }

  #size(node: number): number {
    const found = this.#graph.nodes[node]!;
    return isGoroutine(found) ? found.goroutines.length : 0;
  }

  /** From the goroutine that was found last, so the farthest away, to the root. */
  #longestWay({ goroutines, edges }: Following): readonly number[] {
    const towards = new Map(edges.map((edge) => [this.#graph.edges[edge]!.from, edge]));
    const way: number[] = [];
    for (let edge = towards.get(goroutines.at(-1) ?? -1); edge !== undefined; ) {
      way.push(edge);
      edge = towards.get(this.#graph.edges[edge]!.to);
    }
    return way;
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
