import type * as Iced from 'iced-x86';
import type { Flavour, Symbolize } from './arch.ts';
import { addressText } from './native-address.ts';

/**
 * Intel's and GNU's (AT&T) syntax as `objdump -d` (binutils 2.40) writes them, without its padding: iced's own
 * formatters, and the two things that they leave out: symbols, and the address behind a RIP-relative operand.
 */
export type NativeFormatter = (instruction: Iced.Instruction, symbolize?: Symbolize) => string;

export function nativeFormatters(
  iced: typeof Iced,
): Readonly<Record<Exclude<Flavour, 'go'>, NativeFormatter>> {
  return {
    gnu: nativeFormatter(iced, gnuFormatter(iced)),
    intel: nativeFormatter(iced, intelFormatter(iced)),
  };
}

function objdumpFormatter(iced: typeof Iced, syntax: Iced.FormatterSyntax): Iced.Formatter {
  const formatter = new iced.Formatter(syntax);
  formatter.hexPrefix = '0x';
  formatter.hexSuffix = '';
  formatter.uppercaseHex = false;
  formatter.smallHexNumbersInDecimal = false;
  formatter.spaceAfterOperandSeparator = false;
  formatter.ripRelativeAddresses = true;
  formatter.branchLeadingZeros = false;
  formatter.showBranchSize = false;
  formatter.signedImmediateOperands = false;
  formatter.alwaysShowScale = true;
  formatter.usePseudoOps = true;
  return formatter;
}

function gnuFormatter(iced: typeof Iced): Iced.Formatter {
  return objdumpFormatter(iced, iced.FormatterSyntax.Gas);
}

function intelFormatter(iced: typeof Iced): Iced.Formatter {
  const formatter = objdumpFormatter(iced, iced.FormatterSyntax.Intel);
  formatter.memorySizeOptions = iced.MemorySizeOptions.Always;
  formatter.uppercaseKeywords = true;
  return formatter;
}

function nativeFormatter(iced: typeof Iced, formatter: Iced.Formatter): NativeFormatter {
  return (it, symbolize) => {
    if (isNearBranch(iced, it)) {
      return `${formatter.formatMnemonic(it)} ${addressText(Number(it.nearBranchTarget), symbolize)}`;
    }
    // objdump shows a displacement of zero that is encoded: `nopl 0x0(%rax)`.
    formatter.showZeroDisplacements = it.memoryDisplSize !== 0;
    const text = formatter.format(it);
    if (!it.isIpRelMemoryOperand) return text;
    return `${text} # ${addressText(Number(it.ipRelMemoryAddress), symbolize)}`;
  };
}

function isNearBranch({ OpKind }: typeof Iced, it: Iced.Instruction): boolean {
  if (it.opCount === 0) return false;
  const kind = it.op0Kind;
  return kind === OpKind.NearBranch64 || kind === OpKind.NearBranch32;
}
