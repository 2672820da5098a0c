import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { DeferredCall } from '../frame.ts';
import type { GoProgram } from '../go-program.ts';

/** Describes a func value: a pointer to an object whose first word is the code's entry. */
export function deferredCall(
  program: GoProgram,
  closure: RuntimeAddress,
  facts: {
    readonly sp: number;
    readonly openCoded: boolean;
    readonly deferredAt: DeferredCall['deferredAt'];
  },
): DeferredCall {
  const { memory } = program.runtime;
  const known = closure !== 0 && memory.tryRead(closure, 8) !== undefined;
  const entry = known ? memory.pointer(closure) : undefined;
  const location = entry === undefined ? undefined : program.functionStart(entry);
  return {
    function: location?.function,
    position: location?.position,
    entry,
    closure: closure === 0 ? undefined : closure,
    deferredAt: facts.deferredAt,
    sp: runtimeAddress(facts.sp),
    openCoded: facts.openCoded,
  };
}
