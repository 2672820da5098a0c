import type { RuntimeAddress } from '../../base/index.ts';
import type { GoRuntime } from '../go-runtime.ts';
import { processorAddresses } from '../processors.ts';
import { LIMITER_EVENT_BITS } from '../runtime-facts/constants.ts';
import { MEMORY_STATISTICS, SCHED } from '../runtime-facts/globals.ts';
import { MemoryStatistics, P, Sched } from '../runtime-facts/structs.ts';

/** Years of uptime are believed; what is beyond is no time. */
const LONGEST = 2 ** 60;
const NO_MASK = 2n ** 64n - 1n;
/** limiterEventStamp: the kind of event stands above the time. */
const LIMITER_TIME = 2n ** BigInt(64 - LIMITER_EVENT_BITS) - 1n;

/** Of the clock by which the runtime reckons: nanotime(), which is CLOCK_MONOTONIC. */
export interface Moment {
  readonly time: number;
  /** False: it may have been later. */
  readonly exact: boolean;
}

/** What nanotime() would give: a process is asked for its clock, of a core it is at least the latest time that is in it. */
export function now(runtime: GoRuntime): Moment | undefined {
  const { clock } = runtime.target.process;
  if (clock !== undefined) return { time: clock, exact: true };
  const time = latestTime(runtime);
  return time === undefined ? undefined : { time, exact: false };
}

/**
 * The latest nanotime() that can be found in the process: a core does not say when it was made. Looked at are
 * `sched.lastpoll` and `sched.procresizetime`, `memstats.last_gc_nanotime`, and of each P `sysmontick.schedwhen` and
 * `syscallwhen` (sysmon refreshes them at least every 10 ms while anything runs) and `limiterEvent`, which says since
 * when the P is idle. In a process in which nothing ran for long the true time is later than this.
 */
function latestTime(runtime: GoRuntime): number | undefined {
  const { memory } = runtime;
  let latest = 0;
  const consider = (address: number, mask = NO_MASK): void => {
    if (memory.tryRead(address as RuntimeAddress, 8) === undefined) return;
    const time = Number(memory.bigUint64(address as RuntimeAddress) & mask);
    if (time > latest && time < LONGEST) latest = time;
  };
  const sched = runtime.tryGlobal(SCHED);
  const schedLayout = runtime.layouts.tryOf(Sched);
  if (sched !== undefined && schedLayout !== undefined) {
    consider(sched + schedLayout.lastPoll);
    consider(sched + schedLayout.processorsResized);
  }
  const statistics = runtime.tryGlobal(MEMORY_STATISTICS);
  const statisticsLayout = runtime.layouts.tryOf(MemoryStatistics);
  if (statistics !== undefined && statisticsLayout !== undefined) {
    consider(statistics + statisticsLayout.lastCollection);
  }
  const layout = runtime.layouts.tryOf(P);
  if (layout !== undefined) {
    for (const p of processorAddresses(runtime)) {
      consider(p + layout.scheduledWhen);
      consider(p + layout.syscallWhen);
      consider(p + layout.limiterStamp, LIMITER_TIME);
    }
  }
  return latest === 0 ? undefined : latest;
}
