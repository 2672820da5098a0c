import { UserError } from '../base/index.ts';
import type { Frame, Program } from '../golang/index.ts';
import { type FrameVariable, variablesAt } from '../golang/values/variables.ts';
import { boolConstant, type Constant, intConstant } from './constant.ts';
import { functionNamed } from './functions.ts';
import { describedModules, globalNamed, packageOf, packagePaths, qualifiedNames } from './packages.ts';
import { registerNamed } from './registers.ts';
import { constantValue } from './scalar.ts';
import type { Scope } from './scope.ts';
import { select } from './select.ts';
import { NIL } from './synthetic-types.ts';
import type { Value } from './value.ts';

/** A name that is nowhere; where nothing could have said it, that too. */
function unknown({ program, frame }: Scope, name: string, column?: number): UserError {
  const image = (frame?.module ?? program.target.modules.executable)?.image;
  const stripped = image?.functions !== undefined && image.debugInfo === undefined;
  if (!stripped) return new UserError(`could not find symbol ${name}`, undefined, column);
  return new UserError(
    `could not find symbol ${name}: ${image.name} has no DWARF, which names variables`,
    'build it without -ldflags=-s and -w',
    column,
  );
}

/** A name: a variable of the frame, one of its package, a predeclared constant, a register. */
export function identifier(scope: Scope, name: string): Value {
  const found =
    localNamed(scope, name) ?? homeSymbol(scope, name) ?? predeclared(name) ?? registerNamed(scope, name);
  if (found === undefined) throw unknown(scope, name);
  return found;
}

/** What stands before the dot of `first.name`. In quotes it is the path of a package. */
export interface Qualifier {
  readonly name: string;
  readonly quoted: boolean;
  readonly column: number;
}

/** `first.name`: a member of a variable, or a name of a package (always, if `first` is quoted). */
export function qualified(scope: Scope, qualifier: Qualifier, name: string): Value {
  const { program } = scope;
  const { name: first, quoted } = qualifier;
  const variable = quoted ? undefined : memberHolder(scope, first);
  let problem: UserError | undefined;
  if (variable !== undefined) {
    try {
      return select(program, variable, name);
    } catch (error) {
      // A package of the same name may still have it.
      if (!(error instanceof UserError)) throw error;
      problem = error;
    }
  }
  const names = quoted ? [`${first}.${name}`] : qualifiedNames(program, first, name);
  const found = symbolNamed(scope, names);
  if (found !== undefined) return found;
  throw problem ?? unknownMember(scope, qualifier, name);
}

/** In package main `main.x` is a name of the package, not a member of its function main. */
function memberHolder(scope: Scope, first: string): Value | undefined {
  const found = variableNamed(scope, first);
  return found?.storage.kind === 'function' && isPackage(scope, first) ? undefined : found;
}

function isPackage({ program, frame }: Scope, name: string): boolean {
  return packagePaths(program, name).length > 0 || packageOf(frame?.function ?? '') === name;
}

function unknownMember(scope: Scope, { name: first, quoted, column }: Qualifier, name: string): UserError {
  const { program } = scope;
  const full = `${first}.${name}`;
  const known = quoted ? packagePaths(program, lastElement(first)).includes(first) : isPackage(scope, first);
  if (!known)
    return quoted
      ? new UserError(`there is no package ${first}`, PACKAGES, column)
      : unknown(scope, first, column);
  const type = (quoted ? [full] : qualifiedNames(program, first, name)).find((one) => program.typeNamed(one));
  if (type !== undefined)
    return new UserError(`${full} is a type, not a value`, `\`whatis ${full}\` explains it`);
  const { message, remedy } = unknown(scope, full);
  return remedy === undefined
    ? new UserError(`there is no ${name} in package ${first}`)
    : new UserError(message, remedy);
}

const PACKAGES = '`packages` lists those there are';

const lastElement = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function variableNamed(scope: Scope, name: string): Value | undefined {
  return localNamed(scope, name) ?? homeSymbol(scope, name) ?? registerNamed(scope, name);
}

