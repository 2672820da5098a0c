import { STATE } from '../events.ts';
import type { Life, Lives } from '../spans.ts';
import { SPAN_FLAG } from '../spans.ts';
import type { Trace } from '../trace.ts';
import { packageOf } from './code-origin.ts';
import { type Place, Places } from './places.ts';
import { WAIT_CLASSES, type WaitClass, WaitClasses } from './wait-class.ts';

/** What all analyses look at: a trace, its lives, and names for places and kinds of waiting, each worked out once. */
export class Subject {
  readonly trace: Trace;
  readonly lives: Lives;
  readonly places: Places;
  readonly waits: WaitClasses;
  readonly #byId = new Map<number, number>();
  readonly #system: Uint8Array;
  #classOfSpan: Uint8Array | undefined;

  constructor(trace: Trace, lives: Lives) {
    this.trace = trace;
    this.lives = lives;
    this.places = new Places(trace);
    this.waits = new WaitClasses(trace);
    this.#system = new Uint8Array(lives.goroutines.length);
    lives.goroutines.forEach((life, i) => {
      this.#byId.set(life.id, i);
      if (isSystem(life.entry)) this.#system[i] = 1;
    });
  }

  /** Index of a goroutine's life. */
  lifeIndex(goroutine: number): number | undefined {
    return this.#byId.get(goroutine);
  }

  life(index: number): Life {
    return this.lives.goroutines[index]!;
  }

  /** A goroutine of the runtime or of the tracer: not the program's business. */
  isSystem(life: number): boolean {
    return this.#system[life] === 1;
  }

  /** Ids into `WAIT_CLASSES` by span; of waiting spans only. */
  get classOfSpan(): Uint8Array {
    if (this.#classOfSpan === undefined) {
      const { spans } = this.lives;
      const classes = new Uint8Array(spans.count);
      for (let i = 0; i < spans.count; i++) {
        if (spans.state[i] === STATE.waiting)
          classes[i] = this.waits.of(spans.reason[i]!, spans.object[i]!, spans.stack[i]!);
      }
      this.#classOfSpan = classes;
    }
    return this.#classOfSpan;
  }

  waitClass(span: number): WaitClass {
    return WAIT_CLASSES[this.classOfSpan[span]!]!;
  }

  placeOf(stack: number): Place | undefined {
    return this.places.place(this.places.of(stack));
  }

  /** The `go` statement that a goroutine comes from; undefined if it was there before the trace. */
  createdAt(life: Life): Place | undefined {
    return this.places.place(this.places.site(life.createdAt));
  }

  /** The span that holds at a time, of a life; undefined before its beginning and after its end. */
  spanAt(life: Life, time: number): number | undefined {
    const { spans } = this.lives;
    let low = life.first;
    let high = life.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (spans.start[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    const at = low - 1;
    if (at < life.first || spans.state[at] === STATE.ended) return undefined;
    const lasts = time < spans.end[at]! || (spans.flags[at]! & SPAN_FLAG.openEnd) !== 0;
    return lasts ? at : undefined;
  }
}

/** internal/trace, IsSystemGoroutine; and the goroutine that writes the trace. */
function isSystem(entry: string | undefined): boolean {
  if (entry === undefined || entry === 'runtime.main') return false;
  return packageOf(entry) === 'runtime' || entry.startsWith('runtime/trace.');
}
