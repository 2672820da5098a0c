import { type SectionOffset, sectionOffset } from '../base/index.ts';
import type {
  ArrayType,
  BoolType,
  ComplexType,
  FloatType,
  FuncType,
  IntType,
  OpaqueType,
  PointerType,
  SliceType,
  StringType,
  Type,
} from '../image/index.ts';

/**
 * Types that an expression needs and the binary may not describe: a pointer to something, a slice of an array,
 * Go's basic types in a stripped binary. They compare by name, as all types do here.
 */
const COMMON = { offset: sectionOffset(0) as SectionOffset, runtimeType: undefined, fromC: false } as const;

export const pointerTo = (target: Type | undefined): PointerType => ({
  ...COMMON,
  kind: 'pointer',
  name: target === undefined ? 'unsafe.Pointer' : `*${target.name}`,
  size: 8,
  target,
});

export const sliceOf = (element: Type): SliceType => ({
  ...COMMON,
  kind: 'slice',
  name: `[]${element.name}`,
  size: 24,
  element,
});

export const arrayOf = (length: number, element: Type): ArrayType => ({
  ...COMMON,
  kind: 'array',
  name: `[${length}]${element.name}`,
  size: length * element.size,
  element,
  length,
});

const integer = (name: string, size: number, signed: boolean): IntType => ({
  ...COMMON,
  kind: 'int',
  name,
  size,
  signed,
});
const float = (name: string, size: number): FloatType => ({ ...COMMON, kind: 'float', name, size });
const complex = (name: string, size: number): ComplexType => ({ ...COMMON, kind: 'complex', name, size });

export const BOOL: BoolType = { ...COMMON, kind: 'bool', name: 'bool', size: 1 };
export const STRING: StringType = { ...COMMON, kind: 'string', name: 'string', size: 16 };
export const INT = integer('int', 8, true);
export const INT32 = integer('int32', 4, true);
export const UINT8 = integer('uint8', 1, false);
export const UINT64 = integer('uint64', 8, false);
export const FLOAT64 = float('float64', 8);
export const COMPLEX128 = complex('complex128', 16);

const BASIC: readonly Type[] = [
  BOOL,
  STRING,
  INT,
  integer('int8', 1, true),
  integer('int16', 2, true),
  INT32,
  integer('int64', 8, true),
  integer('uint', 8, false),
  UINT8,
  integer('uint16', 2, false),
  integer('uint32', 4, false),
  UINT64,
  integer('uintptr', 8, false),
  float('float32', 4),
  FLOAT64,
  complex('complex64', 8),
  COMPLEX128,
];

const ALIASES: Readonly<Record<string, string>> = { byte: 'uint8', rune: 'int32', any: 'interface {}' };

/** The name that DWARF knows a predeclared type by. */
export const canonicalName = (name: string): string => ALIASES[name] ?? name;

export const basicType = (name: string): Type | undefined =>
  BASIC.find((type) => type.name === canonicalName(name));

/** What untyped constants have for a type, by their kind; the name is empty. */
export const UNTYPED: Readonly<Record<'bool' | 'int' | 'rune' | 'float' | 'complex' | 'string', Type>> = {
  bool: { ...BOOL, name: '' },
  int: { ...INT, name: '' },
  rune: { ...INT32, name: '' },
  float: { ...FLOAT64, name: '' },
  complex: { ...COMPLEX128, name: '' },
  string: { ...STRING, name: '' },
};

export const NIL: OpaqueType = { ...COMMON, kind: 'opaque', name: 'nil', size: 8, problem: undefined };

/** A declared function: its parameters are not looked at. */
export const FUNCTION: FuncType = {
  ...COMMON,
  kind: 'func',
  name: 'func',
  size: 0,
  parameters: [],
  results: [],
};
