import { MattockError } from '../../base/index.ts';
import { variablesOf } from '../../expr/index.ts';
import type { Type } from '../../image/index.ts';
import type { Context } from '../command.ts';
import type { Typed } from '../language/cursor.ts';
import { evaluateExpression, expressionScope } from './values.ts';

/** Names that can begin an expression: variables of the frame, then those of packages. */
export function* variableNames(context: Context): Iterable<string> {
  yield* localNames(context);
  for (const { image } of context.session.program.target.modules.all) {
    for (const name of image?.debugInfo?.globalNames() ?? []) {
      // In an expression a path stands in quotes, or its last element for it.
      yield name.slice(name.lastIndexOf('/') + 1);
    }
  }
}

/** While a line is being typed nothing complains: what cannot be told is not offered. */
export function localNames(context: Context): readonly string[] {
  try {
    return variablesOf(expressionScope(context)).map(({ name }) => name);
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
