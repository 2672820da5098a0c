import type { Memory, Thread } from '../../target/index.ts';

/** Something that is true or false of a thread that stands at one instruction. */
export interface Condition {
  readonly text: string;
  /**
   * Whether it is true now. Throws a UserError or TargetFault where that cannot be told: a nil pointer on the way,
   * memory that is not there.
   */
  holds(thread: Thread, memory: Memory): boolean;
  /** Some part of it is evaluated as `print` would, with all variables of the frame: many times slower. */
  readonly slow: boolean;
}

/** What a compiled expression does each time: reads from the thread and the memory it is given. */
export type Read<T> = (thread: Thread, memory: Memory) => T;
