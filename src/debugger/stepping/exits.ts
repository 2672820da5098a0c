import type { DecodedInstruction, MachineState } from '../../arch/index.ts';
import type { RuntimeAddress } from '../../base/index.ts';
import type { CodeOf } from './function-code.ts';
import { addressOf } from './function-code.ts';
import type { Instructions } from './instructions.ts';

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

/** By which every panic and every Goexit begins. */
const UNWINDERS = ['runtime.gopanic', 'runtime.Goexit'] as const;

/** Of the machinery that makes deferred calls: who returns there has not come back to the program's own code. */
export const DEFER_MACHINERY: ReadonlySet<string> = new Set([...CALLERS, ...RETURNS]);

/** Without registers a direct call leads somewhere, one through a closure nowhere that can be known. */
const NOTHING: MachineState = { register: () => 0n, segmentBase: () => 0n, read: () => undefined };

/**
 * Where control leaves the order of calls and returns: places in the runtime. Finding them means decoding its functions,
 * so that is done when they are asked for: `beginnings` are known by name.
 */
export class Exits {
  readonly #code: CodeOf;
  readonly #instructions: Instructions;
  readonly #calls = new Map<string, readonly DecodedInstruction[]>();
  #found: ExitPlaces | undefined;
  #returnCalls: readonly RuntimeAddress[] | undefined;
  #beginnings: readonly RuntimeAddress[] | undefined;

  constructor(code: CodeOf, instructions: Instructions) {
    this.#code = code;
    this.#instructions = instructions;
  }

  /** Where a panic or Goexit begins: before that, a goroutine comes to none of the other places. */
  get beginnings(): readonly RuntimeAddress[] {
    this.#beginnings ??= UNWINDERS.flatMap((name) => this.#code.entries(name));
    return this.#beginnings;
  }

  /** Calls of deferred functions by a panic or Goexit. */
  get deferredCalls(): readonly RuntimeAddress[] {
    return this.#places.deferredCalls;
  }

  /** Calls of deferred functions by runtime.deferreturn. */
  get returnCalls(): readonly RuntimeAddress[] {
    this.#returnCalls ??= RETURNS.flatMap((name) => this.#closureCalls(name));
    return this.#returnCalls;
  }

  /** A panic was recovered: g.sched says where the goroutine goes on. */
  get resumptions(): readonly RuntimeAddress[] {
    return this.#places.resumptions;
  }

  /** Goexit has made all deferred calls, and ends the goroutine. Others end by returning from their first function. */
  get ends(): readonly RuntimeAddress[] {
    return this.#places.ends;
  }

  get #places(): ExitPlaces {
    this.#found ??= this.#find();
    return this.#found;
  }

  #find(): ExitPlaces {
    // Not the entry of goexit1: every goroutine that ends comes by there, of which a program may have no end.
    const goexit = this.#code.entries(END);
    const ends = this.#callsTo(GOEXIT, goexit);
    return {
      deferredCalls: CALLERS.flatMap((name) => this.#closureCalls(name)),
      resumptions: this.#callsTo(
        RECOVERY,
        RESUME.flatMap((name) => this.#code.entries(name)),
      ),
      ends: ends.length > 0 ? ends : goexit,
    };
  }

  #closureCalls(name: string): readonly RuntimeAddress[] {
    return this.#callsIn(name)
      .filter((call) => call.flow === 'call' && (call.target(NOTHING) ?? 0) === 0)
      .map(({ address }) => addressOf(address));
  }

  #callsTo(name: string, targets: readonly number[]): readonly RuntimeAddress[] {
    return this.#callsIn(name)
      .filter((call) => targets.includes(call.target(NOTHING) ?? 0))
      .map(({ address }) => addressOf(address));
  }

  #callsIn(name: string): readonly DecodedInstruction[] {
    let calls = this.#calls.get(name);
    if (calls === undefined) {
      calls = this.#code
        .entries(name)
        .flatMap((entry) => [...this.#instructions.between(entry, this.#code.at(entry)!.end)])
        .filter(({ flow }) => flow === 'call' || flow === 'jump');
      this.#calls.set(name, calls);
    }
    return calls;
  }
}

interface ExitPlaces {
  readonly deferredCalls: readonly RuntimeAddress[];
  readonly resumptions: readonly RuntimeAddress[];
  readonly ends: readonly RuntimeAddress[];
}
