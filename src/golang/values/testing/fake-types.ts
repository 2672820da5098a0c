import { sectionOffset } from '../../../base/index.ts';
import type {
  ArrayType,
  ChanType,
  Field,
  FuncType,
  InterfaceType,
  MapType,
  PointerType,
  SliceType,
  StructType,
  Type,
} from '../../../image/index.ts';

/** Types as DWARF would describe them, for tests. */
const COMMON = { offset: sectionOffset(0), runtimeType: undefined, fromC: false } as const;

export const int = (name: string, size: number, signed = true): Type => ({
  ...COMMON,
  kind: 'int',
  name,
  size,
  signed,
});
export const float64: Type = { ...COMMON, kind: 'float', name: 'float64', size: 8 };
export const bool: Type = { ...COMMON, kind: 'bool', name: 'bool', size: 1 };
export const string: Type = { ...COMMON, kind: 'string', name: 'string', size: 16 };
export const int64 = int('int', 8);
export const uint8 = int('uint8', 1, false);
export const uint64 = int('uint64', 8, false);

export const pointer = (target: Type | undefined, name?: string): PointerType => ({
  ...COMMON,
  kind: 'pointer',
  name: name ?? (target === undefined ? 'unsafe.Pointer' : `*${target.name}`),
  size: 8,
  target,
});

export const array = (length: number, element: Type): ArrayType => ({
  ...COMMON,
  kind: 'array',
  name: `[${length}]${element.name}`,
  size: length * element.size,
  length,
  element,
});

export const slice = (element: Type, name?: string): SliceType => ({
  ...COMMON,
  kind: 'slice',
  name: name ?? `[]${element.name}`,
  size: 24,
  element,
});

/** Fields one behind the other, aligned to their size up to 8 bytes. A type that is given late may be recursive. */
export function struct(
  name: string,
  fields: Readonly<Record<string, Type | (() => Type)>>,
  embedded: readonly string[] = [],
): StructType {
  let at = 0;
  const laidOut = Object.entries(fields).map(([field, given]): Field => {
    const size = typeof given === 'function' ? 8 : given.size;
    const alignment = Math.min(Math.max(size, 1), 8);
    at = Math.ceil(at / alignment) * alignment;
    const offset = at;
    at += size;
    return {
      name: field,
      offset,
      embedded: embedded.includes(field),
      bits: undefined,
      get type() {
        return typeof given === 'function' ? given() : given;
      },
    };
  });
  return { ...COMMON, kind: 'struct', name, size: Math.ceil(at / 8) * 8, fields: laidOut, union: false };
}

export const interfaceType = (name: string, empty: boolean): InterfaceType => ({
  ...COMMON,
  kind: 'interface',
  name,
  size: 16,
  empty,
});

export const func = (name: string): FuncType => ({
  ...COMMON,
  kind: 'func',
  name,
  size: 8,
  parameters: [],
  results: [],
});

export const chan = (element: Type): ChanType => ({
  ...COMMON,
  kind: 'chan',
  name: `chan ${element.name}`,
  size: 8,
  element,
  pointer: pointer(
    struct(`hchan<${element.name}>`, {
      qcount: uint64,
      dataqsiz: uint64,
      buf: pointer(undefined),
      elemsize: int('uint16', 2, false),
      closed: int('uint32', 4, false),
      sendx: uint64,
      recvx: uint64,
      elemtype: pointer(undefined),
      recvq: struct('waitq', { first: pointer(undefined), last: pointer(undefined) }),
      sendq: struct('waitq', { first: pointer(undefined), last: pointer(undefined) }),
    }),
  ),
});

/** internal/runtime/maps.Map as Go 1.24's linker describes it. */
export function swissMap(key: Type, element: Type, splitGroup?: StructType): MapType {
  const stored = (type: Type): Type => (type.size > 128 ? pointer(type) : type);
  const slot = struct('slot', { key: stored(key), elem: stored(element) });
  const group = splitGroup ?? struct('group', { ctrl: uint64, slots: array(8, slot) });
  const groups = struct('groupReference', { data: pointer(group), lengthMask: uint64 });
  const table = struct('table', {
    used: int('uint16', 2, false),
    capacity: int('uint16', 2, false),
    index: int64,
    groups,
  });
  const map = struct('map', {
    used: uint64,
    seed: uint64,
    dirPtr: pointer(pointer(table)),
    dirLen: int64,
    globalDepth: uint8,
  });
  return {
    ...COMMON,
    kind: 'map',
    name: `map[${key.name}]${element.name}`,
    size: 8,
    key,
    element,
    pointer: pointer(map),
  };
}

/** runtime.hmap as the linker described it before. */
export function classicMap(key: Type, element: Type): MapType {
  const stored = (type: Type): Type => (type.size > 128 ? pointer(type) : type);
  const bucket: StructType = struct(`bucket<${key.name},${element.name}>`, {
    tophash: array(8, uint8),
    keys: array(8, stored(key)),
    values: array(8, stored(element)),
    overflow: () => pointer(bucket),
  });
  const map = struct(`hash<${key.name},${element.name}>`, {
    count: int64,
    flags: uint8,
    B: uint8,
    noverflow: int('uint16', 2, false),
    hash0: int('uint32', 4, false),
    buckets: pointer(bucket),
    oldbuckets: pointer(bucket),
    nevacuate: uint64,
  });
  return {
    ...COMMON,
    kind: 'map',
    name: `map[${key.name}]${element.name}`,
    size: 8,
    key,
    element,
    pointer: pointer(map),
  };
}
