import type { Type } from '../image/index.ts';
import type { Constant } from './constant.ts';
import type { BinaryOperator, Node, UnaryOperator } from './syntax.ts';

/**
 * What an expression does, as a program for a stack of values. `node` is the part of the text that an
 * operation's errors are about.
 */
export type Operation = { readonly node: Node } & (
  | { readonly do: 'constant'; readonly constant: Constant }
  | { readonly do: 'identifier'; readonly name: string }
  /** `a.b`: a field of a variable, or a name of a package. */
  | { readonly do: 'qualified'; readonly first: string; readonly quoted: boolean; readonly name: string }
  | { readonly do: 'runtime'; readonly name: RuntimeName }
  | { readonly do: 'frame-variable'; readonly frame: number; readonly name: string }
  | { readonly do: 'select'; readonly name: string }
  /** `x.(T)`; without a type, `x.(data)`: whatever it holds. */
  | { readonly do: 'assert'; readonly type: Type | undefined }
  | { readonly do: 'dereference' }
  | { readonly do: 'address' }
  | { readonly do: 'unary'; readonly operator: Exclude<UnaryOperator, '&'> }
  | { readonly do: 'binary'; readonly operator: Exclude<BinaryOperator, '&&' | '||'> }
  /** For && and ||: skips to `target`, leaving the value, if it is `when`; drops it otherwise. */
  | { readonly do: 'skip-if'; readonly when: boolean; readonly target: number }
  /** The operand of && and || must be a bool, and becomes an untyped one. */
  | { readonly do: 'bool' }
  | { readonly do: 'index' }
  | { readonly do: 'slice'; readonly low: boolean; readonly high: boolean }
  | { readonly do: 'convert'; readonly type: Type }
  | { readonly do: 'builtin'; readonly name: BuiltinName; readonly count: number }
  /** A function of the program, below its arguments. Only where calls are allowed. */
  | { readonly do: 'call'; readonly count: number }
);

export const RUNTIME_NAMES = ['curg', 'frameoff', 'threadid'] as const;
export type RuntimeName = (typeof RUNTIME_NAMES)[number];

/** How many arguments each builtin takes: at least, at most. */
export const BUILTINS = {
  len: [1, 1],
  cap: [1, 1],
  real: [1, 1],
  imag: [1, 1],
  complex: [2, 2],
  min: [1, Number.POSITIVE_INFINITY],
  max: [1, Number.POSITIVE_INFINITY],
} as const;
export type BuiltinName = keyof typeof BUILTINS;

export const isBuiltin = (name: string): name is BuiltinName => Object.hasOwn(BUILTINS, name);

/** Values that an operation takes from the stack; each pushes one. */
export function taken(operation: Operation): number {
  switch (operation.do) {
    case 'constant':
    case 'identifier':
    case 'qualified':
    case 'runtime':
    case 'frame-variable':
      return 0;
    case 'binary':
    case 'index':
      return 2;
    case 'slice':
      return 1 + (operation.low ? 1 : 0) + (operation.high ? 1 : 0);
    case 'builtin':
      return operation.count;
    case 'call':
      return operation.count + 1;
    default:
      return 1;
  }
}

/**
 * Proves before anything runs that no operation lacks operands, that every path to an operation finds the same
 * depth, and that one value is left. Throws an Error: that would be our bug.
 */
export function verify(operations: readonly Operation[]): void {
  const depths: (number | undefined)[] = [0];
  const reach = (at: number, depth: number): void => {
    if (depths[at] !== undefined && depths[at] !== depth) {
      throw new Error(`operation ${at} is reached with ${depths[at]} and with ${depth} values`);
    }
    depths[at] = depth;
  };
  for (const [at, operation] of operations.entries()) {
    const depth = depths[at];
    if (depth === undefined || depth < taken(operation)) {
      throw new Error(`operation ${at} (${operation.do}) has ${depth} of ${taken(operation)} operands`);
    }
    if (operation.do === 'skip-if') {
      if (operation.target <= at) throw new Error(`operation ${at} goes back to ${operation.target}`);
      reach(operation.target, depth);
      reach(at + 1, depth - 1);
    } else reach(at + 1, depth - taken(operation) + 1);
  }
  if (depths[operations.length] !== 1) {
    throw new Error(`${depths[operations.length]} values are left`);
  }
}
