import type {
  GoroutineNode,
  ObjectNode,
  Outside,
  WaitEdge,
  WaitGraph,
  WaitNode,
} from '../../golang/wait-graph/graph.ts';
import { STATE } from '../events.ts';
import { Numbering } from './distribution.ts';
import { Folded } from './folded.ts';
import { Kinship } from './kinship.ts';
import { type OwnerCandidate, ownersAt, waitersAt } from './lock-owners.ts';
import { PartnerIndex, partnerKey } from './partners.ts';
import { SeenHolders } from './seen-holders.ts';
import { liveState } from './states.ts';
import type { Subject } from './subject.ts';
import type { WaitClass } from './wait-class.ts';
import { familyOf, type WaitedObject, WaitedObjects } from './waited-objects.ts';

/** Who waits for whom at a time, as far as the events until then tell. */
export function waitForGraph(
  subject: Subject,
  time = subject.trace.duration,
  objects: WaitedObjects = new WaitedObjects(subject),
): WaitGraph {
  return new GraphBuilder(subject, objects, time).build();
}

const OPERATIONS: Readonly<Partial<Record<WaitClass, string>>> = {
  'chan send': 'send',
  'chan receive': 'receive',
  select: 'select',
  mutex: 'lock',
  'rwmutex read': 'read lock',
  'rwmutex write': 'lock',
};

/** Partners that an object shows; more say nothing more. */
const MOST_SERVERS = 5;
/** Lines that an object without an address is named by. */
const NAMED_PLACES = 2;
/** Goroutines that one has started and that live. */
const MOST_CHILDREN = 50;

/** The partners of those who wait for an object. */
interface Around {
  readonly seen: boolean;
  /** Life and how often, the most frequent first. */
  readonly living: readonly (readonly [number, number])[];
  /** The `go` statements that they come from. */
  readonly sites: ReadonlySet<number>;
}

class GraphBuilder {
  readonly #subject: Subject;
  readonly #objects: WaitedObjects;
  readonly #time: number;
  readonly #nodes: WaitNode[] = [];
  readonly #edges: WaitEdge[] = [];
  /** Nodes by index of the life, and by the object's key. */
  readonly #goroutines = new Map<number, number>();
  readonly #objectNodes = new Map<string, number>();
  readonly #waiters: readonly number[];
  readonly #children: ReadonlyMap<number, readonly number[]>;
  readonly #owners: ReadonlyMap<number, readonly OwnerCandidate[]>;
  readonly #seen: SeenHolders;
  readonly #folded: Folded;
  readonly #kinship: Kinship;
  readonly #limits: string[] = [];

  constructor(subject: Subject, objects: WaitedObjects, time: number) {
    this.#subject = subject;
    this.#objects = objects;
    this.#time = time;
    this.#owners = ownersAt(subject, objects, time);
    this.#seen = new SeenHolders(subject, time);
    const waiters = waitersAt(subject, time).filter(
      (span) => familyOf(subject.waitClass(span)) !== undefined,
    );
    this.#folded = new Folded(subject, objects, waiters, this.#ownerIds());
    this.#waiters = this.#folded.kept;
    this.#children = childrenAt(subject, time);
    this.#kinship = new Kinship(subject, time);
  }

