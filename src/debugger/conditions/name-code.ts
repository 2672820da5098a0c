import { MattockError, UserError } from '../../base/index.ts';
import { identifier, type Qualifier, qualified } from '../../expr/lookup.ts';
import { constantAs } from '../../expr/scalar.ts';
import { UINT64 } from '../../expr/synthetic-types.ts';
import type { Value } from '../../expr/value.ts';
import { loopFunction } from '../../golang/values/range-bodies.ts';
import { targetOf } from '../../golang/values/shapes.ts';
import type { VariableInfo } from '../../image/index.ts';
import { placeOfVariable } from './location-code.ts';
import type { Operand } from './operand.ts';
import { inMemory, integerInRegister, TooHard } from './place-code.ts';
import { selectCode } from './select-code.ts';
import type { SiteFrame } from './site.ts';

/** A name: a variable of the frame, one of its package, a predeclared constant, a register, in this order. */
export function nameCode(site: SiteFrame, name: string): Operand {
  const variable = variableNamed(site, name);
  if (variable !== undefined) return variableCode(site, variable);
  try {
    return operandOf(identifier(site.packageScope, name));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const register = registerCode(site, name);
    if (register !== undefined) return register;
    refuseToJudge(site);
    throw error;
  }
}

/** `first.name`: a member of a variable, or a name of a package. */
export function qualifiedCode(site: SiteFrame, qualifier: Qualifier, name: string): Operand {
  const holder = qualifier.quoted ? undefined : memberHolder(site, qualifier.name);
  let problem: UserError | undefined;
  if (holder !== undefined) {
    try {
      return selectCode(site, holder, name);
    } catch (error) {
      // A package of the same name may still have it.
      if (!(error instanceof UserError)) throw error;
      problem = error;
    }
  }
  try {
    return operandOf(qualified(site.packageScope, qualifier, name));
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    refuseToJudge(site);
    throw problem ?? error;
  }
}

function memberHolder(site: SiteFrame, name: string): Operand | undefined {
  const variable = variableNamed(site, name);
  if (variable !== undefined) return variableCode(site, variable);
  let value: Value;
  try {
    value = identifier(site.packageScope, name);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Parts of a register: `xmm0.float64`.
    if (registerCode(site, name) !== undefined) throw new TooHard();
    return undefined;
  }
  return value.storage.kind === 'function' ? undefined : operandOf(value);
}

/** The innermost variable of a name that can be seen at the site. */
export function variableNamed(site: SiteFrame, name: string): VariableInfo | undefined {
  return site.declared?.variables.findLast((variable) => variable.name === name);
}

/** In the body of a loop over a function, names may be of variables around the loop: in a frame that is not this one. */
function refuseToJudge(site: SiteFrame): void {
  if (loopFunction(site.function) !== undefined) throw new TooHard();
}

function variableCode(site: SiteFrame, variable: VariableInfo): Operand {
  if (variable.closureOffset !== undefined) refuseToJudge(site);
  const type = (variable.escaped ? targetOf(variable.type) : undefined) ?? variable.type;
  return { kind: 'place', type, place: placeOfVariable(site, variable) };
}

/** A value that does not depend on a frame. */
function operandOf({ type, storage }: Value): Operand {
  switch (storage.kind) {
    case 'memory': {
      const { address } = storage;
      return { kind: 'place', type, place: inMemory(() => address) };
    }
    case 'constant': {
      const { constant } = storage;
      if (type.name === '') return { kind: 'constant', constant };
      const scalar = constantAs(constant, type);
      return { kind: 'scalar', type, read: () => scalar };
    }
    case 'nil':
      return { kind: 'nil' };
    default:
      throw new TooHard();
  }
}

/** A CPU register, as an unsigned number. */
function registerCode(site: SiteFrame, name: string): Operand | undefined {
  const { arch } = site.program.target;
  const register = arch.register(name.replace(/^_+/, ''));
  if (register === undefined) return undefined;
  const whole = register.part === undefined ? register : arch.register(register.part.of);
  if (whole === undefined || register.bits > 64 || register.bits % 8 !== 0) throw new TooHard();
  const read = integerInRegister(whole, (register.part?.shift ?? 0) / 8, register.bits / 8, false);
  return {
    kind: 'scalar',
    type: UINT64,
    read: (thread, memory) => ({ kind: 'int', value: read(thread, memory) }),
  };
}
