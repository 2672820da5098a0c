import type { ThreadId } from '../base/index.ts';
import type { Goroutine, Program } from '../golang/index.ts';

/**
 * The thread to look at where none in particular stopped the program: one on which a goroutine of the user's runs, or is
 * in a system call; `current` where it is as good as any other.
 */
export function threadToShow(program: Program, current: ThreadId): ThreadId {
  let best = current;
  let bestRank = rank(program.goroutineOn(current));
  for (const thread of program.target.threads) {
    if (bestRank === 0) break;
    // Of a thousand threads most are idle, which is known from the thread itself.
    if (program.goidOn(thread) === undefined) continue;
    const own = rank(program.goroutineOn(thread.id));
    if (own >= bestRank) continue;
    best = thread.id;
    bestRank = own;
  }
  return best;
}

function rank(goroutine: Goroutine | undefined): number {
  if (goroutine === undefined) return 3;
  if (goroutine.system) return 2;
  return goroutine.state === '_Gsyscall' ? 1 : 0;
}
