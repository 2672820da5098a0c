import { MattockError } from '../../base/index.ts';
import { openProgram } from '../../golang/index.ts';
import type { Target } from '../../target/index.ts';
import { EVENT } from '../../trace/events.ts';
import type { TraceBuilder } from '../../trace/index.ts';
import type { WaitObject } from '../../trace/wait-object.ts';

/** Who held what others waited for, as the memory of a program that ran said when a recording was about to end. */
export interface PartingLook {
  readonly holders: readonly {
    readonly goroutine: number;
    readonly object: WaitObject;
    readonly how: string;
  }[];
  /** By the clock of the recording, nanoseconds. */
  readonly began: number;
}

/** Does not stop the program: what is found is good for those who move neither while we look nor afterwards. */
export function lookAtLocks(target: Target, began: number): PartingLook {
  try {
    const holders = openProgram(target)
      .lockHolders()
      .flatMap(({ kind, address, goroutine, how }) =>
        kind === 'channel' ? [] : [{ goroutine, object: { kind, address }, how }],
      );
    return { holders, began };
  } catch (error) {
    // What is read of a program that runs may be anything.
    if (!(error instanceof MattockError)) throw error;
    return { holders: [], began };
  }
}

/** Tells it at the end of a trace. */
export function tellHolders(builder: TraceBuilder, { holders, began }: PartingLook): void {
  const end = Math.max(builder.columns.lastTime, builder.endedAt);
  for (const { goroutine, object, how } of holders)
    builder.add(EVENT.holds, end, goroutine, {
      a: builder.object(object),
      b: builder.string(how),
      c: end - began,
    });
}
