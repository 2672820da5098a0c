export { systemCallNumber } from './blocking/system-calls.ts';
export type * from './frame.ts';
export type * from './goroutine.ts';
export { GoroutineCapture } from './goroutines/capture.ts';
export { openProgram } from './open-program.ts';
export type * from './program.ts';
export { functionStart, readSchedulerFacts, type SchedulerFacts } from './scheduling/scheduler-facts.ts';
export { shortTypeName } from './type-names.ts';
