import { GRAIN, KIND_MASK, SLOT } from '../../probe/index.ts';
import type { TracedFunction } from './call-plan.ts';
import { CALL_KIND, CALL_RECORD, DROPPED_SHIFT } from './call-record.ts';

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
  /** Of a generic function: where its dictionary is, which says what it was called with; 0 where that is not known. */
  readonly dictionary: number;
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
  /** Of those that are told of, by `keyOf`; only where one is in another. */
  active: Map<string, number> | undefined;
  /** Distances at which panics began and of which nothing has been seen to return. */
  readonly panics: number[];
  /** What CALL_RECORD.dropped was in the last record. */
  dropped: number;
  /**
   * So many of the calls, from the outermost, began before records were lost: they may go on, or another call of the same
   * function has taken the place.
   */
  doubtful: number;
}

const NO_BYTES = new Uint8Array(0);
/** Of a thread's own stack there is no goroutine: its calls are told apart by thread. */
const THREAD_KEY = 2 ** 52;

/** A function; of a generic one, the instance. */
const keyOf = ({ function: { name }, dictionary }: Pick<OpenCall, 'function' | 'dictionary'>): string =>
  dictionary === 0 ? name : `${name} ${dictionary}`;

/** How many calls of a function, of those told of, go on. Counted, not looked for: recursion may be a million deep. */
function activeIn(stack: Stack, key: string): number {
  if (stack.active === undefined) {
    stack.active = new Map();
    for (const call of stack.calls)
      if (!call.silent) stack.active.set(keyOf(call), (stack.active.get(keyOf(call)) ?? 0) + 1);
  }
  return stack.active.get(key) ?? 0;
}

function pop(stack: Stack): void {
  const call = stack.calls.pop();
  if (stack.doubtful > stack.calls.length) stack.doubtful = stack.calls.length;
  if (stack.active !== undefined && call !== undefined && !call.silent)
    stack.active.set(keyOf(call), call.nested);
}

/** Whether records were lost since the outermost calls of the stack began, of which the last is one. */
const isDoubtful = (stack: Stack): boolean => stack.calls.length <= stack.doubtful;

/** From here on stacks of goroutines that are in no call are looked for and let go of. */
const MANY_STACKS = 4096;

/**
 * Puts beginnings and ends of calls together. Records of one goroutine come in their order; a return belongs to the
 * call at its distance from the end of the stack, and what is nearer to the stack's growing end has been left otherwise.
 * Where records were dropped between the two, the return may be that of another call.
 */
export class CallStacks {
  readonly #functions: readonly TracedFunction[];
  readonly #listener: CallListener;
  readonly #followed: number;
  readonly #keep: boolean;
  readonly #stacks = new Map<number, Stack>();
  #many = MANY_STACKS;

  /** `followed`: levels of calls below those that were asked for; `keep`: whether records are for later. */
  constructor(functions: readonly TracedFunction[], listener: CallListener, followed: number, keep: boolean) {
    this.#functions = functions;
    this.#listener = listener;
    this.#followed = followed;
    this.#keep = keep;
  }

  /** A record of one of CALL_KIND. If records are for later, nobody may write over it. */
  record(words: Uint32Array, at: number): void {
    const ended = words[at + (SLOT.time >> 2)]! + words[at + (SLOT.time >> 2) + 1]! * 2 ** 32;
    const head = words[at + (SLOT.kind >> 2)]!;
    const goroutine =
      words[at + (CALL_RECORD.goroutine >> 2)]! + words[at + (CALL_RECORD.goroutine >> 2) + 1]! * 2 ** 32;
    const depth = words[at + (CALL_RECORD.depth >> 2)]!;
    const thread = words[at + (CALL_RECORD.thread >> 2)]!;
    const key = goroutine === 0 ? THREAD_KEY + thread : goroutine;
    const stack = this.#stackOf(key, head >>> DROPPED_SHIFT);
    switch (head & KIND_MASK) {
      case CALL_KIND.call:
        this.#begin(stack, goroutine, depth, thread, ended, words, at);
        break;
      case CALL_KIND.return:
        this.#end(stack, depth, { thread, ended }, words, at);
        break;
      case CALL_KIND.panic:
        if (stack.calls.length > 0) stack.panics.push(depth);
        break;
      case CALL_KIND.end:
        this.#leave(stack, 0, { outcome: 'exited', ended, thread, record: undefined });
        this.#stacks.delete(key);
        break;
      default:
    }
  }

  /** Nobody knows what happened to whom: what is open may have ended since. */
  forget(): void {
    this.#stacks.clear();
  }

