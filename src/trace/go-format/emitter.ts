import type { EventKind } from '../events.ts';
import type { TraceBuilder } from '../trace-builder.ts';

/**
 * Where ordered events go. Go's reader lets times strictly rise by a nanosecond where they do not, and so does this,
 * so that an event has the same time in every tool.
 */
export class Emitter {
  readonly builder: TraceBuilder;
  readonly #strict: boolean;
  /** What happens now is not an event of the trace. */
  muted = false;
  #last = Number.NEGATIVE_INFINITY;
  #origin: number | undefined;

  constructor(builder: TraceBuilder, strict: boolean) {
    this.builder = builder;
    this.#strict = strict;
  }

  /** A generation begins: Go's reader has an event of its own for that, which takes a nanosecond. */
  begin(time: number): void {
    this.#origin ??= time;
    this.#at(time);
  }

  /** What is known already is told again, as it is when a generation begins: Go's reader shows that, at a time of its own. */
  pass(time: number): void {
    if (this.#strict) this.#at(time);
  }

  get origin(): number {
    return this.#origin ?? 0;
  }

  emit(
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
    if (this.muted) return -1;
    const at = this.#at(time) - this.origin;
    return this.builder.columns.add(kind, at, goroutine, actor, proc, thread, stack, a, b, c);
  }

  violation(what: string): void {
    this.builder.violation(what);
  }

  #at(time: number): number {
    if (this.#strict) this.#last = time <= this.#last ? this.#last + 1 : time;
    else this.#last = Math.max(this.#last, Math.floor(time));
    return this.#last;
  }
}
