import type { EventKind, Events } from './events.ts';

const FIRST_CAPACITY = 1024;
const LOOK_BACK = 256;

/** Events as growing columns: one typed array each, doubled when full. */
export class EventColumns {
  #count = 0;
  #capacity = FIRST_CAPACITY;
  #lastTime = 0;
  #kind = new Uint8Array(FIRST_CAPACITY);
  #time = new Float64Array(FIRST_CAPACITY);
  #goroutine = new Float64Array(FIRST_CAPACITY);
  #actor = new Float64Array(FIRST_CAPACITY);
  #proc = new Int32Array(FIRST_CAPACITY);
  #thread = new Float64Array(FIRST_CAPACITY);
  #stack = new Uint32Array(FIRST_CAPACITY);
  #a = new Float64Array(FIRST_CAPACITY);
  #b = new Float64Array(FIRST_CAPACITY);
  #c = new Float64Array(FIRST_CAPACITY);

  get count(): number {
    return this.#count;
  }

  get lastTime(): number {
    return this.#lastTime;
  }

  /** A time before the last event's becomes the last event's: times never fall. */
  add(
    kind: EventKind,
    time: number,
    goroutine: number,
    actor: number,
    proc: number,
    thread: number,
    stack: number,
    a: number,
    b: number,
    c: number,
  ): number {
    const at = this.#count;
    if (at === this.#capacity) this.#grow();
    this.#kind[at] = kind;
    this.#lastTime = Math.max(time, this.#lastTime);
    this.#time[at] = this.#lastTime;
    this.#goroutine[at] = goroutine;
    this.#actor[at] = actor;
    this.#proc[at] = proc;
    this.#thread[at] = thread;
    this.#stack[at] = stack;
    this.#a[at] = a;
    this.#b[at] = b;
    this.#c[at] = c;
    this.#count = at + 1;
    return at;
  }

  /** The last event, not far back, that is of this goroutine and kind; −1 without one. */
  lastOf(goroutine: number, kind: EventKind): number {
    const first = Math.max(0, this.#count - LOOK_BACK);
    for (let i = this.#count - 1; i >= first; i--)
      if (this.#goroutine[i] === goroutine && this.#kind[i] === kind) return i;
    return -1;
  }

  /** What came to be known of an event after it was added. */
  setA(event: number, a: number): void {
    this.#a[event] = a;
  }

  /** Takes all events away; what comes is not before them. Views that were given out change. */
  clear(): void {
    this.#count = 0;
  }

  /** Views of what there is now; later additions do not change them. */
  view(): Events {
    const count = this.#count;
    return {
      count,
      kind: this.#kind.subarray(0, count),
      time: this.#time.subarray(0, count),
      goroutine: this.#goroutine.subarray(0, count),
      actor: this.#actor.subarray(0, count),
      proc: this.#proc.subarray(0, count),
      thread: this.#thread.subarray(0, count),
      stack: this.#stack.subarray(0, count),
      a: this.#a.subarray(0, count),
      b: this.#b.subarray(0, count),
      c: this.#c.subarray(0, count),
    };
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    this.#kind = grown(new Uint8Array(capacity), this.#kind);
    this.#time = grown(new Float64Array(capacity), this.#time);
    this.#goroutine = grown(new Float64Array(capacity), this.#goroutine);
    this.#actor = grown(new Float64Array(capacity), this.#actor);
    this.#proc = grown(new Int32Array(capacity), this.#proc);
    this.#thread = grown(new Float64Array(capacity), this.#thread);
    this.#stack = grown(new Uint32Array(capacity), this.#stack);
    this.#a = grown(new Float64Array(capacity), this.#a);
    this.#b = grown(new Float64Array(capacity), this.#b);
    this.#c = grown(new Float64Array(capacity), this.#c);
    this.#capacity = capacity;
  }
}

/** `to` with the contents of `from` in front. */
export function grown<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(to: T, from: T): T {
  to.set(from as never);
  return to;
}
