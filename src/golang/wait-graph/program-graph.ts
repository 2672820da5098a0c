import type { Location } from '../frame.ts';
import type { GoProgram } from '../go-program.ts';
import type { Goroutine } from '../goroutine.ts';
import { GoroutineWords } from '../live-words/goroutine-words.ts';
import { booksOf, type Participant } from './books.ts';
import { collapse } from './collapse.ts';
import type { GoroutineNode, Outside, Place, WaitEdge, WaitGraph, WaitNode } from './graph.ts';
import { HeapObjects } from './heap-objects.ts';
import { reachableObjects } from './reachability.ts';
import { References } from './references.ts';
import { serversOf } from './servers.ts';
import { WaitedObjects } from './waited-objects.ts';

/** What the program calls to wait. */
const LIBRARY = /^(?:runtime|internal\/runtime|sync|internal\/sync|time|internal\/poll)[./]/;
const LIBRARY_DEPTH = 16;
const MOST_EDGES = 2_000_000;

/** Called often; throws to end it. */
export type GraphProgress = (what: string, done: number, total: number) => void;

interface Member extends Participant {
  readonly goroutine: Goroutine;
  readonly system: boolean;
  /** Node in the graph; −1: not in it. */
  readonly node: number;
}

/** The wait-for graph of a stopped program: of all its goroutines but the runtime's own. */
export function programGraph(
  go: GoProgram,
  goroutines: Iterable<Goroutine>,
  total: number,
  progress: GraphProgress,
): WaitGraph {
  return new Builder(go, progress).build(goroutines, total);
}

const NOT_SEARCHED =
  'the heap is too large to be searched, or its structures are not known: whether somebody could still come by an object is open';

class Builder {
  readonly #go: GoProgram;
  readonly #progress: GraphProgress;
  readonly #stacks: GoroutineWords;
  readonly #heap: HeapObjects | undefined;
  readonly #waited: WaitedObjects;
  readonly #members: Member[] = [];
  readonly #nodes: WaitNode[] = [];
  readonly #edges: WaitEdge[] = [];
  readonly #limits: string[] = [];
  readonly #places = new Map<Location, Place>();
  readonly #callers = new Map<string, Location>();
  #objectsFrom = 0;
  #books: ReadonlySet<number> = new Set();

  constructor(go: GoProgram, progress: GraphProgress) {
    this.#go = go;
    this.#progress = progress;
    this.#stacks = new GoroutineWords(go);
    this.#heap = HeapObjects.of(go.runtime);
    this.#waited = new WaitedObjects(go, this.#heap);
  }

