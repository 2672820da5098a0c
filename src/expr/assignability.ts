import { underlying } from '../golang/values/shapes.ts';
import type { Type } from '../image/index.ts';

/** Types are known by their names, as everywhere here. */
export const sameTypes = (a: Type, b: Type): boolean => a === b || a.name === b.name;

const sameLists = (a: readonly Type[], b: readonly Type[]): boolean =>
  a.length === b.length && a.every((type, i) => sameTypes(type, b[i]!));

/** spec: Type identity, of the underlying types. */
export function sameUnderlying(first: Type, second: Type): boolean {
  if (sameTypes(first, second)) return true;
  const a = underlying(first);
  const b = underlying(second);
  if (a.size !== b.size) return false;
  switch (a.kind) {
    case 'bool':
    case 'string':
    case 'float':
    case 'complex':
      return a.kind === b.kind;
    case 'int':
      return b.kind === 'int' && a.signed === b.signed && wordKind(a) === wordKind(b);
    case 'pointer':
      if (b.kind !== 'pointer') return false;
      if (a.target === undefined || b.target === undefined) return a.target === b.target;
      return sameTypes(a.target, b.target);
    case 'slice':
      return b.kind === 'slice' && sameTypes(a.element, b.element);
    case 'array':
      return b.kind === 'array' && a.length === b.length && sameTypes(a.element, b.element);
    case 'map':
      return b.kind === 'map' && sameTypes(a.key, b.key) && sameTypes(a.element, b.element);
    case 'chan':
      return b.kind === 'chan' && sameTypes(a.element, b.element);
    case 'func':
      return b.kind === 'func' && sameLists(a.parameters, b.parameters) && sameLists(a.results, b.results);
    case 'struct':
      return (
        b.kind === 'struct' &&
        a.fields.length === b.fields.length &&
        a.fields.every(
          ({ name, type }, i) => name === b.fields[i]!.name && sameTypes(type, b.fields[i]!.type),
        )
      );
    default:
      return false;
  }
}

/** `int` and `int64` are alike in memory, not in Go; of a named type DWARF does not say which it is. */
const wordKind = ({ name }: Type): string => (/^u?int(?:ptr|\d*)$/.test(name) ? name : '');
