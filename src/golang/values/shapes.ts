import type { Field, StructType, Type } from '../../image/index.ts';
import type { Layout, StructFacts } from '../runtime-facts/form.ts';

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

/** The field at the end of the first of several paths (`groups.data`) that leads somewhere, with its offset. */
export function fieldAtAny(
  type: Type | undefined,
  paths: readonly string[],
): { readonly offset: number; readonly type: Type } | undefined {
  for (const path of paths) {
    let found: { readonly offset: number; readonly type: Type } | undefined;
    for (const name of path.split('.')) {
      const field = fieldNamed(found?.type ?? type, name);
      found = field && { offset: (found?.offset ?? 0) + field.offset, type: field.type };
      if (found === undefined) break;
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Offsets of a struct's fields in a type that has them; undefined if it lacks one that it must have. */
export function layoutIn<S extends StructFacts>(type: Type | undefined, facts: S): Layout<S> | undefined {
  if (type === undefined) return undefined;
  const offsets: Record<string, number | undefined> = { size: type.size };
  for (const [key, { paths, optional }] of Object.entries(facts.fields)) {
    const field = fieldAtAny(type, paths);
    if (field === undefined && !optional) return undefined;
    offsets[key] = field?.offset;
  }
  // Every field that the type says is a number has just been found to be one.
  return offsets as unknown as Layout<S>;
}
