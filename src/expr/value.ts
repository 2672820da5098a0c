import type { RuntimeAddress } from '../base/index.ts';
import type { Place } from '../golang/values/place.ts';
import type { Type } from '../image/index.ts';
import type { Constant } from './constant.ts';

/**
 * A Go value: a type and where its bytes are. Nothing is read until it is asked for. Registers and pieces of
 * optimised code are joined into bytes; then there is no address.
 */
export interface Value {
  readonly type: Type;
  readonly storage: Storage;
  /** Entries of a map to leave out at its start: `m[64:]`. */
  readonly skip?: number;
  /** A pointer that the user made (`&x`, `(*T)(0xc000012340)`): it is shown as an address. */
  readonly asAddress?: boolean;
  /** Why nothing may be written there, although it is in memory. */
  readonly fixed?: string;
}

export type Storage =
  | Place
  /** A constant: exact and untyped, or of a named type (`main.MaxSize`). */
  | { readonly kind: 'constant'; readonly constant: Constant }
  | { readonly kind: 'nil' }
  /** A string or slice that was computed here: its contents, of which the debuggee's memory holds no copy. */
  | { readonly kind: 'contents'; readonly bytes: Uint8Array }
  /** A CPU register. */
  | { readonly kind: 'register'; readonly name: string; readonly bytes: Uint8Array }
  /** A declared function or method; `entry` 0: only inlined. */
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly entry: RuntimeAddress;
      /** Of a method: the value that it was selected from. */
      readonly receiver?: Value;
    };

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
  /** Show what pointers point to: yes unless it says no. */
  readonly followPointers?: boolean;
}

export const DEFAULT_LIMITS: Limits = {
  maxStringLength: 64,
  maxArrayValues: 64,
  maxVariableRecurse: 1,
  maxStructFields: -1,
};

/** For lists of variables (`locals` without -v, `stack -full`): one short line each. */
export const SHORT_LIMITS: Limits = {
  maxStringLength: 64,
  maxArrayValues: 0,
  maxVariableRecurse: 0,
  maxStructFields: 3,
  followPointers: false,
};

/** A value read to the limits: a tree of data that a renderer or `--json` shows. Field names are stable. */
export interface ShownValue {
  /** Go type name; '' for untyped constants. */
  readonly type: string;
  readonly kind: ShownKind;
  readonly address: RuntimeAddress | undefined;
  /** One line, as Delve prints it. */
  readonly text: string;
  /**
   * What a value without parts is: a number, `true`, a time, a function's name, an address, the contents of a
   * string (a byte that is no UTF-8 as the lone surrogate U+DC00 + byte). A named constant comes as `Name (1)`.
   */
  readonly value: string | undefined;
  /** Of a string (bytes), array, slice, map, channel; number of fields of a struct. */
  readonly length: number | undefined;
  readonly capacity: number | undefined;
  /** Where a pointer, slice, string, map, channel or func points to; 0 for nil. */
  readonly base: RuntimeAddress | undefined;
  /** Fields, elements, map entries (key then value in `children` pairs), pointer target, dynamic value; up to the limits. */
  readonly children: readonly ShownChild[];
  /**
   * `elided`: the limits stopped before its contents, which a small struct has nevertheless; `absent`: what a nil
   * pointer points to.
   */
  readonly state: 'loaded' | 'elided' | 'absent';
  /** Why it is not shown, if so: unreadable memory, optimised out. */
  readonly unreadable: string | undefined;
}

export interface ShownChild {
  readonly name: string;
  readonly value: ShownValue;
}

export type ShownKind = Type['kind'] | 'unsafe-pointer' | 'nil' | 'untyped';