  /** Calls that are going on. */
  *open(): Iterable<OpenCall> {
    for (const { calls, doubtful } of this.#stacks.values())
      for (let i = doubtful; i < calls.length; i++) if (!calls[i]!.silent) yield calls[i]!;
  }

  #begin(
    stack: Stack,
    goroutine: number,
    depth: number,
    thread: number,
    began: number,
    words: Uint32Array,
    at: number,
  ): void {
    const called = this.#functions[words[at + (CALL_RECORD.function >> 2)]!];
    if (called === undefined) return;
    const { calls, panics } = stack;
    if (calls.length > 0 && calls.at(-1)!.depth >= depth)
      this.#leave(stack, depth, { outcome: 'unseen', ended: began, thread, record: undefined });
    // What a panic runs, it runs further down.
    while (panics.length > 0 && panics.at(-1)! >= depth) panics.pop();
    const around = lastTold(calls);
    const wanted = called.level === 0 || (around !== undefined && this.#isFollowed(stack));
    const { dictionaryAt } = called.layouts.entry;
    const word = at + (dictionaryAt >> 2);
    const dictionary = dictionaryAt === 0 ? 0 : words[word]! + words[word + 1]! * 2 ** 32;
    const nested = around === undefined ? 0 : activeIn(stack, keyOf({ function: called, dictionary }));
    const call: OpenCall = {
      function: called,
      goroutine,
      thread,
      began,
      level: around === undefined ? 0 : around.level + 1,
      nested,
      record: this.#keep ? bytesOf(words, at) : NO_BYTES,
      depth,
      silent: !wanted,
      dictionary,
    };
    const told = wanted && this.#listener.wants(call);
    calls.push(told === wanted ? call : { ...call, silent: true });
    if (!told) return;
    stack.active?.set(keyOf(call), nested + 1);
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
    stack: Stack,
    depth: number,
    { thread, ended }: { readonly thread: number; readonly ended: number },
    words: Uint32Array,
    at: number,
  ): void {
    const { calls, panics } = stack;
    if (calls.length > 0 && calls.at(-1)!.depth > depth)
      this.#leave(stack, depth + 1, { outcome: 'unseen', ended, thread, record: undefined });
    const call = calls.at(-1);
    if (
      call?.depth !== depth ||
      call.function !== this.#functions[words[at + (CALL_RECORD.function >> 2)]!]
    ) {
      this.#listener.orphan();
      return;
    }
    const doubtful = isDoubtful(stack);
    pop(stack);
    while (panics.length > 0 && panics.at(-1)! >= depth) panics.pop();
    if (call.silent) return;
    const record = doubtful ? undefined : this.#keep ? bytesOf(words, at) : NO_BYTES;
    this.#listener.ended(call, { outcome: doubtful ? 'unseen' : 'returned', ended, thread, record });
  }

  /** Everything from this distance on has been left without a return that was seen. */
  #leave(stack: Stack, depth: number, end: CallEnd): void {
    for (
      let call = stack.calls.at(-1);
      call !== undefined && call.depth >= depth;
      call = stack.calls.at(-1)
    ) {
      const doubtful = isDoubtful(stack);
      pop(stack);
      // A panic began within it.
      const panicked = stack.panics.some((at) => at > call!.depth);
      const outcome = doubtful ? 'unseen' : panicked ? 'panicked' : end.outcome;
      if (!call.silent) this.#listener.ended(call, { ...end, outcome });
    }
    while (stack.panics.length > 0 && stack.panics.at(-1)! > depth && stack.calls.length === 0)
      stack.panics.pop();
  }

  /** Where somebody's records were dropped since the last of this goroutine, its own may be among them. */
  #stackOf(key: number, dropped: number): Stack {
    let stack = this.#stacks.get(key);
    if (stack === undefined) {
      if (this.#stacks.size >= this.#many) this.#prune();
      stack = { calls: [], panics: [], active: undefined, dropped, doubtful: 0 };
      this.#stacks.set(key, stack);
    } else if (stack.dropped !== dropped) {
      stack.dropped = dropped;
      stack.doubtful = stack.calls.length;
      stack.panics.length = 0;
    }
    return stack;
  }

  /** An empty stack is kept, for the goroutine's next call; those of goroutines whose end was not seen would stay. */
  #prune(): void {
    for (const [key, { calls }] of this.#stacks) if (calls.length === 0) this.#stacks.delete(key);
    this.#many = Math.max(MANY_STACKS, 2 * this.#stacks.size);
  }
}

function lastTold(calls: readonly OpenCall[]): OpenCall | undefined {
  for (let i = calls.length - 1; i >= 0; i--) if (!calls[i]!.silent) return calls[i];
  return undefined;
}

function bytesOf(words: Uint32Array, at: number): Uint8Array {
  const grains = (words[at + (SLOT.kind >> 2)]! >> 8) & 0xff;
  return new Uint8Array(words.buffer, words.byteOffset + at * 4, grains * GRAIN);
}
