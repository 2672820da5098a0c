/**
 * The one form in which assumptions on Go's runtime are written. `structs.ts`, `globals.ts` and `constants.ts`
 * are lists of them; `npm run check:runtime` verifies every one against an installed Go's sources, and
 * `layouts.ts` turns the structs into offsets for the binary at hand.
 *
 * Differences between Go versions are told by shape, not by number: a field lists the paths under which
 * releases know it, and the first that the binary's own types have is taken. `since` and `until` (minor
 * versions of Go 1, both inclusive) say when a field is there at all, for the checker and for messages.
 */

/** How a field's bytes are read. `word` is a pointer or uintptr; `inline` stands for a nested struct or array. */
export type FieldShape =
  | 'bool'
  | 'int8'
  | 'uint8'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'word'
  | 'string'
  | 'slice'
  | 'interface'
  | 'inline';

export interface FieldFacts<Optional extends boolean = boolean> {
  readonly shape: FieldShape;
  /** Dotted paths from the struct's start, the newest Go's first. */
  readonly paths: readonly string[];
  /** Some supported Go does not have it: its offset may be undefined. */
  readonly optional: Optional;
  readonly since: number | undefined;
  readonly until: number | undefined;
}

type Fields = Readonly<Record<string, FieldFacts>>;

export interface StructFacts<F extends Fields = Fields> {
  /** Go's full names of the type, the newest first: packages have moved. */
  readonly names: readonly string[];
  readonly fields: F;
  readonly since: number | undefined;
  readonly until: number | undefined;
}

/** Byte offsets of a struct's fields in one binary. */
export type Layout<S extends StructFacts> = {
  readonly [K in keyof S['fields']]: S['fields'][K] extends FieldFacts<false> ? number : number | undefined;
} & { readonly size: number };

export function struct<F extends Fields>(
  names: string | readonly string[],
  fields: F,
  versions: { readonly since?: number; readonly until?: number } = {},
): StructFacts<F> {
  return {
    names: typeof names === 'string' ? [names] : names,
    fields,
    since: versions.since,
    until: versions.until,
  };
}

/** A field that every supported Go has, under one of these paths. */
export const field = (shape: FieldShape, ...paths: string[]): FieldFacts<false> => ({
  shape,
  paths,
  optional: false,
  since: undefined,
  until: undefined,
});

/** A field that came with Go 1.`since`. */
export const since = (since: number, shape: FieldShape, ...paths: string[]): FieldFacts<true> => ({
  shape,
  paths,
  optional: true,
  since,
  until: undefined,
});

/** A field that went after Go 1.`until`. */
export const until = (until: number, shape: FieldShape, ...paths: string[]): FieldFacts<true> => ({
  shape,
  paths,
  optional: true,
  since: undefined,
  until,
});

export interface GlobalFacts {
  readonly name: string;
  readonly shape: FieldShape;
  readonly since: number | undefined;
  readonly until: number | undefined;
}

export const global = (
  name: string,
  shape: FieldShape,
  versions: { readonly since?: number; readonly until?: number } = {},
): GlobalFacts => ({ name, shape, since: versions.since, until: versions.until });