  build(): WaitGraph {
    const spans = this.#waiters;
    const keys = new Set(spans.map((span) => partnerKey(this.#subject, this.#objects, span)));
    const partners = new PartnerIndex(this.#subject, this.#objects, keys, this.#time);
    const served = new Numbering<number>();
    for (const span of spans) {
      if (this.#subject.waitClass(span) === 'select') this.#selectCases(span);
      else this.#wait(span, partners, served);
    }
    this.#addOwners();
    if (this.#folded.count > 0)
      this.#limits.push(`${this.#folded.count} goroutines just like others were not looked at one by one`);
    if (!this.#hasAddresses()) {
      this.#limits.push(
        'the trace has no addresses of channels and locks: lines whose goroutines woke each other stand for them',
      );
    }
    return { nodes: this.#nodes, edges: this.#edges, limits: this.#limits };
  }

  #hasAddresses(): boolean {
    return this.#waiters.some(
      (span) => this.#objects.object(this.#objects.ofSpan[span]!)?.address !== undefined,
    );
  }

  #wait(span: number, partners: PartnerIndex, served: Numbering<number>): void {
    const { spans } = this.#subject.lives;
    const waitClass = this.#subject.waitClass(span);
    const id = this.#objects.ofSpan[span]!;
    const object = this.#objects.object(id)!;
    const life = spans.life[span]!;
    const helpers = waitClass === 'chan send' || object.kind === 'lock' ? [] : this.#helpers(span);
    // What a goroutine made for those that it started is its own; other waits at the line have another.
    const own = helpers.length > 0 && object.address === undefined;
    const key = partnerKey(this.#subject, this.#objects, span);
    const around = this.#around(key, partners);
    const { living } = around;
    // Receivers are made to last; senders may be made anew.
    const gone = waitClass === 'chan send' && around.seen && living.length === 0;
    const outside: Outside = gone ? 'likely-none' : 'unknown';
    // The readers of an RWMutex and its writers wait for different things.
    const side = object.kind === 'lock' ? nodeKind(waitClass) : key & 1;
    const node = this.#objectNode(
      own ? `own ${life}` : `${id} ${side}`,
      object,
      waitClass,
      own ? 'unknown' : outside,
    );
    this.#edge(
      this.#goroutine(life),
      node,
      'waits',
      'certain',
      'it is blocked there',
      OPERATIONS[waitClass] ?? 'wait',
    );
    if (object.kind === 'waitgroup' && this.#seenEdges(node, object)) return;
    for (const helper of helpers) this.#helperEdge(node, helper, waitClass, around.sites);
    if (helpers.length === 0 && object.kind !== 'lock' && waitClass !== 'chan send')
      this.#kin(span, node, waitClass);
    if (own || served.find(node) !== undefined || object.kind === 'lock') return;
    served.of(node);
    for (const [partner, count] of living.slice(0, MOST_SERVERS)) {
      if (partner === life) continue;
      const how =
        waitClass === 'chan send' ? `it received from it ${times(count)}` : `it woke waiters ${times(count)}`;
      this.#edge(node, this.#goroutine(partner), 'served', 'possible', how);
    }
  }

  readonly #known = new Map<number, Around>();

  #around(key: number, partners: PartnerIndex): Around {
    let around = this.#known.get(key);
    if (around === undefined) {
      const all = [...partners.of(key)].sort((a, b) => b[1] - a[1]);
      const lives = (life: number): boolean =>
        this.#subject.spanAt(this.#subject.life(life), this.#time) !== undefined;
      around = {
        seen: all.length > 0,
        living: all.filter(([partner]) => lives(partner)),
        sites: new Set(all.map(([partner]) => this.#site(partner))),
      };
      this.#known.set(key, around);
    }
    return around;
  }

  /** Living goroutines that were started by the one who waits, in a function that it is still in. */
  #helpers(span: number): readonly { readonly life: number; readonly within: string }[] {
    const { places, lives } = this.#subject;
    const life = this.#subject.life(lives.spans.life[span]!);
    const children = this.#children.get(life.id);
    if (children === undefined) return [];
    const within = new Set(places.ownFrames(lives.spans.stack[span]!).map((frame) => frame.function));
    const found: { readonly life: number; readonly within: string }[] = [];
    for (const child of children) {
      const frames = places.ownFrames(this.#subject.life(child).createdAt);
      // The outermost functions (main.main) start much that has nothing to do with this wait.
      const shared = frames.find((frame) => within.has(frame.function));
      if (shared !== undefined) found.push({ life: child, within: shared.function });
    }
    return found;
  }

  /** A WaitGroup waits for what was started for it; a channel does where such goroutines woke waiters before. */
  #helperEdge(
    node: number,
    { life, within }: { readonly life: number; readonly within: string },
    waitClass: WaitClass,
    sites: ReadonlySet<number>,
  ): void {
    const isGroup = waitClass === 'waitgroup';
    const usual = sites.has(this.#site(life));
    const how = `started in ${within}, which waits${usual ? '; others like it woke waiters here' : ''}`;
    this.#edge(
      node,
      this.#goroutine(life),
      isGroup ? 'held' : 'served',
      isGroup || usual ? 'likely' : 'possible',
      how,
    );
  }

  /** Who started a goroutine that was there before the trace nobody knows: others do what it may have done. */
  #kin(span: number, node: number, waitClass: WaitClass): void {
    for (const { life, within } of this.#kinship.of(span)) {
      const kind = waitClass === 'waitgroup' ? 'held' : 'served';
      const how = `others like it were started in ${within}, which waits`;
      this.#edge(node, this.#goroutine(life), kind, 'possible', how);
    }
  }

  #site(life: number): number {
    return this.#subject.places.site(this.#subject.life(life).createdAt);
  }

  #ownerIds(): ReadonlySet<number> {
    return new Set([...this.#owners.values()].flatMap((owners) => owners.map(({ goroutine }) => goroutine)));
  }

  /** Of a WaitGroup: those who were seen to have deferred their Done. */
  #seenEdges(node: number, { address }: WaitedObject): boolean {
    const holders = this.#seen.of(address).filter(({ kind }) => kind === 'waitgroup');
    for (const { goroutine, how } of holders)
      this.#edge(node, this.#goroutine(this.#subject.lifeIndex(goroutine)!), 'held', 'likely', how);
    return holders.length > 0;
  }

  #addOwners(): void {
    for (const [object, owners] of this.#owners) {
      for (const kind of LOCKS) {
        const node = this.#objectNodes.get(`${object} ${kind}`);
        const holders = owners.filter(({ against }) => against === undefined || against === kind);
        if (node !== undefined) this.#addHolders(node, holders);
      }
    }
  }

