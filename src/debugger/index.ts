export type { Breakpoint, BreakpointPlace, BreakpointRequest } from './breakpoints/breakpoint.ts';
export { Debugger } from './debugger.ts';
export type { Stop, StopCause } from './stop.ts';
