import { hex, runtimeAddress } from '../../base/index.ts';
import type { GoProgram } from '../go-program.ts';
import type { BlockedOn, ChannelFacts } from '../goroutine.ts';
import { MutexLayout, RWMutex } from '../runtime-facts/structs.ts';
import type { ObjectKind } from './graph.ts';
import type { HeapObjects } from './heap-objects.ts';

/** Bytes from its address that belong to an object which is embedded somewhere: a pointer to one of them leads to it. */
const SIZES: Readonly<Record<ObjectKind, number>> = {
  channel: 8,
  mutex: 8,
  'rwmutex-read': 24,
  'rwmutex-write': 24,
  waitgroup: 16,
  cond: 56,
  semaphore: 4,
};

const LABELS: Readonly<Record<Exclude<ObjectKind, 'channel'>, string>> = {
  mutex: 'Mutex',
  'rwmutex-read': 'RWMutex, to read',
  'rwmutex-write': 'RWMutex, to write',
  waitgroup: 'WaitGroup',
  cond: 'Cond',
  semaphore: 'semaphore',
};

const MUTEX_LOCKED = 1;

/** Something that a goroutine waits for. */
export interface WaitedObject {
  readonly kind: ObjectKind;
  readonly address: number;
  readonly label: string;
  /** Of the object of the heap that it is in; 0: it is in none. */
  readonly base: number;
  /** A lock that nobody holds at the moment: a waiter has been woken and is about to take it. */
  readonly free: boolean;
  /** Goroutines by index, with what they want of it. */
  readonly waiters: Map<number, string>;
}

const OPERATIONS: Readonly<Record<Exclude<ObjectKind, 'channel'>, string>> = {
  mutex: 'lock',
  'rwmutex-read': 'read lock',
  'rwmutex-write': 'write lock',
  waitgroup: 'wait',
  cond: 'wait',
  semaphore: 'acquire',
};

/** Everything that goroutines wait for, each object once, and which one a word of memory leads to. */
export class WaitedObjects {
  readonly all: WaitedObject[] = [];
  readonly #go: GoProgram;
  readonly #heap: HeapObjects | undefined;
  readonly #byKey = new Map<string, number>();
  /** By base of the heap's object, and by address for those elsewhere. */
  readonly #byBase = new Map<number, number[]>();
  readonly #elsewhere = new Map<number, number[]>();

  constructor(go: GoProgram, heap: HeapObjects | undefined) {
    this.#go = go;
    this.#heap = heap;
  }

  /** Notes that a goroutine waits; false: it is not known for what, or it needs nobody to go on. */
  add(goroutine: number, blocked: BlockedOn | undefined): boolean {
    switch (blocked?.kind) {
      case 'channel':
        if (blocked.channel === undefined) return false;
        this.#note(goroutine, this.#channel(blocked.channel), blocked.operation);
        return true;
      case 'select':
        if (blocked.cases.length === 0)
          this.#note(goroutine, this.#nothing('a select without cases'), 'select');
        for (const { channel, operation } of blocked.cases)
          this.#note(goroutine, this.#channel(channel), operation);
        return true;
      case 'semaphore': {
        const index = this.#lock(blocked.owner, blocked.address);
        this.#note(goroutine, index, OPERATIONS[blocked.owner]);
        return true;
      }
      default:
        return false;
    }
  }

  /** Those that a pointer leads to, by index. */
  ledToBy(word: number): readonly number[] | undefined {
    const elsewhere = this.#elsewhere.get(word);
    if (elsewhere !== undefined) return elsewhere;
    return this.#byBase.size === 0 ? undefined : this.#byBase.get(this.#heap?.at(word)?.base ?? 0);
  }

  /** As `ledToBy`, for who knows which object of the heap it is. */
  inObject(base: number): readonly number[] | undefined {
    return this.#byBase.get(base);
  }

  outsideOfHeap(word: number): readonly number[] | undefined {
    return this.#elsewhere.get(word);
  }

  /** Addresses of those that are not in the heap. */
  get addressesElsewhere(): Iterable<number> {
    return this.#elsewhere.keys();
  }

  #note(goroutine: number, object: number, operation: string): void {
    this.all[object]!.waiters.set(goroutine, operation);
  }

  #channel(channel: ChannelFacts): number {
    if (channel.address === 0) return this.#nothing('nil channel');
    const { elementType, length, capacity, closed } = channel;
    const type = elementType === undefined ? 'chan' : `chan ${elementType}`;
    const label = `${type} (${length} of ${capacity}${closed ? ', closed' : ''})`;
    return this.#object('channel', channel.address, label, false);
  }

  #nothing(label: string): number {
    const key = `nothing ${label}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const index =
      this.all.push({ kind: 'channel', address: 0, label, base: 0, free: false, waiters: new Map() }) - 1;
    this.#byKey.set(key, index);
    return index;
  }

  #lock(kind: Exclude<ObjectKind, 'channel'>, address: number): number {
    return this.#object(kind, address, LABELS[kind], kind === 'mutex' && !this.#locked(address));
  }

  #locked(address: number): boolean {
    const { memory, layouts } = this.#go.runtime;
    const layout = layouts.tryOf(MutexLayout);
    const at = runtimeAddress(address + (layout?.state ?? 0));
    if (layout === undefined || memory.tryRead(at, 4) === undefined) return true;
    return (memory.uint32(at) & MUTEX_LOCKED) !== 0;
  }

  #object(kind: ObjectKind, address: number, label: string, free: boolean): number {
    const key = `${kind} ${hex(address)}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const base = this.#heap?.at(address)?.base ?? 0;
    const index = this.all.push({ kind, address, label, base, free, waiters: new Map() }) - 1;
    this.#byKey.set(key, index);
    if (base !== 0) push(this.#byBase, base, index);
    // Without a map of the heap a pointer must be to the object itself, or to a word of it.
    else for (let at = 0; at < SIZES[kind]; at += 8) push(this.#elsewhere, address + at, index);
    return index;
  }

  /** The other side of an RWMutex, or the Mutex in it that writers queue for, if somebody waits for that. */
  atSameRWMutex(index: number, kind: ObjectKind): number | undefined {
    const { address, kind: own } = this.all[index]!;
    const inner = this.#go.runtime.layouts.tryOf(RWMutex)?.writer ?? 0;
    const outer = own === 'mutex' ? address - inner : address;
    return this.#byKey.get(`${kind} ${hex(kind === 'mutex' ? outer + inner : outer)}`);
  }
}

function push(map: Map<number, number[]>, key: number, index: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [index]);
  else list.push(index);
}
