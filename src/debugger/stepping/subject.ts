import type { Goid, ThreadId } from '../../base/index.ts';
import type { Program, RunningGoroutine } from '../../golang/index.ts';
import type { LiveThread } from '../../target/index.ts';

/** Further down than any place in a goroutine's stack: places in other stacks, in their own order. */
const ELSEWHERE = 2 ** 50;

/**
 * Who is stepped: a goroutine, on whatever thread it runs, or a thread that runs none. Places in its stack are told by
 * their depth, the distance from the stack's upper end: that stays the same when copystack moves it.
 */
export class Subject {
  readonly goid: Goid | undefined;
  readonly #thread: ThreadId | undefined;
  readonly #program: Program;

  constructor(program: Program, goid: Goid | undefined, thread: ThreadId | undefined) {
    this.#program = program;
    this.goid = goid;
    this.#thread = thread;
  }

  /** Cheap for everybody else: two or three reads. */
  isOn(thread: LiveThread): boolean {
    if (this.goid === undefined) return thread.id === this.#thread;
    return this.#program.goidOn(thread) === this.goid;
  }

  running(thread: LiveThread): RunningGoroutine | undefined {
    return this.goid === undefined ? undefined : this.#program.runningOn(thread);
  }

  depth(thread: LiveThread, address: number): number {
    const stack = this.running(thread)?.stack;
    if (stack === undefined || address < stack.low || address > stack.high) return ELSEWHERE - address;
    return stack.high - address;
  }
}
