import type { DecodedInstruction } from '../../arch/index.ts';
import type { LiveThread } from '../../target/index.ts';
import type { StopCause } from '../stop.ts';
import type { Done } from './last-instruction.ts';
import type { WatchFacts } from './watchpoint.ts';

/** What was done to a part of the watched bytes. */
export interface Noticed {
  /** The instruction that did it, if it is known. */
  readonly done: Pick<Done, 'instruction'> | undefined;
  readonly access: 'read' | 'write' | 'read-write';
  /** Of the part in the watched bytes. */
  readonly offset: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** Why `after` is not surely what this access made of `before`: others wrote too. */
  readonly mixed?: string;
}

/** A watch as those see it who notice what is done to memory. */
export interface Watched extends WatchFacts {
  /** Something was done to its bytes: the reason to stop for it, if there is one. */
  noticed(thread: LiveThread, what: Noticed): StopCause | undefined;
  /** An instruction is done of which it is not known what it has touched: its bytes may be others now. */
  changed(thread: LiveThread, instruction: DecodedInstruction): StopCause | undefined;
  /** A watch register of its own has fired in a thread. */
  fired(thread: LiveThread): StopCause | undefined;
}
