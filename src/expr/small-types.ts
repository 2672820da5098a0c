import { underlying } from '../golang/values/shapes.ts';
import type { StructType, Type } from '../image/index.ts';

/** Numbers, booleans and strings in a struct that is shown although the limits stop there: a point, a mutex, a counter. */
const SMALL = 4;
const SCALARS = new Set<Type['kind']>(['bool', 'int', 'enum', 'float', 'complex', 'string']);
const counts = new WeakMap<StructType, number>();

/** A scalar, or a struct of few of them. */
export function isSmall(type: Type): boolean {
  return scalarsIn(type) <= SMALL;
}

/** Exact up to SMALL; what is no scalar counts as too many. */
function scalarsIn(type: Type): number {
  const real = underlying(type);
  if (real.kind !== 'struct') return SCALARS.has(real.kind) ? 1 : SMALL + 1;
  const known = counts.get(real);
  if (known !== undefined) return known;
  // A struct in itself, which only damaged debug information has, is not small.
  counts.set(real, SMALL + 1);
  let count = 0;
  for (const field of real.fields) {
    count += scalarsIn(field.type);
    if (count > SMALL) break;
  }
  counts.set(real, count);
  return count;
}
