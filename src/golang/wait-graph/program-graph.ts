import type { Location } from '../frame.ts';
import type { GoProgram } from '../go-program.ts';
import type { Goroutine } from '../goroutine.ts';
import { booksOf, type Participant } from './books.ts';
import { collapse } from './collapse.ts';
import type { Confidence, GoroutineNode, Outside, Place, WaitEdge, WaitGraph, WaitNode } from './graph.ts';
import { HeapObjects } from './heap-objects.ts';
import { Holders, hasDeferredRelease, takenOfKind } from './holders.ts';
import { reachableObjects } from './reachability.ts';
import { References } from './references.ts';
import { type WaitedObject, WaitedObjects } from './waited-objects.ts';

/** Who may hold a lock is looked at closely for so many goroutines. */
const MOST_STUDIED = 5_000;
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
  readonly #heap: HeapObjects | undefined;
  readonly #waited: WaitedObjects;
  readonly #members: Member[] = [];
  readonly #nodes: WaitNode[] = [];
  readonly #edges: WaitEdge[] = [];
  readonly #limits: string[] = [];
  readonly #holders: Holders;
  readonly #places = new Map<Location, Place>();
  readonly #callers = new Map<string, Location>();
  #studied = 0;
  #objectsFrom = 0;
  #books: ReadonlySet<number> = new Set();

  constructor(go: GoProgram, progress: GraphProgress) {
    this.#go = go;
    this.#progress = progress;
    this.#heap = HeapObjects.of(go.runtime);
    this.#waited = new WaitedObjects(go, this.#heap);
    this.#holders = new Holders(go);
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
    this.#waited.all.forEach((object, i) => {
      const found = this.#servers(object, candidates[i]!, i);
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
    const references = new References(this.#go, this.#heap, this.#waited, this.#books);
    this.#members.forEach(({ address, system }, i) => {
      if ((i & 255) === 0) this.#progress('searching stacks', i, this.#members.length);
      if (system) return;
      for (const [object, steps] of references.of(address)) candidates[object]!.set(i, steps);
    });
    if (!references.complete)
      this.#limits.push('there are too many objects: who could serve which was not followed to the end');
    return candidates;
  }

  #servers(object: WaitedObject, candidates: ReadonlyMap<number, number>, index: number): Server[] {
    const servers: Server[] = [...this.#writersAhead(object, index)];
    const known = new Set(servers.map(({ member }) => member));
    for (const [member, steps] of candidates) {
      if (known.has(member) || object.address === 0) continue;
      const server = this.#server(object, member, steps);
      if (server !== undefined) servers.push(server);
    }
    return exclusive(object, servers);
  }

  /** Readers queue behind a writer that waits, and writers behind the one that is first: the queues say so. */
  #writersAhead({ kind }: WaitedObject, index: number): Server[] {
    if (kind !== 'rwmutex-read' && kind !== 'mutex') return [];
    const other = this.#waited.atSameRWMutex(index, 'rwmutex-write');
    const waiters = other === undefined ? [] : [...this.#waited.all[other]!.waiters.keys()];
    const how = 'a writer that waits is ahead';
    return waiters.map((member) => ({ member, kind: 'held', confidence: 'certain', how }));
  }

  #server(object: WaitedObject, member: number, steps: number): Server | undefined {
    const reach = steps === 0 ? 'its stack leads to it' : `its stack leads to it in ${steps + 1} steps`;
    const possible: Server = { member, kind: 'served', confidence: 'possible', how: reach };
    const waits = object.waiters.has(member);
    if (object.kind === 'channel' || object.kind === 'cond' || object.kind === 'semaphore')
      return waits ? undefined : possible;
    if (this.#studied >= MOST_STUDIED) return waits ? undefined : possible;
    this.#studied++;
    const holding = this.#holders.of(this.#members[member]!.address);
    const held = (confidence: Confidence, how: string): Server => ({ member, kind: 'held', confidence, how });
    if (hasDeferredRelease(holding, object)) {
      const release = object.kind === 'waitgroup' ? 'Done' : 'Unlock';
      return held('likely', `has deferred its ${release}`);
    }
    const taken = takenOfKind(holding, object);
    // One that waits for the lock and has locked once in a frame may have locked it before: only a defer says so.
    if (taken > 0 && !waits) return held('likely', 'its code is between Lock and Unlock');
    return waits ? undefined : possible;
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
      heap: this.#heap,
      waited: this.#waited,
      books: this.#books,
      goroutines: this.#members,
      holders,
      progress: (bytes) => this.#progress('searching the heap (MB)', Math.floor(bytes / 2 ** 20), 0),
    });
  }
}

interface Server {
  readonly member: number;
  readonly kind: 'held' | 'served';
  readonly confidence: Confidence;
  readonly how: string;
}

/** A Mutex has one holder: where several seem to hold it, or one by a deferred call and others by code, some are wrong. */
function exclusive({ kind }: WaitedObject, servers: readonly Server[]): Server[] {
  if (kind !== 'mutex' && kind !== 'rwmutex-read') return [...servers];
  const certain = servers.filter(({ confidence }) => confidence === 'certain');
  const deferred = servers.filter(({ how }) => how.startsWith('has deferred'));
  const best = certain.length > 0 ? certain : deferred;
  const held = servers.filter((server) => server.kind === 'held');
  if (best.length > 0)
    return servers.map((server) =>
      best.includes(server) || server.kind === 'served' ? server : weakened(server),
    );
  return held.length <= 1 ? [...servers] : servers.map((s) => (s.kind === 'held' ? weakened(s) : s));
}

const weakened = (server: Server): Server => ({ ...server, kind: 'served', confidence: 'possible' });