  #addHolders(node: number, owners: readonly OwnerCandidate[]): void {
    for (const { goroutine, how, because } of owners) {
      const confidence = how !== 'inside' || owners.length === 1 ? 'likely' : 'possible';
      this.#edge(node, this.#goroutine(this.#subject.lifeIndex(goroutine)!), 'held', confidence, because);
    }
  }

  /** A select waits for several channels, where the trace has their addresses. */
  #selectCases(span: number): void {
    const { lives, trace } = this.#subject;
    const select = trace.objects[lives.spans.object[span]!];
    if (select?.kind !== 'select') return;
    for (const { address, direction } of select.cases) {
      const known = this.#channelAt(address);
      const channel = known ?? { kind: 'channel' as const, address, places: [] };
      const waitClass = direction === 'send' ? 'chan send' : 'chan receive';
      const id = known === undefined ? `at ${address}` : this.#channelKeys.get(address)!;
      const node = this.#objectNode(`${id} ${direction === 'send' ? 1 : 0}`, channel, waitClass, 'unknown');
      this.#edge(
        this.#goroutine(lives.spans.life[span]!),
        node,
        'waits',
        'certain',
        'a case of its select',
        direction,
      );
    }
  }

  readonly #channelKeys = new Map<number, number>();

  #channelAt(address: number): WaitedObject | undefined {
    if (this.#channelKeys.size === 0) {
      for (let id = 1; id < this.#objects.count; id++) {
        const object = this.#objects.object(id)!;
        if (object.kind === 'channel' && object.address !== undefined)
          this.#channelKeys.set(object.address, id);
      }
    }
    const id = this.#channelKeys.get(address);
    return id === undefined ? undefined : this.#objects.object(id);
  }

  #goroutine(one: number): number {
    const life = this.#folded.standsFor(one);
    const known = this.#goroutines.get(life);
    if (known !== undefined) return known;
    const node = this.#nodes.push(this.#goroutineNode(life)) - 1;
    this.#goroutines.set(life, node);
    return node;
  }

  #goroutineNode(index: number): GoroutineNode {
    const { lives } = this.#subject;
    const life = this.#subject.life(index);
    const span = this.#subject.spanAt(life, this.#time);
    const waiting = span !== undefined && lives.spans.state[span] === STATE.waiting;
    const state = span === undefined ? 'ended' : liveState(this.#subject, span);
    return {
      kind: 'goroutine',
      goroutines: [life.id, ...this.#folded.others(index)],
      blocked: waiting && familyOf(this.#subject.waitClass(span)) !== undefined,
      state,
      waited: waiting ? this.#time - lives.spans.start[span]! : undefined,
      place: span === undefined ? undefined : this.#subject.placeOf(lives.spans.stack[span]!),
      created: this.#subject.createdAt(life),
    };
  }

  #objectNode(key: string, object: WaitedObject, waitClass: WaitClass, outside: Outside): number {
    const known = this.#objectNodes.get(key);
    if (known !== undefined) return known;
    const kind = nodeKind(waitClass);
    const node: ObjectNode = {
      kind,
      address: object.address ?? UNKNOWN,
      label: label(object, waitClass),
      outside,
    };
    const at = this.#nodes.push(node) - 1;
    this.#objectNodes.set(key, at);
    return at;
  }

  #edge(
    from: number,
    to: number,
    kind: WaitEdge['kind'],
    confidence: WaitEdge['confidence'],
    how: string,
    operation?: string,
  ): void {
    const edge = { from, to, kind, confidence, how };
    this.#edges.push(operation === undefined ? edge : { ...edge, operation });
  }
}

