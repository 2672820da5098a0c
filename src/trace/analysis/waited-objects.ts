import { STATE } from '../events.ts';
import { Numbering } from './distribution.ts';
import type { Place } from './places.ts';
import type { Subject } from './subject.ts';
import { WAIT_CLASSES, type WaitClass } from './wait-class.ts';

/** Something that goroutines wait for and others let them go on from. */
export interface WaitedObject {
  readonly kind: ObjectFamily;
  /** Undefined where the trace has no addresses, as Go's own. */
  readonly address: number | undefined;
  /**
   * Lines that have to do with it: where goroutines wait for it and where they are woken. Without an address this is
   * all that is known: lines whose goroutines woke each other are taken for users of the same object, which may be
   * several of one kind.
   */
  readonly places: readonly Place[];
}

export type ObjectFamily = 'channel' | 'select' | 'lock' | 'waitgroup' | 'cond' | 'sync';

const FAMILY: Readonly<Partial<Record<WaitClass, ObjectFamily>>> = {
  'chan send': 'channel',
  'chan receive': 'channel',
  select: 'select',
  mutex: 'lock',
  'rwmutex read': 'lock',
  'rwmutex write': 'lock',
  waitgroup: 'waitgroup',
  cond: 'cond',
  sync: 'sync',
};

export const familyOf = (waitClass: WaitClass): ObjectFamily | undefined => FAMILY[waitClass];

const FAMILIES: readonly ObjectFamily[] = ['channel', 'select', 'lock', 'waitgroup', 'cond', 'sync'];
const FAMILY_OF_CLASS = WAIT_CLASSES.map((name) => {
  const family = FAMILY[name];
  return family === undefined ? 0 : FAMILIES.indexOf(family) + 1;
});

/** Most places in one trace, for keys made of two of them. */
const PLACES = 2 ** 24;

/** The objects of a trace's waits, by span. Object 0: none, the wait is not for one. */
export class WaitedObjects {
  readonly ofSpan: Uint32Array;
  readonly #objects: (WaitedObject | undefined)[] = [undefined];

  constructor(subject: Subject) {
    this.ofSpan = new Uint32Array(subject.lives.spans.count);
    const nodes = new Numbering<number>();
    const links = new Sets();
    this.#findNodes(subject, nodes, links);
    this.#nameThem(subject, links);
  }

  get count(): number {
    return this.#objects.length;
  }

  object(id: number): WaitedObject | undefined {
    return this.#objects[id];
  }

  /** Gives each waiting span a node, and links the nodes of those who wait and those who wake. */
  #findNodes(subject: Subject, nodes: Numbering<number>, links: Sets): void {
    const { spans } = subject.lives;
    const { places, classOfSpan } = subject;
    for (let i = 0; i < spans.count; i++) {
      if (spans.state[i] !== STATE.waiting) continue;
      const family = FAMILY_OF_CLASS[classOfSpan[i]!]!;
      if (family === 0) continue;
      const address = addressOf(subject, spans.object[i]!);
      // Negative keys are places, so that they are no addresses.
      const key = (place: number): number => -(family * PLACES + place);
      const node = nodes.of(address ?? key(places.of(spans.stack[i]!)));
      this.ofSpan[i] = node + 1;
      const waker = spans.endedAt[i]!;
      // A select's channels, and those of a timer that wakes it, need not have to do with each other.
      if (waker === 0 || address !== undefined || FAMILIES[family - 1] === 'select') continue;
      links.join(node, nodes.of(key(places.of(waker))));
    }
  }

  /** One object for each set of linked nodes that somebody waits at. */
  #nameThem(subject: Subject, links: Sets): void {
    const { spans } = subject.lives;
    const places: Set<number>[] = [];
    const numbers = new Map<number, number>();
    for (let i = 0; i < spans.count; i++) {
      const node = this.ofSpan[i]! - 1;
      if (node < 0) continue;
      const root = links.root(node);
      let id = numbers.get(root);
      if (id === undefined) {
        id = this.#objects.length;
        numbers.set(root, id);
        places[id] = new Set();
        const family = FAMILIES[FAMILY_OF_CLASS[subject.classOfSpan[i]!]! - 1]!;
        this.#objects.push({ kind: family, address: addressOf(subject, spans.object[i]!), places: [] });
      }
      this.ofSpan[i] = id;
      places[id]!.add(subject.places.of(spans.stack[i]!));
      if (spans.endedAt[i] !== 0) places[id]!.add(subject.places.of(spans.endedAt[i]!));
    }
    for (let id = 1; id < this.#objects.length; id++) {
      const named = Array.from(places[id]!, (place) => subject.places.place(place));
      this.#objects[id] = { ...this.#objects[id]!, places: named.filter((place) => place !== undefined) };
    }
  }
}

function addressOf(subject: Subject, object: number): number | undefined {
  const found = object === 0 ? undefined : subject.trace.objects[object];
  if (found === undefined || !('address' in found)) return undefined;
  return found.address;
}

/** Disjoint sets of numbers, with path halving. */
class Sets {
  readonly #parent: number[] = [];

  root(of: number): number {
    let at = of;
    for (;;) {
      const parent = this.#parent[at] ?? at;
      if (parent === at) return at;
      const above = this.#parent[parent] ?? parent;
      this.#parent[at] = above;
      at = above;
    }
  }

  join(a: number, b: number): void {
    const [x, y] = [this.root(a), this.root(b)];
    if (x !== y) this.#parent[Math.max(x, y)] = Math.min(x, y);
  }
}
