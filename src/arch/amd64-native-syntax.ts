import type * as Iced from 'iced-x86';
import type { Flavour, Symbolize } from './arch.ts';
import { addressText } from './native-address.ts';

/**
 * Intel's and GNU's (AT&T) syntax as `objdump -d` (binutils 2.40) writes them, without its padding: iced's own
 * formatters, objdump's habits, and what iced leaves out: symbols, and the address behind a RIP-relative operand.
 */
export type NativeFormatter = (
  instruction: Iced.Instruction,
  bytes: Uint8Array,
  symbolize?: Symbolize,
) => string;

type NativeFlavour = Exclude<Flavour, 'go'>;

export function nativeFormatters(iced: typeof Iced): Readonly<Record<NativeFlavour, NativeFormatter>> {
  return {
    gnu: nativeFormatter(iced, gnuFormatter(iced), gnuHabits),
    intel: nativeFormatter(iced, intelFormatter(iced), intelHabits),
  };
}

/** Where objdump's text is another one than iced's: rewritten in this order. */
type Habits = readonly (readonly [pattern: RegExp, replacement: string])[];

const gnuHabits: Habits = [
  [/^(call|jmp|push|pop)q /, '$1 '],
  [/^lretl/, 'lret'],
  [/^(imul \$\w+),(%\w+)$/, '$1,$2,$2'],
  [/%cs:/, ''],
  [/^(f(?:add|mul|sub|subr|div|divr)p)$/, '$1 %st,%st(1)'],
  [/^fxch$/, 'fxch %st(1)'],
  [/^rep ret/, 'repz ret'],
];

const intelHabits: Habits = [
  [/([d-g]s):\[(0x[0-9a-f]+)\]/, '$1:$2'],
  [/PTR \[(0x[0-9a-f]+)\]/, 'PTR ds:$1'],
  [/^imul (\w+),(0x\w+)$/, 'imul $1,$1,$2'],
  [/ cs:/, ' '],
  [/^(f\w+) st,(.* PTR .*)/, '$1 $2'],
  [/^fld st,/, 'fld '],
  [/^(fi?stt?p?) (.*),st$/, '$1 $2'],
  [/^(f(?:add|mul|sub|subr|div|divr)p)$/, '$1 st(1),st'],
  [/^fxch$/, 'fxch st(1)'],
  [/\bstosb (.*)$/, 'stos $1,al'],
  [/\bstosw (.*)$/, 'stos $1,ax'],
  [/\bstosd (.*)$/, 'stos $1,eax'],
  [/\bstosq (.*)$/, 'stos $1,rax'],
  [/\b(movs|cmps)[bwdq] (?=.*PTR .*PTR )/, '$1 '],
  [/^(sha256rnds2 .*)$/, '$1,xmm0'],
  [/^(push|pop)fq$/, '$1f'],
  [/^ret far/, 'retf'],
  [/^rep ret/, 'repz ret'],
];

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

function nativeFormatter(iced: typeof Iced, formatter: Iced.Formatter, habits: Habits): NativeFormatter {
  const shiftsByOne = codesNamed(iced, /^(Ro[lr]|Rc[lr]|Sh[lr]|Sa[lr])_rm\d+_1$/);
  const absoluteMoves = codesNamed(iced, /^Mov_(r64_imm64|.*moffs\d+.*)$/);
  return (it, bytes, symbolize) => {
    if (isNearBranch(iced, it)) {
      return `${formatter.formatMnemonic(it)} ${addressText(Number(it.nearBranchTarget), symbolize)}`;
    }
    // objdump shows a displacement of zero that is encoded: `nopl 0x0(%rax)`.
    formatter.showZeroDisplacements = it.memoryDisplSize !== 0;
    // iced would write the comma of a scale even where there is no index.
    formatter.alwaysShowScale = it.memoryIndex !== iced.Register.None;
    formatter.alwaysShowSegmentRegister = it.isStringInstruction;
    let text = formatter.format(it);
    for (const [pattern, replacement] of habits) text = text.replace(pattern, replacement);
    if (absoluteMoves.has(it.code)) text = text.replace(/^mov /, 'movabs ');
    // An opcode that says "by one" (D0, D1): `shr %rax`, `shr rax,1`.
    if (shiftsByOne.has(it.code)) text = text.replace(/\$0x1,|0x1$/, (one) => (one === '0x1' ? '1' : ''));
    text = paddingPrefixes(bytes) + text;
    return it.isIpRelMemoryOperand
      ? `${text} # ${addressText(Number(it.ipRelMemoryAddress), symbolize)}`
      : text;
  };
}

function codesNamed({ Code }: typeof Iced, pattern: RegExp): ReadonlySet<Iced.Code> {
  const codes = new Set<Iced.Code>();
  for (const [name, code] of Object.entries(Code)) {
    if (typeof code === 'number' && pattern.test(name)) codes.add(code);
  }
  return codes;
}

/** The long no-operations that compilers align with: `data16 cs nopw …`; the last 66 is the `w`. */
function paddingPrefixes(bytes: Uint8Array): string {
  const end = bytes.findIndex((byte) => byte !== 0x66 && byte !== 0x2e);
  const prefixes = Array.from(bytes.subarray(0, end));
  if (!prefixes.includes(0x2e) || !prefixes.includes(0x66)) return '';
  prefixes.splice(prefixes.lastIndexOf(0x66), 1);
  return prefixes.map((byte) => (byte === 0x2e ? 'cs ' : 'data16 ')).join('');
}

function isNearBranch({ OpKind }: typeof Iced, it: Iced.Instruction): boolean {
  if (it.opCount === 0) return false;
  const kind = it.op0Kind;
  return kind === OpKind.NearBranch64 || kind === OpKind.NearBranch32;
}