/** Go's own traces have no addresses. */
const UNKNOWN = 0;

const KINDS: Readonly<Partial<Record<WaitClass, ObjectNode['kind']>>> = {
  'chan send': 'channel',
  'chan receive': 'channel',
  select: 'channel',
  mutex: 'mutex',
  'rwmutex read': 'rwmutex-read',
  'rwmutex write': 'rwmutex-write',
  waitgroup: 'waitgroup',
  cond: 'cond',
};
const nodeKind = (waitClass: WaitClass): ObjectNode['kind'] => KINDS[waitClass] ?? 'semaphore';

/** What a lock may be waited for as. */
const LOCKS: readonly ObjectNode['kind'][] = ['mutex', 'rwmutex-read', 'rwmutex-write'];

const WORDS: Readonly<Record<ObjectNode['kind'], string>> = {
  channel: 'channel',
  mutex: 'Mutex',
  'rwmutex-read': 'RWMutex',
  'rwmutex-write': 'RWMutex',
  waitgroup: 'WaitGroup',
  cond: 'Cond',
  semaphore: 'semaphore',
};

/** `channel of audit.go:28, shop.go:71` */
function label({ places, address }: WaitedObject, waitClass: WaitClass): string {
  const word = WORDS[nodeKind(waitClass)];
  if (address !== undefined || places.length === 0) return word;
  const lines = places
    .slice(0, NAMED_PLACES)
    .map(({ file, line }) => `${file.slice(file.lastIndexOf('/') + 1)}:${line}`);
  return `${word} of ${lines.join(', ')}${places.length > NAMED_PLACES ? ', …' : ''}`;
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** Living goroutines by the id of who started them. */
function childrenAt(subject: Subject, time: number): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>();
  subject.lives.goroutines.forEach((life, index) => {
    if (life.creator === 0 || subject.spanAt(life, time) === undefined) return;
    const known = children.get(life.creator);
    if (known === undefined) children.set(life.creator, [index]);
    else if (known.length < MOST_CHILDREN) known.push(index);
  });
  return children;
}