/** The innermost variable of that name in the scope's frame. */
function localNamed(scope: Scope, name: string): Value | undefined {
  const variable = frameVariables(scope).findLast(
    (candidate) => candidate.name === name && !candidate.shadowed,
  );
  return variable === undefined ? undefined : { type: variable.type, storage: variable.place };
}

export const isVariable = (scope: Scope, name: string): boolean =>
  frameVariables(scope).some((variable) => variable.name === name);

/** How far up a loop is looked for whose body a frame is. */
const MAX_CALLERS = 500;

const known = new WeakMap<Frame, readonly FrameVariable[]>();

/** The frame's variables, found once: frames do not outlive a stop. */
export function frameVariables(scope: Scope): readonly FrameVariable[] {
  const { program, frame, thread } = scope;
  if (scope.variables !== undefined) return scope.variables;
  if (frame === undefined) return [];
  let variables = known.get(frame);
  if (variables === undefined) {
    variables = variablesAt(program, frame, thread, () => callersOf(scope, frame));
    known.set(frame, variables);
  }
  return variables;
}

/** The scope with its variables as they are now: their registers are about to be used by something else. */
export const fixedScope = (scope: Scope): Scope => ({ ...scope, variables: frameVariables(scope) });

function callersOf({ program, goroutine }: Scope, frame: Frame): readonly Frame[] {
  if (goroutine === undefined) return [];
  return program.stackOf(goroutine, frame.index + MAX_CALLERS).frames.slice(frame.index + 1);
}

/** `runtime.frame(n).x` */
export function variableInFrame(scope: Scope, index: number, name: string): Value {
  const { program, goroutine, thread } = scope;
  const stack =
    goroutine !== undefined
      ? program.stackOf(goroutine, index + 1)
      : thread === undefined
        ? undefined
        : program.stackOfThread(thread, index + 1);
  const frame = stack?.frames[index];
  if (frame === undefined) throw new UserError(`there is no frame ${index}`);
  const found = localNamed({ ...scope, frame, variables: undefined }, name);
  if (found === undefined) throw unknown(scope, name);
  return found;
}

/** A name of the package that the frame's function is in. */
function homeSymbol(scope: Scope, name: string): Value | undefined {
  const home = scope.frame?.function === undefined ? undefined : packageOf(scope.frame.function);
  return symbolNamed(scope, home === undefined ? [name] : [`${home}.${name}`, name]);
}

const symbols = new WeakMap<Program, Map<string, Value | undefined>>();

/** A global variable, function or constant by its full name: the first of these that there is. */
function symbolNamed({ program }: Scope, names: readonly string[]): Value | undefined {
  let found = symbols.get(program);
  if (found === undefined) {
    found = new Map();
    symbols.set(program, found);
  }
  const key = names.join(' ');
  if (!found.has(key)) found.set(key, findSymbol(program, names));
  return found.get(key);
}

function findSymbol(program: Program, names: readonly string[]): Value | undefined {
  const global = globalNamed(program, names);
  if (global !== undefined) {
    const address = global.module.toRuntime(global.variable.address);
    return { type: global.variable.type, storage: { kind: 'memory', address } };
  }
  return functionNamed(program, names) ?? namedConstant(program, names);
}

function namedConstant(program: Program, names: readonly string[]): Value | undefined {
  for (const { debugInfo } of describedModules(program)) {
    for (const name of names) {
      const found = debugInfo.constantNamed(name);
      if (found === undefined) continue;
      return { type: found.type, storage: { kind: 'constant', constant: intConstant(found.value) } };
    }
  }
  return undefined;
}

const PREDECLARED: ReadonlyMap<string, Constant> = new Map([
  ['true', boolConstant(true)],
  ['false', boolConstant(false)],
]);

function predeclared(name: string): Value | undefined {
  if (name === 'nil') return { type: NIL, storage: { kind: 'nil' } };
  const constant = PREDECLARED.get(name);
  return constant === undefined ? undefined : constantValue(constant);
}
