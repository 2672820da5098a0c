import { frameVariables } from './lookup.ts';
import type { Scope } from './scope.ts';
import type { Value } from './value.ts';

/** A variable with what its list says of it. */
export interface NamedValue {
  readonly name: string;
  readonly value: Value;
  readonly role: 'parameter' | 'result' | 'local';
  /** Hidden by an inner variable: shown in parentheses. */
  readonly shadowed: boolean;
  /** Not there at this pc: its storage says why. */
  readonly missing: boolean;
  readonly escaped: boolean;
  readonly declaredLine: number;
}

/** Arguments and results (`args`), local variables (`locals`), or both, of the scope's frame. */
export function variablesOf(scope: Scope, which: 'args' | 'locals' | 'all' = 'all'): readonly NamedValue[] {
  return frameVariables(scope)
    .filter(({ role }) => which === 'all' || (role === 'local') === (which === 'locals'))
    .map(({ name, role, type, place, shadowed, escaped, declaredLine }) => ({
      name,
      role,
      value: { type, storage: place },
      shadowed,
      missing: place.kind === 'none',
      escaped,
      declaredLine,
    }));
}
