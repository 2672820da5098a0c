import type { EventCursor } from './event-cursor.ts';

/** The next event of every thread, the earliest first: a binary heap by time. */
export class Frontier {
  readonly #heap: EventCursor[] = [];

  constructor(cursors: readonly EventCursor[]) {
    for (const cursor of cursors) this.#push(cursor);
  }

  get count(): number {
    return this.#heap.length;
  }

  peek(): EventCursor | undefined {
    return this.#heap[0];
  }

  /** The first one's event is done: on to its next. */
  step(): void {
    const heap = this.#heap;
    if (!heap[0]!.advance()) {
      const last = heap.pop()!;
      if (heap.length === 0) return;
      heap[0] = last;
    }
    this.#down(0);
  }

  /** Behind the first: steps the earliest that `fits`. False if none does. */
  stepFirst(fits: (cursor: EventCursor) => boolean): boolean {
    const waiting = [this.#pop()];
    let found = false;
    while (this.#heap.length > 0) {
      if (fits(this.#heap[0]!)) {
        this.step();
        found = true;
        break;
      }
      waiting.push(this.#pop());
    }
    for (const cursor of waiting) this.#push(cursor);
    return found;
  }

  #pop(): EventCursor {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#down(0);
    }
    return first;
  }

  #push(cursor: EventCursor): void {
    const heap = this.#heap;
    let at = heap.push(cursor) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.time <= cursor.time) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = cursor;
  }

  #down(from: number): void {
    const heap = this.#heap;
    const cursor = heap[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.time < heap[child]!.time) child++;
      if (heap[child]!.time >= cursor.time) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = cursor;
  }
}
