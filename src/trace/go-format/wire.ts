/**
 * Go's execution trace format, version 2 (Go 1.22 and newer). Source: internal/trace/tracev2/events.go.
 *
 *   header   "go 1.NN trace" 00 00 00
 *   batch    01 generation thread baseTime size data[size]; size ≤ 65536
 *            49 experiment generation thread baseTime size data[size]
 *   end      52, since go 1.26: the generation is complete
 *
 * All numbers are unsigned LEB128. What a batch holds is decided by its first byte: strings 4, stacks 2, CPU samples 6,
 * the clock 8 (until 1.23) or 50, otherwise events: kind, ticks since the event before, arguments.
 */
export const WIRE = {
  batch: 1,
  stacks: 2,
  stack: 3,
  strings: 4,
  string: 5,
  cpuSamples: 6,
  cpuSample: 7,
  frequency: 8,
  procsChange: 9,
  procStart: 10,
  procStop: 11,
  procSteal: 12,
  procStatus: 13,
  goCreate: 14,
  goCreateSyscall: 15,
  goStart: 16,
  goDestroy: 17,
  goDestroySyscall: 18,
  goStop: 19,
  goBlock: 20,
  goUnblock: 21,
  goSyscallBegin: 22,
  goSyscallEnd: 23,
  goSyscallEndBlocked: 24,
  goStatus: 25,
  stwBegin: 26,
  stwEnd: 27,
  gcActive: 28,
  gcBegin: 29,
  gcEnd: 30,
  gcSweepActive: 31,
  gcSweepBegin: 32,
  gcSweepEnd: 33,
  gcMarkAssistActive: 34,
  gcMarkAssistBegin: 35,
  gcMarkAssistEnd: 36,
  heapAlloc: 37,
  heapGoal: 38,
  goLabel: 39,
  userTaskBegin: 40,
  userTaskEnd: 41,
  userRegionBegin: 42,
  userRegionEnd: 43,
  userLog: 44,
  goSwitch: 45,
  goSwitchDestroy: 46,
  goCreateBlocked: 47,
  goStatusStack: 48,
  experimentalBatch: 49,
  sync: 50,
  clockSnapshot: 51,
  endOfGeneration: 52,
} as const;

/** Events of experiments (GOEXPERIMENT=allocheaders and the like) begin here; they are read over. */
export const FIRST_EXPERIMENTAL = 127;

/** How many arguments follow the time of each event; −1: not an event. From 9 (procsChange) to 48 (goStatusStack). */
const ARGUMENTS = [
  2, 2, 0, 3, 2, 3, 1, 2, 0, 0, 2, 2, 3, 2, 0, 0, 3, 2, 0, 1, 2, 1, 1, 1, 2, 1, 1, 0, 1, 1, 1, 4, 2, 3, 3, 4,
  2, 2, 3, 4,
];

/** Spans, objects and goroutine stacks of the experiment AllocFree: 128 to 136. */
const EXPERIMENTAL_ARGUMENTS = [3, 3, 1, 2, 2, 1, 2, 2, 1];

export const ARGUMENT_COUNT: Int8Array = (() => {
  const counts = new Int8Array(256).fill(-1);
  counts.set(ARGUMENTS, WIRE.procsChange);
  counts.set(EXPERIMENTAL_ARGUMENTS, FIRST_EXPERIMENTAL + 1);
  return counts;
})();

export const MAX_BATCH_BYTES = 65_536;
export const MAX_STRING_BYTES = 1024;
export const MAX_FRAMES = 128;

/** Status of a P. Goroutines' statuses are STATE. */
export const PROC = { running: 1, idle: 2, syscall: 3, abandoned: 4 } as const;
