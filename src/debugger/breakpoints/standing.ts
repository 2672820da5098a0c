import type { Program } from '../../golang/index.ts';
import type { BreakpointPlace } from './breakpoint.ts';

/** A breakpoint that is always there: the program is about to die. Delve's numbers and names. */
export interface StandingBreakpoint {
  readonly id: number;
  readonly name: string;
  readonly functions: readonly string[];
}

export const UNRECOVERED_PANIC = -1;
export const FATAL_THROW = -2;

/** runtime/panic.go and signal_unix.go: all that end the program go through these. */
export const STANDING_BREAKPOINTS: readonly StandingBreakpoint[] = [
  { id: UNRECOVERED_PANIC, name: 'unrecovered-panic', functions: ['runtime.fatalpanic'] },
  {
    id: FATAL_THROW,
    name: 'runtime-fatal-throw',
    functions: ['runtime.throw', 'runtime.fatal', 'runtime.fatalsignal'],
  },
];

/** By pclntab alone, which is quick and there in stripped programs too. Empty: no Go program. */
export function placesOfFunctions(program: Program, names: readonly string[]): BreakpointPlace[] {
  return program.target.modules.all.flatMap((module) => {
    const functions = module.image?.functions;
    if (functions === undefined) return [];
    return names.flatMap((name) =>
      functions.byName(name).map((index) => {
        const address = module.toRuntime(functions.places.bodyStart(index));
        return { address, function: name, position: program.locate(address, false).position };
      }),
    );
  });
}
