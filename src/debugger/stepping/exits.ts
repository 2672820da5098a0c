import type { RuntimeAddress } from '../../base/index.ts';
import type { CodeOf } from './function-code.ts';
import { addressOf } from './function-code.ts';
import type { Instructions } from './instructions.ts';

/** Where control leaves the order of calls and returns: places in the runtime, found once in a program. */
export interface Exits {
  /** Calls of deferred functions by a panic or Goexit. */
  readonly deferredCalls: readonly RuntimeAddress[];
  /** Calls of deferred functions by runtime.deferreturn. */
  readonly returnCalls: readonly RuntimeAddress[];
  /** A panic was recovered: g.sched says where the goroutine goes on. */
  readonly resumptions: readonly RuntimeAddress[];
  /** Goexit has made all deferred calls, and ends the goroutine. Others end by returning from their first function. */
  readonly ends: readonly RuntimeAddress[];
}

/**
 * runtime/panic.go. The functions that call `fn()` of a deferred call: gopanic and Goexit; until go1.21 for some of
 * them by way of deferCallSave, which runOpenDeferFrame may have inlined.
 */
const CALLERS = [
  'runtime.gopanic',
  'runtime.Goexit',
  'runtime.deferCallSave',
  'runtime.runOpenDeferFrame',
] as const;
const RETURNS = ['runtime.deferreturn'] as const;
const RECOVERY = 'runtime.recovery';
const RESUME = ['runtime.gogo', 'runtime.gogo.abi0'] as const;
const GOEXIT = 'runtime.Goexit';
const END = 'runtime.goexit1';

/** Of the machinery that makes deferred calls: who returns there has not come back to the program's own code. */
export const DEFER_MACHINERY: ReadonlySet<string> = new Set([...CALLERS, ...RETURNS]);

export function findExits(code: CodeOf, instructions: Instructions): Exits {
  const gogo = new Set<number>(RESUME.flatMap((name) => code.entries(name)));
  const calls = function* (name: string) {
    for (const entry of code.entries(name)) {
      const end = code.at(entry)!.end;
      for (const instruction of instructions.between(entry, end)) {
        if (instruction.flow === 'call' || instruction.flow === 'jump') yield instruction;
      }
    }
  };
  /** Without registers a direct call leads somewhere, one through a closure nowhere that can be known. */
  const nothing = { register: () => 0n, segmentBase: () => 0n, read: () => undefined };
  const closures = (name: string): RuntimeAddress[] =>
    [...calls(name)]
      .filter((call) => call.flow === 'call' && (call.target(nothing) ?? 0) === 0)
      .map(({ address }) => addressOf(address));
  // Not the entry of goexit1: every goroutine that ends comes by there, of which a program may have no end.
  const goexit = new Set<number>(code.entries(END));
  const ends = [...calls(GOEXIT)].filter((call) => goexit.has(call.target(nothing) ?? 0));
  return {
    deferredCalls: CALLERS.flatMap(closures),
    returnCalls: RETURNS.flatMap(closures),
    resumptions: [...calls(RECOVERY)]
      .filter((call) => gogo.has(call.target(nothing) ?? 0))
      .map(({ address }) => addressOf(address)),
    ends: ends.length > 0 ? ends.map(({ address }) => addressOf(address)) : code.entries(END),
  };
}
