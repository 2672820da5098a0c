/** Little-endian, as DataView.getBigUint64 would read it: without making either a view or a bigint. */
export function wordIn(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! + bytes[at + 1]! * 0x100 + bytes[at + 2]! * 0x1_0000 + bytes[at + 3]! * 0x100_0000;
  const high =
    bytes[at + 4]! + bytes[at + 5]! * 0x100 + bytes[at + 6]! * 0x1_0000 + bytes[at + 7]! * 0x100_0000;
  return low + high * 2 ** 32;
}
