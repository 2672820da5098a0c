/** reflect.Kind, as DW_AT_go_kind holds it (internal/abi/type.go; the upper bits were flags before Go 1.24). */
export const GO_KIND = {
  bool: 1,
  int: 2,
  int64: 6,
  uint: 7,
  uintptr: 12,
  float32: 13,
  float64: 14,
  complex64: 15,
  complex128: 16,
  array: 17,
  chan: 18,
  func: 19,
  interface: 20,
  map: 21,
  pointer: 22,
  slice: 23,
  string: 24,
  struct: 25,
  unsafePointer: 26,
} as const;

export const GO_KIND_MASK = 0x1f;
