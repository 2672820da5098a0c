import type { RuntimeAddress } from '../base/index.ts';
import type { Type } from '../image/index.ts';

/**
 * A Go value in the debuggee: a type and where its bytes are. Nothing is read until it is asked for.
 * Registers and pieces of optimised code are joined into `bytes`; then there is no address.
 */
export type Storage =
  | { readonly kind: 'memory'; readonly address: RuntimeAddress }
  /** Computed, or assembled from registers and pieces. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Not there: optimised out, unreadable…; `reason` is shown in its place. */
  | { readonly kind: 'none'; readonly reason: string };

export interface Value {
  readonly type: Type;
  readonly storage: Storage;
}

/** How much of a value is shown; Delve's `config` names and defaults. */
export interface Limits {
  /** max-string-len: 64. */
  readonly maxStringLength: number;
  /** max-array-values: 64 (elements of arrays, slices, maps, channels). */
  readonly maxArrayValues: number;
  /** max-variable-recurse: 1. */
  readonly maxVariableRecurse: number;
  /** No limit: -1. */
  readonly maxStructFields: number;
}

/** A value read to the limits: a tree of data that a renderer or `--json` shows. Field names are stable. */
export interface ShownValue {
  /** Go type name; '' for untyped constants. */
  readonly type: string;
  readonly kind: Type['kind'] | 'nil' | 'untyped';
  readonly address: RuntimeAddress | undefined;
  /** One line, as Delve prints it. */
  readonly text: string;
  readonly length: number | undefined;
  readonly capacity: number | undefined;
  /** Fields, elements, map entries (key then value in `children` pairs), pointer target, dynamic value; up to the limits. */
  readonly children: readonly { readonly name: string; readonly value: ShownValue }[];
  /** Why it is not shown, if so: unreadable memory, optimised out. */
  readonly unreadable: string | undefined;
}
