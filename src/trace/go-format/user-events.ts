import { EVENT } from '../events.ts';
import type { Emitter } from './emitter.ts';
import { CATEGORY, type Note, parseNote } from './notes.ts';

interface OpenCall {
  readonly function: number;
  readonly time: number;
}

/**
 * Logs and regions: a program's own, or ours. What Go's format has no event for we write as logs of a category of our
 * own (notes.ts), in front of the event that they belong to, and traced calls as regions; here they become columns
 * again.
 */
export class UserEvents {
  readonly #out: Emitter;
  /** By goroutine: what the next event of it is to be told. */
  readonly #pending = new Map<number, Note>();
  readonly #calls = new Map<number, OpenCall[]>();

  constructor(out: Emitter) {
    this.#out = out;
  }

  /** Object id for a goroutine that blocks now; 0 if nothing was said. */
  takeObject(goroutine: number): number {
    if (this.#pending.size === 0) return 0;
    const note = this.#pending.get(goroutine);
    this.#pending.delete(goroutine);
    return note?.kind === 'object' ? this.#out.builder.object(note.object) : 0;
  }

  log(
    time: number,
    goroutine: number,
    proc: number,
    thread: number,
    task: number,
    key: number,
    value: number,
    stack: number,
  ): void {
    const { builder } = this.#out;
    const note = builder.text(key) === CATEGORY ? parseNote(builder.text(value)) : undefined;
    switch (note?.kind) {
      case undefined:
        this.#out.emit(EVENT.log, time, goroutine, 0, proc, thread, stack, task, key, value);
        break;
      case 'object':
      case 'call':
      case 'return':
        this.#pending.set(goroutine, note);
        break;
      case 'grown':
        this.#out.emit(
          EVENT.stackGrown,
          time,
          note.goroutine ?? goroutine,
          0,
          proc,
          thread,
          stack,
          note.from,
          note.to,
          0,
        );
        break;
      case 'lost':
        this.#out.emit(EVENT.lost, time, 0, 0, proc, thread, 0, note.count, builder.string(note.why), 0);
        break;
      case 'stolen':
        this.#markStolen(goroutine, note.from);
        break;
    }
  }

  region(
    begins: boolean,
    time: number,
    goroutine: number,
    proc: number,
    thread: number,
    task: number,
    name: number,
    stack: number,
  ): void {
    const note = this.#pending.get(goroutine);
    const { builder } = this.#out;
    if (begins && note?.kind === 'call') {
      this.#pending.delete(goroutine);
      this.#callsOf(goroutine).push({ function: name, time });
      const text = builder.string(note.text);
      this.#out.emit(EVENT.call, time, goroutine, 0, proc, thread, stack, name, text, note.depth);
      return;
    }
    const calls = this.#calls.get(goroutine);
    if (!begins && note?.kind === 'return') {
      this.#pending.delete(goroutine);
      calls?.pop();
      this.#out.emit(
        EVENT.return,
        time,
        goroutine,
        0,
        proc,
        thread,
        stack,
        name,
        builder.string(note.text),
        note.nanoseconds,
      );
      return;
    }
    if (!begins && calls?.at(-1)?.function === name) {
      // Closed by the writer because a call around it returned.
      calls.pop();
      return;
    }
    const kind = begins ? EVENT.regionBegin : EVENT.regionEnd;
    this.#out.emit(kind, time, goroutine, 0, proc, thread, stack, task, 0, name);
  }

  #callsOf(goroutine: number): OpenCall[] {
    let calls = this.#calls.get(goroutine);
    if (calls === undefined) {
      calls = [];
      this.#calls.set(goroutine, calls);
    }
    return calls;
  }

  /** The log follows the event at once, on the same thread: it is the last of this goroutine. */
  #markStolen(goroutine: number, from: number): void {
    const { columns } = this.#out.builder;
    const event = columns.lastOf(goroutine, EVENT.running);
    if (event >= 0) columns.setA(event, from + 1);
  }
}
