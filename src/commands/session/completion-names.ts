import { MattockError } from '../../base/index.ts';
import { variablesOf } from '../../expr/index.ts';
import type { Type } from '../../image/index.ts';
import { packageOfFunction } from '../code/names.ts';
import type { Context } from '../command.ts';
import type { Typed } from '../language/cursor.ts';
import { evaluateExpression, expressionScope } from './values.ts';

function* globalNames(context: Context): Iterable<string> {
  for (const { image } of context.session.program.target.modules.all) {
    yield* image?.debugInfo?.globalNames() ?? [];
  }
}

/** Packages' variables: in an expression a path stands in quotes, or its last element for it. */
export function* variableNames(context: Context): Iterable<string> {
  for (const name of globalNames(context)) yield name.slice(name.lastIndexOf('/') + 1);
}

/** `strconv.`: packages that have variables. */
export function packageNames(context: Context): Iterable<string> {
  const packages = new Set<string>();
  for (const name of variableNames(context)) packages.add(name.slice(0, name.indexOf('.') + 1));
  return packages;
}

/** Variables of a package, by its path. */
export function* globalsOf(context: Context, path: string): Iterable<string> {
  for (const name of globalNames(context)) {
    if (name.startsWith(`${path}.`)) yield name.slice(path.length + 1);
  }
}

/** Variables of the frame and of its package. While a line is typed nothing complains: what cannot be told is not offered. */
export function localNames(context: Context): readonly string[] {
  try {
    const scope = expressionScope(context);
    const home = packageOfFunction(scope.frame?.function ?? '');
    const global = home === undefined ? [] : globalsOf(context, home);
    return [...variablesOf(scope).map(({ name }) => name), ...global];
  } catch (error) {
    if (error instanceof MattockError) return [];
    throw error;
  }
}

/** Fields of what an expression is or points to. */
export function fieldNames(context: Context, owner: Typed): readonly string[] {
  try {
    return fieldsOf(evaluateExpression(context, owner).type);
  } catch (error) {
    if (error instanceof MattockError) return [];
    throw error;
  }
}

/** How deep fields of embedded structs are offered. */
const MOST_EMBEDDED = 4;

function fieldsOf(type: Type | undefined, depth = 0): readonly string[] {
  if (type?.kind === 'pointer') return fieldsOf(type.target, depth);
  if (type?.kind === 'alias') return fieldsOf(type.underlying, depth);
  if (type?.kind !== 'struct' || depth > MOST_EMBEDDED) return [];
  const promoted = type.fields
    .filter(({ embedded }) => embedded)
    .flatMap((field) => fieldsOf(field.type, depth + 1));
  return [...type.fields.map(({ name }) => name.slice(name.lastIndexOf('.') + 1)), ...promoted].filter(
    (name) => name !== '_',
  );
}
