import type { Field, StructType, Type } from '../../image/index.ts';

/** The type behind aliases (C typedefs, type parameters); the depth is bounded, for DWARF that goes in a circle. */
export function underlying(type: Type): Exclude<Type, { kind: 'alias' }> | Type {
  let resolved = type;
  for (let depth = 0; depth < 64 && resolved.kind === 'alias'; depth++) resolved = resolved.underlying;
  return resolved;
}

export function structOf(type: Type | undefined): StructType | undefined {
  if (type === undefined) return undefined;
  const resolved = underlying(type);
  return resolved.kind === 'struct' ? resolved : undefined;
}

/** What a pointer type points to. */
export function targetOf(type: Type | undefined): Type | undefined {
  if (type === undefined) return undefined;
  const resolved = underlying(type);
  return resolved.kind === 'pointer' ? resolved.target : undefined;
}

export function fieldNamed(type: Type | undefined, name: string): Field | undefined {
  return structOf(type)?.fields.find((field) => field.name === name);
}

/** The field under the first of several names that it has had. */
export function fieldNamedAny(type: Type | undefined, ...names: readonly string[]): Field | undefined {
  for (const name of names) {
    const field = fieldNamed(type, name);
    if (field !== undefined) return field;
  }
  return undefined;
}