  build(goroutines: Iterable<Goroutine>, total: number): WaitGraph {
    for (const goroutine of goroutines) {
      if ((this.#members.length & 255) === 0)
        this.#progress('reading goroutines', this.#members.length, total);
      this.#add(goroutine);
    }
    this.#objectsFrom = this.#nodes.length;
    if (this.#heap !== undefined) this.#books = booksOf(this.#go, this.#heap, this.#waited, this.#members);
    const candidates = this.#candidates();
    const holders = new Map<number, readonly number[]>();
    const servers = serversOf(this.#go, this.#waited, this.#members, candidates);
    this.#waited.all.forEach((_, i) => {
      const found = servers[i]!;
      const held = found.filter(({ kind, confidence }) => kind === 'held' && confidence !== 'possible');
      if (held.length > 0)
        holders.set(
          i,
          held.map(({ member }) => member),
        );
      for (const { member, kind, confidence, how } of found) {
        const to = this.#members[member]!.node;
        if (to >= 0 && this.#edges.length < MOST_EDGES)
          this.#edges.push({ from: this.#objectNode(i), to, kind, confidence, how });
      }
    });
    const outside = this.#outside(holders);
    this.#waited.all.forEach(({ kind, address, label, waiters, free }, i) => {
      this.#nodes[this.#objectNode(i)] = {
        kind,
        address,
        label: free ? `${label}, free: a waiter is about to take it` : label,
        outside: free ? 'some' : outside[i]!,
      };
      for (const [waiter, operation] of waiters) {
        const from = this.#members[waiter]!.node;
        const how = address === 0 ? 'it has no end' : 'in its queue';
        this.#edges.push({
          from,
          to: this.#objectNode(i),
          kind: 'waits',
          operation,
          confidence: 'certain',
          how,
        });
      }
    });
    if (this.#edges.length >= MOST_EDGES) this.#limits.push('there are too many edges: some are missing');
    return collapse({ nodes: this.#nodes, edges: this.#edges, limits: this.#limits });
  }

  /** Nodes of objects come behind those of goroutines. */
  #objectNode(object: number): number {
    return this.#objectsFrom + object;
  }

  #add(goroutine: Goroutine): void {
    const index = this.#members.length;
    const { system } = goroutine;
    const waiting = goroutine.state === '_Gwaiting' || goroutine.state === '_Gleaked';
    const blocked =
      !system && waiting && goroutine.problem === undefined && this.#waited.add(index, goroutine.blockedOn);
    const node = system ? -1 : this.#nodes.push(this.#node(goroutine, blocked)) - 1;
    this.#members.push({ goroutine, address: goroutine.address, blocked, system, node });
  }

  #node(goroutine: Goroutine, blocked: boolean): GoroutineNode {
    return {
      kind: 'goroutine',
      goroutines: [goroutine.id],
      blocked,
      state: goroutine.waitReason ?? goroutine.state.replace(/^_G/, ''),
      waited: goroutine.waited,
      place: this.#place(this.#callerOf(goroutine)),
      created: this.#place(goroutine.goStatementLocation),
    };
  }

  /** Where the program waits, and not where the library does that it called for it. */
  #callerOf(goroutine: Goroutine): Location {
    const { userLocation } = goroutine;
    if (!LIBRARY.test(userLocation.function ?? '')) return userLocation;
    const { frames } = this.#go.stackOf(goroutine.address, LIBRARY_DEPTH);
    const own = frames.find(({ function: name }) => name !== undefined && !LIBRARY.test(name));
    if (own === undefined) return userLocation;
    // Frames are made anew for each stack; goroutines at one place share one.
    const key = `${own.pc} ${own.inlineDepth}`;
    const known = this.#callers.get(key) ?? own;
    this.#callers.set(key, known);
    return known;
  }

  #place(location: Location): Place {
    let place = this.#places.get(location);
    if (place === undefined) {
      const { function: name, position } = location;
      place = { function: name, file: position?.file, line: position?.line };
      this.#places.set(location, place);
    }
    return place;
  }

  /** By object: who could come by it, with how many steps from the stack. */
  #candidates(): ReadonlyMap<number, number>[] {
    const { all } = this.#waited;
    const candidates = all.map(() => new Map<number, number>());
    if (all.length === 0) return candidates;
    const references = new References(this.#go, this.#stacks, this.#heap, this.#waited, this.#books);
    this.#members.forEach(({ address, system }, i) => {
      if ((i & 255) === 0) this.#progress('searching stacks', i, this.#members.length);
      if (system) return;
      for (const [object, steps] of references.of(address)) candidates[object]!.set(i, steps);
    });
    if (!references.complete)
      this.#limits.push('there are too many objects: who could serve which was not followed to the end');
    return candidates;
  }

  #outside(holders: ReadonlyMap<number, readonly number[]>): Outside[] {
    const { all } = this.#waited;
    if (all.length === 0) return [];
    const certain = this.#reachable(new Map());
    if (certain === undefined) {
      this.#limits.push(NOT_SEARCHED);
      return all.map(({ address }) => (address === 0 ? 'none' : 'unknown'));
    }
    const likely = holders.size === 0 ? certain : this.#reachable(holders);
    return all.map((_, i) => {
      if (certain[i] === 0) return 'none';
      return likely?.[i] === 0 ? 'likely-none' : 'some';
    });
  }

  #reachable(holders: ReadonlyMap<number, readonly number[]>): Uint8Array | undefined {
    if (this.#heap === undefined) return undefined;
    return reachableObjects({
      go: this.#go,
      stacks: this.#stacks,
      heap: this.#heap,
      waited: this.#waited,
      books: this.#books,
      goroutines: this.#members,
      holders,
      progress: (bytes) => this.#progress('searching the heap (MB)', Math.floor(bytes / 2 ** 20), 0),
    });
  }
}
