import { OP } from './expression-operands.ts';

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const truth = (value: boolean): bigint => (value ? 1n : 0n);

/**
 * Operations on the top of the stack (DWARF 5 §2.5.1.4, §2.5.1.5), by opcode: second entry, then top. Results are cut
 * to 64 bits by the caller. undefined: division by zero.
 */
export const BINARY: Readonly<Record<number, (second: bigint, top: bigint) => bigint | undefined>> = {
  [OP.and]: (a, b) => a & b,
  [OP.div]: (a, b) => (b === 0n ? undefined : signed(a) / signed(b)),
  [OP.minus]: (a, b) => a - b,
  [OP.mod]: (a, b) => (b === 0n ? undefined : a % b),
  [OP.mul]: (a, b) => a * b,
  [OP.or]: (a, b) => a | b,
  [OP.plus]: (a, b) => a + b,
  [OP.shl]: (a, b) => (b > 63n ? 0n : a << b),
  [OP.shr]: (a, b) => (b > 63n ? 0n : a >> b),
  [OP.shra]: (a, b) => signed(a) >> (b > 63n ? 63n : b),
  [OP.xor]: (a, b) => a ^ b,
  [OP.eq]: (a, b) => truth(a === b),
  [OP.ge]: (a, b) => truth(signed(a) >= signed(b)),
  [OP.gt]: (a, b) => truth(signed(a) > signed(b)),
  [OP.le]: (a, b) => truth(signed(a) <= signed(b)),
  [OP.lt]: (a, b) => truth(signed(a) < signed(b)),
  [OP.ne]: (a, b) => truth(a !== b),
};

export const UNARY: Readonly<Record<number, (top: bigint) => bigint>> = {
  [OP.abs]: (a) => (signed(a) < 0n ? -signed(a) : a),
  [OP.neg]: (a) => -a,
  [OP.not]: (a) => ~a,
};
