export type {
  Breakpoint,
  BreakpointPlace,
  BreakpointRequest,
  HitCondition,
} from './breakpoints/breakpoint.ts';
export { Debugger } from './debugger.ts';
export { type Steppable, Stepping } from './stepping/stepping.ts';
export type { Stop, StopCause } from './stop.ts';
export type { CallEvent } from './tracing/call-tracer.ts';
