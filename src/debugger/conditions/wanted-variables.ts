import { TargetFault } from '../../base/index.ts';
import type { Operation } from '../../expr/operations.ts';
import { OPTIMISED_OUT, type Place } from '../../golang/values/place.ts';
import { loopFunction } from '../../golang/values/range-bodies.ts';
import { targetOf } from '../../golang/values/shapes.ts';
import type { FrameVariable } from '../../golang/values/variables.ts';
import type { VariableInfo } from '../../image/index.ts';
import type { Read } from './condition.ts';
import { placeOfVariable } from './location-code.ts';
import { variableNamed } from './name-code.ts';
import { NotThere, placeNow, TooHard } from './place-code.ts';
import type { SiteFrame } from './site.ts';

/**
 * The variables that an expression names, so that the general evaluator need not find all of a frame's. undefined:
 * it has to, because one of them is not as simple.
 */
export function wantedVariables(
  site: SiteFrame,
  operations: readonly Operation[],
): Read<readonly FrameVariable[]> | undefined {
  if (loopFunction(site.function) !== undefined) return undefined;
  const names = operations.flatMap((operation) =>
    operation.do === 'identifier' ? [operation.name] : operation.do === 'qualified' ? [operation.first] : [],
  );
  try {
    const wanted = [...new Set(names)].flatMap((name) => {
      const variable = variableNamed(site, name);
      return variable === undefined ? [] : [variableCode(site, variable)];
    });
    return (thread, memory) => wanted.map((read) => read(thread, memory));
  } catch (error) {
    if (!(error instanceof TooHard)) throw error;
    return undefined;
  }
}

function variableCode(site: SiteFrame, variable: VariableInfo): Read<FrameVariable> {
  const { name, role, escaped, declaredLine } = variable;
  const type = (escaped ? targetOf(variable.type) : undefined) ?? variable.type;
  if (type.dictionaryIndex !== undefined) throw new TooHard();
  const place = placeCode(site, variable, type.size);
  return (thread, memory) => ({
    name,
    type,
    role,
    escaped,
    declaredLine,
    shadowed: false,
    place: place(thread, memory),
  });
}

function placeCode(site: SiteFrame, variable: VariableInfo, size: number): Read<Place> {
  try {
    const read = placeNow(placeOfVariable(site, variable), size);
    return (thread, memory) => {
      try {
        return read(thread, memory);
      } catch (error) {
        if (!(error instanceof TargetFault)) throw error;
        return { kind: 'none', reason: error.message };
      }
    };
  } catch (error) {
    if (!(error instanceof NotThere)) throw error;
    return () => ({ kind: 'none', reason: OPTIMISED_OUT });
  }
}
