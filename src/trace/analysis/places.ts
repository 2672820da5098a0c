import type { StackFrame, Trace } from '../trace.ts';
import { CodeOrigins, ORIGIN, type Origin } from './code-origin.ts';

/** A line of code as findings name it. */
export interface Place {
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

const UNSEEN = 0xffffffff;
const UNSEEN_ORIGIN = 255;

/**
 * The line that a stack stands for: the innermost one of the program's own code, without it of the modules that it
 * uses, without these of the standard library above the machinery of waiting. Equal lines are one place. Place 0 is
 * that of a stack that was not recorded.
 */
export class Places {
  readonly #trace: Trace;
  readonly #origins: CodeOrigins;
  readonly #byStack: Uint32Array;
  readonly #sites: Uint32Array;
  readonly #originOfFrame: Uint8Array;
  readonly #ownFrames = new Map<number, readonly StackFrame[]>();
  readonly #ids = new Map<string, number>();
  readonly #places: (Place | undefined)[] = [undefined];

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#origins = new CodeOrigins(trace.stacks);
    this.#byStack = new Uint32Array(trace.stacks.count + 1).fill(UNSEEN);
    this.#sites = new Uint32Array(trace.stacks.count + 1).fill(UNSEEN);
    this.#originOfFrame = new Uint8Array(trace.stacks.frameCount).fill(UNSEEN_ORIGIN);
  }

  get count(): number {
    return this.#places.length;
  }

  /** Undefined for 0. */
  place(id: number): Place | undefined {
    return this.#places[id];
  }

  /** Id of the place where a stack waits, or wakes. */
  of(stack: number): number {
    const known = this.#byStack[stack] ?? 0;
    if (known !== UNSEEN) return known;
    const id = this.#intern(this.#telling(stack));
    this.#byStack[stack] = id;
    return id;
  }

  /** Id of the `go` statement that a stack was recorded at: its innermost frame outside the runtime. */
  site(stack: number): number {
    const known = this.#sites[stack] ?? 0;
    if (known !== UNSEEN) return known;
    let site: StackFrame | undefined;
    for (const frame of this.#trace.stacks.frames(stack)) {
      site = this.#trace.stacks.frame(frame);
      if (this.#originOf(frame) !== ORIGIN.machinery) break;
    }
    const id = this.#intern(site);
    this.#sites[stack] = id;
    return id;
  }

  /** Frames of a stack, leaf first. */
  frames(stack: number): StackFrame[] {
    if (stack === 0) return [];
    return Array.from(this.#trace.stacks.frames(stack), (id) => this.#trace.stacks.frame(id));
  }

  /** Those of the program's own code. */
  ownFrames(stack: number): readonly StackFrame[] {
    let own = this.#ownFrames.get(stack);
    if (own === undefined) {
      const ids = stack === 0 ? [] : [...this.#trace.stacks.frames(stack)];
      own = ids.filter((id) => this.#originOf(id) === ORIGIN.own).map((id) => this.#trace.stacks.frame(id));
      this.#ownFrames.set(stack, own);
    }
    return own;
  }

  #originOf(frame: number): Origin {
    let origin = this.#originOfFrame[frame];
    if (origin === undefined || origin === UNSEEN_ORIGIN) {
      origin = this.#origins.of(this.#trace.stacks.frame(frame));
      this.#originOfFrame[frame] = origin;
    }
    return origin as Origin;
  }

  /** Whether a line is the program's own code. */
  isOwn(place: Place): boolean {
    return this.#origins.of({ ...place, pc: 0 }) === ORIGIN.own;
  }

  #telling(stack: number): StackFrame | undefined {
    let best: StackFrame | undefined;
    let bestOrigin = Number.POSITIVE_INFINITY;
    for (const frame of this.#trace.stacks.frames(stack)) {
      const origin = this.#originOf(frame);
      const found = this.#trace.stacks.frame(frame);
      // The way onto a system stack and the like says nothing, if there is anything else.
      const isAssembly = best !== undefined && origin === ORIGIN.machinery && best.file.endsWith('.s');
      if (origin > bestOrigin || (origin === bestOrigin && !isAssembly)) continue;
      best = found;
      bestOrigin = origin;
      if (origin === ORIGIN.own) break;
    }
    return best;
  }

  #intern(frame: StackFrame | undefined): number {
    if (frame === undefined) return 0;
    const key = `${frame.function}\0${frame.file}\0${frame.line}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#places.length;
      this.#ids.set(key, id);
      this.#places.push({ function: frame.function, file: frame.file, line: frame.line });
    }
    return id;
  }
}
