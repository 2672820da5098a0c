import type { RuntimeAddress } from '../../base/index.ts';
import type { FunctionInfo, VariableInfo } from '../../image/index.ts';
import type { Program } from '../program.ts';

/** What a func value points to: a closure object, whose first word is the function's entry. */
export interface Closure {
  readonly address: RuntimeAddress;
  readonly entry: RuntimeAddress;
  /** undefined: the entry is in no function. */
  readonly name: string | undefined;
}

export function closureAt(program: Program, address: RuntimeAddress): Closure {
  const entry = program.target.memory.pointer(address);
  return { address, entry, name: functionName(program, entry) };
}

/** Name of the function that covers a pc, without inlined calls. */
export function functionName(program: Program, pc: RuntimeAddress): string | undefined {
  const module = program.target.modules.at(pc);
  const functions = module?.image?.functions;
  if (module === undefined || functions === undefined) return undefined;
  const index = functions.find(module.toLinked(pc));
  return index < 0 ? undefined : functions.name(index);
}

/** The subprogram at a pc, from DWARF. */
export function functionInfoAt(program: Program, pc: RuntimeAddress): FunctionInfo | undefined {
  const module = program.target.modules.at(pc);
  return module?.image?.debugInfo?.functionAt(module.toLinked(pc));
}

/**
 * Variables that a closure captured, in the order in which they lie in its object (DW_AT_go_closure_offset, from
 * Go 1.23 on).
 */
export function capturedVariables(program: Program, closure: Closure): readonly VariableInfo[] {
  const info = functionInfoAt(program, closure.entry);
  if (info === undefined) return [];
  return info.variables
    .filter((variable) => variable.closureOffset !== undefined)
    .sort((a, b) => a.closureOffset! - b.closureOffset!);
}
