export { writeValue } from './assignment/write-value.ts';
export type {
  Breakpoint,
  BreakpointPlace,
  BreakpointRequest,
  FindPlaces,
  HitCondition,
  RefusedPlace,
  TraceRequest,
} from './breakpoints/breakpoint.ts';
export { FATAL_THROW, UNRECOVERED_PANIC } from './breakpoints/standing.ts';
export type { CallWork } from './calls/call-order.ts';
export type { FinishedCall } from './calls/finished-call.ts';
export { CalledPanic, RefusedCall } from './calls/injected-calls.ts';
export { prepareCall, withObjects } from './calls/prepare-call.ts';
export { Debugger } from './debugger.ts';
export { type FollowRule, Processes, type ProcessNews } from './processes.ts';
export { type Steppable, Stepping } from './stepping/stepping.ts';
export type { Stop, StopCause } from './stop.ts';
export { threadToShow } from './thread-to-show.ts';
export type { CallEvent, CallMoment, CallTracer } from './tracing/call-tracer.ts';
export type { CallProbes, ProbedCalls, ProbedProgram } from './tracing/hot-calls.ts';
export { contentsOf } from './watch/contents.ts';
export { stackPlace } from './watch/stack-place.ts';
export {
  describeAccess,
  type WatchAccess,
  type WatchFacts,
  type WatchHit,
  type WatchRequest,
  type Writer,
} from './watch/watchpoint.ts';
