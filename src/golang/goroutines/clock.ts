import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { GoRuntime } from '../go-runtime.ts';
import { ALL_PS, MEMORY_STATISTICS, SCHED } from '../runtime-facts/globals.ts';
import { MemoryStatistics, P, Sched } from '../runtime-facts/structs.ts';

const MAX_PROCESSORS = 1 << 16;

/**
 * The latest nanotime() that can be found in the process: a core does not say when it was made. Looked at are
 * `sched.lastpoll` and `sched.procresizetime`, each P's `sysmontick.schedwhen` and `syscallwhen` (sysmon
 * refreshes them at least every 10 ms while anything runs) and `memstats.last_gc_nanotime`. In a process in
 * which nothing ran for long the true time is later than this.
 */
export function latestTime(runtime: GoRuntime): number | undefined {
  const { memory } = runtime;
  let latest = 0;
  const consider = (address: number): void => {
    if (memory.tryRead(address as RuntimeAddress, 8) === undefined) return;
    const time = memory.uint64(address as RuntimeAddress);
    // Years of uptime are believed; what is beyond is no time.
    if (time > latest && time < 2 ** 62) latest = time;
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
  const processors = runtime.tryGlobal(ALL_PS);
  const layout = runtime.layouts.tryOf(P);
  if (processors !== undefined && layout !== undefined) {
    const count = Math.min(memory.uint64(runtimeAddress(processors + 8)), MAX_PROCESSORS);
    const array = memory.pointer(processors);
    for (let i = 0; i < count; i++) {
      const slot = runtimeAddress(array + i * 8);
      if (memory.tryRead(slot, 8) === undefined) break;
      const p = memory.pointer(slot);
      if (p === 0) continue;
      consider(p + layout.scheduledWhen);
      consider(p + layout.syscallWhen);
    }
  }
  return latest === 0 ? undefined : latest;
}
