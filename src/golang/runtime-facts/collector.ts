import { field, struct } from './form.ts';

/** What the tracer's probes read of the collector's books, beside `scheduling.ts`. */

/** runtime/mgcpacer.go; plain numbers became atomic ones in go1.20. */
export const GcController = struct('runtime.gcControllerState', {
  /** What lives, as of the last collection, and what has been allocated since. */
  heapLive: field('uint64', 'heapLive.value', 'heapLive'),
  /** The size at which the next collection is to end, as GOGC has it: the largest number where that is off. */
  percentGoal: field('uint64', 'gcPercentHeapGoal.value', 'gcPercentHeapGoal'),
});
