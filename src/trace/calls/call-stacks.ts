import { GRAIN, KIND_MASK, SLOT } from '../../probe/index.ts';
import type { TracedFunction } from './call-plan.ts';
import { CALL_KIND, CALL_RECORD } from './call-record.ts';

/** How a call came to its end. */
export type Outcome =
  | 'returned'
  /** A panic went through it. */
  | 'panicked'
  /** Its goroutine ended (runtime.Goexit). */
  | 'exited'
  /** At a return that cannot be seen, or where records are missing. */
  | 'unseen'
  /** It was going on when the program ended. */
  | 'open';

/** A call that has been seen to begin. */
export interface OpenCall {
  readonly function: TracedFunction;
  readonly goroutine: number;
  readonly thread: number;
  /** Ticks of the time stamp counter. */
  readonly began: number;
  /** How many calls that are told of it is in. */
  readonly level: number;
  /** How many of these are of the same function: it recurses. */
  readonly nested: number;
  /** The record of its beginning, as far as it is kept. */
  readonly record: Uint8Array;
  /** See CALL_RECORD.depth. */
  readonly depth: number;
  /** Neither told of nor counted: not asked for, or a condition does not hold. */
  readonly silent: boolean;
}

export interface CallEnd {
  readonly outcome: Outcome;
  readonly ended: number;
  readonly thread: number;
  /** The record of the return, if it was seen. */
  readonly record: Uint8Array | undefined;
}

/** Who is told of calls, in their order for each goroutine. */
export interface CallListener {
  /** Whether it is told of. */
  wants(call: OpenCall): boolean;
  began(call: OpenCall): void;
  ended(call: OpenCall, end: CallEnd): void;
  /** A return without a beginning: the call was there before the probes, or its beginning is lost. */
  orphan(): void;
}

interface Stack {
  readonly calls: OpenCall[];
  /** Of those that are told of, by the name of the function; only where one is in another. */
  active: Map<string, number> | undefined;
  /** Distances at which panics began and of which nothing has been seen to return. */
  readonly panics: number[];
}

const NO_BYTES = new Uint8Array(0);
/** Of a thread's own stack there is no goroutine: its calls are told apart by thread. */
const THREAD_KEY = 2 ** 52;

/** How many calls of a function, of those told of, go on. Counted, not looked for: recursion may be a million deep. */
function activeIn(stack: Stack, name: string): number {
  if (stack.active === undefined) {
    stack.active = new Map();
    for (const { function: called, silent } of stack.calls)
      if (!silent) stack.active.set(called.name, (stack.active.get(called.name) ?? 0) + 1);
  }
  return stack.active.get(name) ?? 0;
}

function pop(stack: Stack): void {
  const call = stack.calls.pop();
  if (call !== undefined && !call.silent) stack.active?.set(call.function.name, call.nested);
}

/**
 * Puts beginnings and ends of calls together. Records of one goroutine come in their order; a return belongs to the
 * call at its distance from the end of the stack, and what is nearer to the stack's growing end has been left otherwise.
 */
export class CallStacks {
  readonly #functions: readonly TracedFunction[];
  readonly #listener: CallListener;
  readonly #followed: number;
  readonly #keep: boolean;
  readonly #stacks = new Map<number, Stack>();

  /** `followed`: levels of calls below those that were asked for; `keep`: whether records are for later. */
  constructor(functions: readonly TracedFunction[], listener: CallListener, followed: number, keep: boolean) {
    this.#functions = functions;
    this.#listener = listener;
    this.#followed = followed;
    this.#keep = keep;
  }

  /** A record of one of CALL_KIND. If records are for later, nobody may write over it. */
  record(words: Uint32Array, at: number): void {
    const time = words[at + (SLOT.time >> 2)]! + words[at + (SLOT.time >> 2) + 1]! * 2 ** 32;
    const kind = words[at + (SLOT.kind >> 2)]! & KIND_MASK;
    const goroutine =
      words[at + (CALL_RECORD.goroutine >> 2)]! + words[at + (CALL_RECORD.goroutine >> 2) + 1]! * 2 ** 32;
    const depth = words[at + (CALL_RECORD.depth >> 2)]!;
    const thread = words[at + (CALL_RECORD.thread >> 2)]!;
    const key = goroutine === 0 ? THREAD_KEY + thread : goroutine;
    switch (kind) {
      case CALL_KIND.call:
        this.#begin(key, { goroutine, depth, thread, began: time }, words, at);
        break;
      case CALL_KIND.return:
        this.#end(key, depth, { thread, ended: time }, words, at);
        break;
      case CALL_KIND.panic:
        this.#stacks.get(key)?.panics.push(depth);
        break;
      case CALL_KIND.end:
        this.#finish(key, { outcome: 'exited', ended: time, thread, record: undefined });
        break;
      default:
    }
  }

