import { runtimeAddress } from '../../base/index.ts';
import type { Value } from '../../expr/index.ts';
import type { Frame, Program } from '../../golang/index.ts';

export interface WrappedArgument {
  readonly name: string;
  readonly value: Value;
}

/** cmd/compile/internal/walk/order.go, wrapGoDefer: it names what it captures as temporaries. */
const TEMPORARY = /^\.autotmp_/;

/**
 * What `defer f(x, y)` was given: the compiler makes a closure of it that has captured receiver and arguments as
 * temporaries, in their order. They have no names in the source; here they are arg1, arg2…
 */
export function wrappedArguments(program: Program, { module, pc, registers }: Frame): WrappedArgument[] {
  const closure = registers[program.target.arch.dwarf.closure];
  const info = module?.image?.debugInfo?.functionAt(module.toLinked(pc));
  if (closure === undefined || info === undefined) return [];
  return info.variables
    .filter(({ name, closureOffset }) => closureOffset !== undefined && TEMPORARY.test(name))
    .sort((a, b) => a.closureOffset! - b.closureOffset!)
    .map(({ type, closureOffset }, i) => ({
      name: `arg${i + 1}`,
      value: { type, storage: { kind: 'memory', address: runtimeAddress(closure + closureOffset!) } },
    }));
}
