import { MattockError, type RuntimeAddress, TargetFault } from '../../base/index.ts';
import type { CodePoint } from '../code/code-point.ts';
import { readDeferredCalls } from '../defers/deferred-calls.ts';
import type { Stack } from '../frame.ts';
import type { GoProgram } from '../go-program.ts';
import { pointersAt, pointersIn } from '../pointer-words.ts';
import type { Cursor } from '../stack/cursor.ts';
import { type FrameMap, readFrameMap } from './frame-maps.ts';

/** Deeper stacks are looked at word by word below. */
const MOST_FRAMES = 10_000;
/** Of a frame without a map: what it may have been given on the stack. */
const ARGUMENT_BYTES = 256;
/** They are given a frame whose map the call at hand tells (runtime/stkframe.go, argMapInternal). */
const REFLECTION = /^reflect\.(?:makeFuncStub|methodValueCall)$/;

const UNMAPPED: FrameMap = { locals: undefined, args: undefined, objects: undefined };

type Each = (word: number) => void;

/** Where a frame is: its arguments begin at `args`, its variables end at `variables`. */
interface Room {
  readonly sp: number;
  readonly variables: number;
  readonly args: number;
}

/**
 * The words on the stack of a goroutine that no thread runs which the collector would take for pointers: by the
 * compiler's maps, so that what a function has left behind is not among them (runtime/mgcmark.go, scanframeworker and
 * scanstack). All variables whose addresses are taken are looked at, live or not, word by word; and frames of which
 * nothing is known, those where a signal came in, and what is below the end of a damaged stack.
 */
export class ParkedStacks {
  readonly #go: GoProgram;
  readonly #maps = new Map<number, FrameMap>();

  constructor(go: GoProgram) {
    this.#go = go;
  }

  /** `sp` and `high` are where the goroutine's stack is in use. */
  wordsOf(g: RuntimeAddress, sp: number, high: number, each: Each): void {
    let seen = sp;
    let count = 0;
    const whole = this.#isBottom(() =>
      this.#go.visitStack(g, (cursor, point, { cfa }) => {
        if (cursor.sp < seen || cfa < cursor.sp || cfa > high) return false;
        this.#frame(cursor, point, cfa, each);
        seen = cfa;
        return ++count < MOST_FRAMES;
      }),
    );
    if (!whole) pointersIn(this.#go.runtime.memory, seen, high, each);
    this.#deferred(g, each);
  }

  /** A frame that cannot be read ends a walk like one that is broken. */
  #isBottom(walk: () => Stack['end']): boolean {
    try {
      return walk().kind === 'bottom';
    } catch (error) {
      if (!(error instanceof TargetFault)) throw error;
      return false;
    }
  }

  #frame(cursor: Cursor, point: CodePoint, cfa: number, each: Each): void {
    const { memory } = this.#go.runtime;
    const room = this.#room(cursor.sp, cfa);
    const map = this.#isMapped(cursor, point) ? this.#map(cursor, point) : UNMAPPED;
    const { locals, args, objects } = map;
    if (room.variables > room.sp) {
      const from = locals && room.variables - locals.size;
      if (from === undefined || objects === undefined || from < room.sp)
        pointersIn(memory, room.sp, room.variables, each);
      else pointersAt(memory, from, locals!.offsets, each);
    }
    if (args !== undefined) pointersAt(memory, room.args, args.offsets, each);
    else if (map === UNMAPPED || REFLECTION.test(point.fn?.name ?? ''))
      pointersIn(memory, room.args, room.args + ARGUMENT_BYTES, each);
    for (const { offset, size } of objects ?? []) {
      const at = (offset < 0 ? room.variables : room.args) + offset;
      // Not yet there, in a prologue.
      if (at >= room.sp) pointersIn(memory, at, at + size, each);
    }
  }

  /**
   * runtime/traceback.go, `varp` and `argp`: on amd64 the return address and the saved frame pointer lie between
   * variables and arguments, on arm64 a word for the link register in front of the arguments.
   */
  #room(sp: number, cfa: number): Room {
    if (this.#go.target.arch.name === 'arm64')
      return { sp, variables: cfa > sp ? cfa - 8 : cfa, args: cfa + 8 };
    const below = cfa - 8;
    return { sp, variables: below > sp ? below - 8 : below, args: cfa };
  }

  /** A signal may come where there is no map: the frame in which it came, and the one that the handler put on it. */
  #isMapped({ arrivedBy }: Cursor, { fn }: CodePoint): boolean {
    return fn !== undefined && fn.role !== 'injected' && (arrivedBy === 'call' || arrivedBy === 'start');
  }

  #map(cursor: Cursor, { fn, pc, lookupPc }: CodePoint): FrameMap {
    // What the scheduler saved is the address behind a call, but of what has not begun.
    const inside = cursor.exact && pc !== fn!.entry ? pc - 1 : lookupPc;
    let map = this.#maps.get(inside);
    if (map === undefined) {
      map = this.#read(fn!, inside);
      this.#maps.set(inside, map);
    }
    return map;
  }

  #read(fn: NonNullable<CodePoint['fn']>, inside: number): FrameMap {
    try {
      return readFrameMap(this.#go.runtime, fn, fn.module.toLinked(inside as RuntimeAddress));
    } catch (error) {
      if (!(error instanceof TargetFault)) throw error;
      return UNMAPPED;
    }
  }

  /** Closures of deferred calls: records on the stack are in no map. */
  #deferred(g: RuntimeAddress, each: Each): void {
    const { fields } = this.#go;
    if (fields.word(g, fields.layout.defer) === 0) return;
    try {
      for (const { closure } of readDeferredCalls(this.#go, g)) if (closure !== undefined) each(closure);
    } catch (error) {
      // Damaged: what they would have told is not known.
      if (!(error instanceof MattockError)) throw error;
    }
  }
}
