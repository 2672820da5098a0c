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
    yield* image?.debugInfo?.globalNames() ?? [];
  }
}

/** While a line is being typed nothing complains: what cannot be told is not offered. */
function localNames(context: Context): readonly string[] {
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

function fieldsOf(type: Type | undefined): readonly string[] {
  if (type?.kind === 'pointer') return fieldsOf(type.target);
  if (type?.kind === 'alias') return fieldsOf(type.underlying);
  return type?.kind === 'struct' ? type.fields.map(({ name }) => name) : [];
}
