import type { LinkedAddress, SectionOffset } from '../base/index.ts';

/**
 * Go (and C) types as DWARF describes them. A type is identified by the offset of its DIE in .debug_info:
 * two references to one DIE give the same object. Element and field types are getters, resolved on demand,
 * so recursive types are ordinary.
 */
interface TypeCommon {
  /** As Go writes it, with the package path: `main.T`, `map[string]int`, `*net/http.Request`, `main.Pair[int,string]`. */
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
  /** Negative for a pointer, slice or array that was made up because the program has no such type. */
  readonly offset: SectionOffset;
  /** DW_AT_go_runtime_type: the linked address of its `runtime._type` (internal/abi.Type), if the binary keeps one. */
  readonly runtimeType: LinkedAddress | undefined;
  /** Written by a C compiler (cgo): names and rules are C's. */
  readonly fromC: boolean;
  /**
   * DW_AT_go_dict_index, on the typedefs `.paramN` of a generic function: which word of its dictionary points to
   * the `runtime._type` that stands for the type parameter. Such a type is an `alias` of its shape.
   */
  readonly dictionaryIndex?: number;
}

export interface BoolType extends TypeCommon {
  readonly kind: 'bool';
}
export interface IntType extends TypeCommon {
  readonly kind: 'int';
  readonly signed: boolean;
}
export interface FloatType extends TypeCommon {
  readonly kind: 'float';
}
export interface ComplexType extends TypeCommon {
  readonly kind: 'complex';
}
/** Header: {str *uint8, len int}. */
export interface StringType extends TypeCommon {
  readonly kind: 'string';
}
/** Header: {array *T, len int, cap int}. */
export interface SliceType extends TypeCommon {
  readonly kind: 'slice';
  readonly element: Type;
}
export interface ArrayType extends TypeCommon {
  readonly kind: 'array';
  readonly element: Type;
  readonly length: number;
}
/** `pointer` is what the variable holds: *runtime.hmap or *internal/runtime/maps.Map, specialised by the linker. */
export interface MapType extends TypeCommon {
  readonly kind: 'map';
  readonly key: Type;
  readonly element: Type;
  readonly pointer: PointerType;
}
export interface ChanType extends TypeCommon {
  readonly kind: 'chan';
  readonly element: Type;
  readonly pointer: PointerType;
}
/** `empty`: eface (no methods): {_type, data}; otherwise iface: {tab, data}. */
export interface InterfaceType extends TypeCommon {
  readonly kind: 'interface';
  readonly empty: boolean;
}
export interface FuncType extends TypeCommon {
  readonly kind: 'func';
  readonly parameters: readonly Type[];
  readonly results: readonly Type[];
}
export interface PointerType extends TypeCommon {
  readonly kind: 'pointer';
  /** undefined: unsafe.Pointer, void*. */
  readonly target: Type | undefined;
}
export interface StructType extends TypeCommon {
  readonly kind: 'struct';
  readonly fields: readonly Field[];
  readonly union: boolean;
}
/** A named type over another, where DWARF says typedef and the Go kind is not one of the above (C typedefs mostly). */
export interface AliasType extends TypeCommon {
  readonly kind: 'alias';
  readonly underlying: Type;
}
export interface EnumType extends TypeCommon {
  readonly kind: 'enum';
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}
/** Something we have no better name for: C's void, or a DIE that is damaged: `problem` says what. */
export interface OpaqueType extends TypeCommon {
  readonly kind: 'opaque';
  readonly problem: string | undefined;
}

export type Type =
  | BoolType
  | IntType
  | FloatType
  | ComplexType
  | StringType
  | SliceType
  | ArrayType
  | MapType
  | ChanType
  | InterfaceType
  | FuncType
  | PointerType
  | StructType
  | AliasType
  | EnumType
  | OpaqueType;

export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly type: Type;
  /** DW_AT_go_embedded_field. */
  readonly embedded: boolean;
  /** C bit fields: distance in bits from the lowest bit of the byte at `offset` (little-endian), and width. */
  readonly bits: { readonly offset: number; readonly size: number } | undefined;
}
