import { amd64 } from '../../amd64.ts';
import type { DecodedInstruction } from '../../machine-code.ts';

export const code = await amd64.loadMachineCode();

export const AT = 0x40_0000;

/** One instruction, by its bytes. */
export function decode(hex: string, address = AT): DecodedInstruction {
  const decoded = code.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'), address);
  if (decoded === undefined) throw new Error(`${hex} is no instruction`);
  return decoded;
}
