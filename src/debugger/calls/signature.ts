import { type RuntimeAddress, UserError } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';
import { functionInfoAt } from '../../golang/values/functions.ts';
import { targetOf } from '../../golang/values/shapes.ts';
import type { FuncType, Type, VariableInfo } from '../../image/index.ts';

interface Named {
  readonly name: string;
  readonly type: Type;
}

/** A function that can be called. */
export interface Callee {
  readonly name: string;
  readonly entry: RuntimeAddress;
  /** In declaration order; a method's receiver is the first. */
  readonly parameters: readonly Named[];
  readonly results: readonly Named[];
  /** Written in assembly: everything is passed on the stack. */
  readonly assembly: boolean;
}

/** `type` is that of the variable that holds the function, if one does. */
export function signatureAt(program: Program, entry: RuntimeAddress, name: string, type?: FuncType): Callee {
  const module = program.target.modules.at(entry);
  const functions = module?.image?.functions;
  const index = module === undefined || functions === undefined ? -1 : functions.find(module.toLinked(entry));
  if (entry === 0 || index < 0)
    throw new UserError(`${name} has no code: it is inlined wherever it is called`);
  const full = functions!.name(index);
  if (full.includes('[')) {
    throw new UserError(
      `${full} is generic, and which types it is for is not said by its code`,
      'call a function that calls it',
    );
  }
  const { assembly } = functions!.traits(index);
  const info = functionInfoAt(program, entry);
  // A result that the compiler split is described more than once.
  const declared = (role: VariableInfo['role']): Named[] =>
    (info?.variables ?? [])
      .filter((variable) => variable.role === role)
      .map(ownType)
      .filter(({ name }, i, all) => name === '_' || all.findIndex((other) => other.name === name) === i);
  const parameters = declared('parameter');
  const results = declared('result');
  const silent = info === undefined || (parameters.length === 0 && (type?.parameters.length ?? 0) > 0);
  if (silent) throw new UserError(`nothing says what ${full} takes: its debug information does not`);
  return { name: full, entry, parameters, results, assembly };
}

/** The location of an escaped variable holds a pointer to it; what is passed is the value. */
function ownType({ name, type, escaped }: VariableInfo): Named {
  return { name, type: escaped ? (targetOf(type) ?? type) : type };
}
