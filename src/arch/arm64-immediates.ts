/**
 * Whether a word is `orr rd, zr, #imm` with a value that a MOVZ or MOVN could give as well. Only the others go by the
 * alias `mov`: Arm ARM, C6.2 "MOV (bitmask immediate)", and MoveWidePreferred among its shared functions.
 */
export function isMoveWidePreferred(word: number): boolean {
  if ((word & 0x7f8003e0) !== 0x320003e0) return false;
  const is64 = word >>> 31 === 1;
  const n = (word >>> 22) & 1;
  const immr = (word >>> 16) & 0x3f;
  const imms = (word >>> 10) & 0x3f;
  const width = is64 ? 64 : 32;
  // A pattern that repeats within the register is no single run of ones.
  if (is64 ? n !== 1 : n !== 0 || imms >= 32) return false;
  // At most 16 ones within one halfword: MOVZ.
  if (imms < 16) return (-immr & 15) <= 15 - imms;
  // At most 16 zeros within one halfword: MOVN.
  if (imms >= width - 15) return (immr & 15) <= imms - (width - 15);
  return false;
}
