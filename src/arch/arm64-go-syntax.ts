import type { Symbolize } from './arch.ts';
import { operandText } from './arm64-go-operands.ts';
import { ruleFor } from './arm64-go-rules.ts';
import { parseOperands } from './arm64-operands.ts';
import type { DecodedText } from './capstone.ts';

/**
 * Go's (Plan 9) syntax for arm64 as `go tool objdump` prints it: golang.org/x/arch/arm64/arm64asm, plan9x.go. Sources
 * come first and the destination last; a suffix or another name tells the width, and `.P` / `.W` that the base
 * register is changed after or before the access. Instructions that arm64asm does not know are printed by the
 * same rules, under the names of Go's assembler.
 */
export interface Arm64Decoded extends DecodedText {
  readonly word: number;
  readonly address: number;
}

export function goText(
  { word, address, mnemonic, operands: text }: Arm64Decoded,
  symbolize?: Symbolize,
): string {
  const operands = parseOperands(text);
  const name = mnemonic.toUpperCase();
  const letter =
    name.startsWith('F') || name.endsWith('CVTF') || name === 'LDP' || name === 'STP' ? 'F' : 'V';
  const first = operands[0];
  const wide = !(first?.kind === 'register' && first.register.class === 'w');
  const args = operands.map((operand) => operandText(operand, letter, wide));
  return ruleFor({ name, word })({ word, address, symbolize, name, operands, args });
}