  /** Records are missing: what is open may have ended since. */
  forget(): void {
    this.#stacks.clear();
  }

  /** Calls that are going on. */
  *open(): Iterable<OpenCall> {
    for (const { calls } of this.#stacks.values()) for (const call of calls) if (!call.silent) yield call;
  }

  #begin(
    key: number,
    facts: Pick<OpenCall, 'goroutine' | 'depth' | 'thread' | 'began'>,
    words: Uint32Array,
    at: number,
  ): void {
    const called = this.#functions[words[at + (CALL_RECORD.function >> 2)]!];
    if (called === undefined) return;
    const stack = this.#stackOf(key);
    const gone: CallEnd = { outcome: 'unseen', ended: facts.began, thread: facts.thread, record: undefined };
    this.#leave(stack, facts.depth, gone);
    // What a panic runs, it runs further down.
    while (stack.panics.length > 0 && stack.panics.at(-1)! >= facts.depth) stack.panics.pop();
    const around = stack.calls.findLast(({ silent }) => !silent);
    const wanted = called.level === 0 || this.#isFollowed(stack);
    const call: OpenCall = {
      ...facts,
      function: called,
      level: around === undefined ? 0 : around.level + 1,
      nested: around === undefined ? 0 : activeIn(stack, called.name),
      record: this.#bytes(words, at),
      silent: !wanted,
    };
    const told = wanted && this.#listener.wants(call);
    stack.calls.push(told === wanted ? call : { ...call, silent: true });
    if (!told) return;
    stack.active?.set(called.name, call.nested + 1);
    this.#listener.began(call);
  }

  /** Whether the last call that was asked for is few enough calls up. */
  #isFollowed({ calls }: Stack): boolean {
    for (let i = calls.length - 1, steps = 1; i >= 0 && steps <= this.#followed; i--) {
      const call = calls[i]!;
      if (call.silent) continue;
      if (call.function.level === 0) return true;
      steps++;
    }
    return false;
  }

  #end(
    key: number,
    depth: number,
    { thread, ended }: { readonly thread: number; readonly ended: number },
    words: Uint32Array,
    at: number,
  ): void {
    const stack = this.#stacks.get(key);
    const called = this.#functions[words[at + (CALL_RECORD.function >> 2)]!];
    if (stack !== undefined)
      this.#leave(stack, depth + 1, { outcome: 'unseen', ended, thread, record: undefined });
    const call = stack?.calls.at(-1);
    if (stack === undefined || call?.depth !== depth || call.function !== called) {
      this.#listener.orphan();
      return;
    }
    pop(stack);
    while (stack.panics.length > 0 && stack.panics.at(-1)! >= depth) stack.panics.pop();
    if (stack.calls.length === 0) this.#stacks.delete(key);
    if (call.silent) return;
    this.#listener.ended(call, { outcome: 'returned', ended, thread, record: this.#bytes(words, at) });
  }

  /** Everything from this distance on has been left without a return that was seen. */
  #leave(stack: Stack, depth: number, end: CallEnd): void {
    for (
      let call = stack.calls.at(-1);
      call !== undefined && call.depth >= depth;
      call = stack.calls.at(-1)
    ) {
      pop(stack);
      // A panic began within it.
      const panicked = stack.panics.some((at) => at > call!.depth);
      if (!call.silent) this.#listener.ended(call, panicked ? { ...end, outcome: 'panicked' } : end);
    }
    while (stack.panics.length > 0 && stack.panics.at(-1)! > depth && stack.calls.length === 0)
      stack.panics.pop();
  }

  #finish(key: number, end: CallEnd): void {
    const stack = this.#stacks.get(key);
    if (stack === undefined) return;
    this.#leave(stack, 0, end);
    this.#stacks.delete(key);
  }

  #stackOf(key: number): Stack {
    let stack = this.#stacks.get(key);
    if (stack === undefined) {
      stack = { calls: [], panics: [], active: undefined };
      this.#stacks.set(key, stack);
    }
    return stack;
  }

  #bytes(words: Uint32Array, at: number): Uint8Array {
    if (!this.#keep) return NO_BYTES;
    const grains = (words[at + (SLOT.kind >> 2)]! >> 8) & 0xff;
    return new Uint8Array(words.buffer, words.byteOffset + at * 4, grains * GRAIN);
  }
}
