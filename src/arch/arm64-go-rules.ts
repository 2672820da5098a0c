import type { Symbolize } from './arch.ts';
import { branchText, isVectorRegister, registerText } from './arm64-go-operands.ts';
import type { Arm64Operand, Arm64Register } from './arm64-operands.ts';

/** One instruction on its way to Go's syntax. */
export interface Draft {
  readonly word: number;
  readonly address: number;
  readonly symbolize: Symbolize | undefined;
  /** Arm's name in upper case, and its operands in Arm's order. */
  readonly name: string;
  readonly operands: readonly Arm64Operand[];
  /** The operands as Go writes them, in Arm's order. */
  readonly args: readonly string[];
}

export type Rule = (draft: Draft) => string;

/** The instruction with its operands in Go's order; those that are not there are left out. */
function text(name: string, ...args: readonly (string | undefined)[]): string {
  const present = args.filter((arg) => arg !== undefined);
  return present.length === 0 ? name : `${name} ${present.join(', ')}`;
}

function reversed(name: string, args: readonly string[]): string {
  return text(name, ...args.toReversed());
}

function registerAt({ operands }: Draft, index: number): Arm64Register | undefined {
  const operand = operands[index];
  return operand?.kind === 'register' ? operand.register : undefined;
}

/** `W` for instructions on 32-bit registers. */
function wordSuffix(draft: Draft, index = 0): string {
  return registerAt(draft, index)?.class === 'w' ? 'W' : '';
}

/** `S` or `D`: the precision of a floating-point register. */
function precision(draft: Draft, index: number): string {
  const kind = registerAt(draft, index)?.class;
  return kind === 's' || kind === 'd' ? kind.toUpperCase() : '';
}

/** `.W` and `.P`: the base register changes before or after the access. */
function indexing({ operands }: Draft): string {
  const memory = operands.find((operand) => operand.kind === 'memory');
  if (memory?.kind !== 'memory') return '';
  return { offset: '', pre: '.W', post: '.P' }[memory.mode];
}

/** The operand that is an address in the code, as Capstone resolved it. */
function label(draft: Draft, index: number): string {
  const operand = draft.operands[index];
  if (operand?.kind !== 'immediate') return draft.args[index] ?? '';
  return branchText(Number(BigInt.asIntN(64, operand.value)), draft.address, draft.symbolize);
}

// Loads and stores.

/** MOVD, MOVWU and FMOVS are named by the register that is moved. */
function moveName(register: Arm64Register | undefined, narrow: string): string {
  if (register === undefined || register.class === 'x') return 'MOVD';
  return register.class === 'w' ? narrow : `FMOV${register.class.toUpperCase()}`;
}

function moved(draft: Draft): string {
  const register = registerAt(draft, 0);
  return register === undefined ? draft.args[0]! : registerText(register, 'F');
}

/** `name` for 64-bit destinations, `name32` for 32-bit ones if it is another. */
function load(name: string | undefined, name32?: string): Rule {
  return (draft) => {
    const register = registerAt(draft, 0);
    const own =
      name === undefined ? moveName(register, 'MOVWU') : register?.class === 'w' ? (name32 ?? name) : name;
    return text(own + indexing(draft), literal(draft) ?? draft.args[1], moved(draft));
  };
}

/** A constant beside the code: `$symbol(SB)`, or its distance. */
function literal(draft: Draft): string | undefined {
  if (draft.operands[1]?.kind !== 'immediate') return undefined;
  const where = label(draft, 1);
  return where.endsWith('(SB)') ? `$${where}` : where;
}

function store(name?: string): Rule {
  return (draft) => {
    const own = name ?? moveName(registerAt(draft, 0), 'MOVW');
    return text(own + indexing(draft), moved(draft), draft.args[1]);
  };
}

const pairSuffixes: Readonly<Record<Arm64Register['class'], readonly [string, string]>> = {
  w: ['', 'W'],
  x: ['', ''],
  b: ['', ''],
  h: ['', ''],
  s: ['F', 'S'],
  d: ['F', 'D'],
  q: ['F', 'Q'],
};

const pair: Rule = (draft) => {
  const [before, after] = pairSuffixes[registerAt(draft, 0)?.class ?? 'x'];
  const name = `${before}${draft.name}${after}${indexing(draft)}`;
  const registers = `(${draft.args[0]}, ${draft.args[1]})`;
  return draft.name === 'STP' ? text(name, registers, draft.args[2]) : text(name, draft.args[2], registers);
};

const exclusivePairLoad: Rule = (draft) =>
  text(draft.name + wordSuffix(draft), draft.args[2], `(${draft.args[0]}, ${draft.args[1]})`);

const exclusivePairStore: Rule = ({ args, ...draft }) =>
  text(draft.name + wordSuffix({ args, ...draft }, 1), `(${args[1]}, ${args[2]})`, args[3], args[0]);

const exclusiveStore: Rule = (draft) => {
  const { args, name } = draft;
  const suffix = /[BH]$/.test(name) ? '' : wordSuffix(draft, 1);
  return text(name + suffix, args[1], args[2], args[0]);
};

const releaseStore: Rule = (draft) =>
  text(draft.name + (/[BH]$/.test(draft.name) ? '' : wordSuffix(draft)), draft.args[0], draft.args[1]);

const vectorLoad: Rule = (draft) => text(`V${draft.name}${indexing(draft)}`, draft.args[1], draft.args[0]);
const vectorStore: Rule = (draft) => text(`V${draft.name}${indexing(draft)}`, draft.args[0], draft.args[1]);

// Atomics (FEAT_LSE), which arm64asm does not know: names of Go's assembler, `LDADDALD R1, (R2), R3`.

const atomicNames: Readonly<Record<string, string>> = { SET: 'OR' };

function atomic(match: RegExpExecArray): Rule {
  const [, kind, operation, order, narrow] = match;
  return (draft) => {
    const { args } = draft;
    const width = narrow || (registerAt(draft, 0)?.class === 'w' ? 'W' : 'D');
    const name = `${kind === 'ST' ? 'LD' : kind}${atomicNames[operation!] ?? operation}${order}${width}`;
    return kind === 'ST' ? text(name, args[0], args[1], 'ZR') : text(name, args[0], args[2], args[1]);
  };
}

const compareAndSwapPair: Rule = (draft) => {
  const { args, name } = draft;
  const width = registerAt(draft, 0)?.class === 'w' ? 'W' : 'D';
  return text(name + width, `(${args[0]}, ${args[1]})`, args[4], `(${args[2]}, ${args[3]})`);
};

// Control flow.

const jump: Rule = (draft) => text('JMP', label(draft, 0));
const call: Rule = (draft) => text('CALL', label(draft, 0));
const jumpToRegister: Rule = ({ args }) => text('JMP', `(${args[0]})`);
const callOfRegister: Rule = ({ args }) => text('CALL', `(${args[0]})`);
const compareAndBranch: Rule = (draft) =>
  text(draft.name + wordSuffix(draft), draft.args[0], label(draft, 1));
const testAndBranch: Rule = (draft) => text(draft.name, draft.args[1], draft.args[0], label(draft, 2));

const branchConditions: Readonly<Record<string, string>> = { HS: 'CS', LO: 'CC', NV: 'AL' };

const conditionalBranch: Rule = (draft) => {
  const condition = draft.name.slice(2);
  return text(`B${branchConditions[condition] ?? condition}`, label(draft, 0));
};

// Arithmetic.

const multiplyAdd: Rule = (draft) => {
  const { args } = draft;
  const suffix = draft.name.startsWith('F') ? precision(draft, 0) : wordSuffix(draft);
  return text(draft.name + suffix, args[2], args[3], args[1], args[0]);
};

const bitfield: Rule = (draft) => {
  const { args } = draft;
  return text(draft.name + wordSuffix(draft), args[2], args[1], args[3], args[0]);
};

const select: Rule = (draft) => {
  const { args } = draft;
  const suffix = draft.name.startsWith('F') ? precision(draft, 0) : wordSuffix(draft);
  return text(draft.name + suffix, args[3], args[1], args[2], args[0]);
};

const conditionalCompare: Rule = (draft) => {
  const { args } = draft;
  if (draft.name.startsWith('F'))
    return text(draft.name + precision(draft, 0), args[3], args[1], args[0], args[2]);
  return text(draft.name + wordSuffix(draft), args[3], args[0], args[1], args[2]);
};

/** An address relative to this one: in bytes, whatever the symbol. */
const address: Rule = ({ word, name, args }) => {
  const distance = (((word >>> 5) << 13) >> 11) | ((word >>> 29) & 3);
  return text(name, `${name === 'ADRP' ? distance * 4096 : distance}(PC)`, args[0]);
};

// Floating point.

const floatByDestination: Rule = (draft) => reversed(draft.name + precision(draft, 0), draft.args);
const floatBySource: Rule = (draft) => reversed(draft.name + precision(draft, 1), draft.args);

const floatCompare: Rule = (draft) => {
  const { operands, args } = draft;
  const second = operands[1]?.kind === 'float' ? '$(0.0)' : args[1];
  return text(draft.name + precision(draft, 0), second, args[0]);
};

/** FCVTSD: source, then destination. */
const floatConvert: Rule = (draft) => {
  const letters = [1, 0].map((i) => registerAt(draft, i)?.class.toUpperCase() ?? '');
  return reversed(draft.name + letters.join(''), draft.args);
};

/** FCVTZSDW, SCVTFD: floating-point precisions and 32-bit integers; nothing with a fixed point. */
const integerConvert: Rule = (draft) => {
  if (draft.operands.length > 2) return reversed(draft.name, draft.args);
  const letters = [1, 0].map((i) => precision(draft, i) + wordSuffix(draft, i));
  return reversed(draft.name + letters.join(''), draft.args);
};

const floatMove: Rule = (draft) =>
  reversed(draft.name + (precision(draft, 0) || precision(draft, 1)), draft.args);

// Moves.

const move: Rule = (draft) => {
  const { operands, args } = draft;
  const register = registerAt(draft, 0);
  if (operands[0]?.kind === 'vector' || operands[1]?.kind === 'vector') return reversed('VMOV', args);
  if (register === undefined || isVectorRegister(register)) return reversed('MOV', args);
  return reversed(register.class === 'w' ? 'MOVW' : 'MOVD', args);
};

// System.

/** Fields op0, op1, CRn, CRm and op2 of a system register. */
function systemFields(word: number): readonly [number, number, number, number, number] {
  return [
    2 + ((word >>> 19) & 1),
    (word >>> 16) & 7,
    (word >>> 12) & 15,
    (word >>> 8) & 15,
    (word >>> 5) & 7,
  ];
}

const readSystemRegister: Rule = ({ word, name, args }) => {
  const [op0, op1, cn, cm, op2] = systemFields(word);
  return text(name, `$${((op0 & 1) << 14) | (op1 << 11) | (cn << 7) | (cm << 3) | op2}`, args[0]);
};

const pstateFields: Readonly<Record<string, string>> = {
  SPSEL: 'SPSel',
  DAIFSET: 'DAIFSet',
  DAIFCLR: 'DAIFClr',
};

const writeSystemRegister: Rule = ({ word, name, operands, args }) => {
  if (operands[1]?.kind === 'immediate') return text(name, args[1], pstateFields[args[0]!] ?? args[0]);
  const [op0, op1, cn, cm, op2] = systemFields(word);
  return text(name, args[1], `S${op0}_${op1}_C${cn}_C${cm}_${op2}`);
};

/** SYSL's operation as the number that Go's assembler wants. */
const systemResult: Rule = ({ word, name, args }) => {
  const [, op1, cn, cm, op2] = systemFields(word);
  return text(name, `$${(op1 << 16) | (cn << 12) | (cm << 8) | (op2 << 5)}`, args[0]);
};

/** Kinds of prefetch without a name show their number. */
const prefetch: Rule = (draft) => text(draft.name, label(draft, 1), draft.args[0] || `$${draft.word & 31}`);

/** Barriers and CLREX show the number in CRm. */
const barrier: Rule = ({ word, name }) => text(name, `$${(word >>> 8) & 15}`);

const hintNames = ['NOOP', 'YIELD', 'WFE', 'WFI', 'SEV', 'SEVL'];

/** Newer hints (pointer authentication, branch targets) go by their number. */
const hint: Rule = ({ word }) => {
  const number = (word >>> 5) & 127;
  return hintNames[number] ?? `HINT $${number}`;
};

/** `DC ZVA, R0`: operation and register keep their order. */
const systemOperation: Rule = ({ name, args }) => text(name, ...args);

const undefinedInstruction: Rule = () => '?';

// Everything else.

/** Instructions on 32-bit or vector registers whose name says it already. */
const unsuffixed = /^(AES|SHA\d|CRC32|LDARB|LDARH|LDAXRB|LDAXRH|LDTRH|LDXRB|LDXRH)/;

const otherwise: Rule = (draft) => {
  const { name, args, operands } = draft;
  if (unsuffixed.test(name)) return reversed(name, args);
  const register = registerAt(draft, 0);
  const first = operands[0];
  if (first?.kind === 'vector' && first.index === undefined) return reversed(`V${name}`, args);
  if (register !== undefined && isVectorRegister(register))
    return reversed(`${name[0] === 'F' ? '' : 'V'}${name}`, args);
  return reversed(name + wordSuffix(draft), args);
};

/** Shifts by nothing go by their alias. */
const widen: Rule = (draft) => {
  if (draft.args[2] !== '$0') return otherwise(draft);
  return otherwise({ ...draft, name: draft.name.replace('SHLL', 'XTL'), args: draft.args.slice(0, 2) });
};

/** Vector comparisons write the zero of 0.0 as an integer. */
function plainZero(arg: string): string {
  return arg === '$0.' ? '$0' : arg;
}

function each(names: string, rule: Rule): [string, Rule][] {
  return names.split(' ').map((name) => [name, rule]);
}

const rules = new Map<string, Rule>([
  ...each('LDR LDUR', load(undefined)),
  ['LDRB', load('MOVBU')],
  ['LDRH', load('MOVHU')],
  ['LDRSB', load('MOVB', 'MOVBW')],
  ['LDRSH', load('MOVH', 'MOVHW')],
  ['LDRSW', load('MOVW')],
  ...each('STR STUR', store()),
  ...each('STRB STURB', store('MOVB')),
  ...each('STRH STURH', store('MOVH')),
  ...each('LDP STP', pair),
  ...each('LDXP LDAXP', exclusivePairLoad),
  ...each('STXP STLXP', exclusivePairStore),
  ...each('STXR STXRB STXRH STLXR STLXRB STLXRH', exclusiveStore),
  ...each('STLR STLRB STLRH', releaseStore),
  ...each('LD1 LD2 LD3 LD4 LD1R LD2R LD3R LD4R', vectorLoad),
  ...each('ST1 ST2 ST3 ST4', vectorStore),
  ...each('CASP CASPA CASPAL CASPL', compareAndSwapPair),
  ['B', jump],
  ['BL', call],
  ['BR', jumpToRegister],
  ['BLR', callOfRegister],
  ...each('CBZ CBNZ', compareAndBranch),
  ...each('TBZ TBNZ', testAndBranch),
  ...each('MADD MSUB SMADDL SMSUBL UMADDL UMSUBL FMADD FMSUB FNMADD FNMSUB', multiplyAdd),
  ...each('BFI BFXIL SBFIZ SBFX UBFIZ UBFX', bitfield),
  ...each('CSEL CSINC CSINV CSNEG FCSEL', select),
  ...each('CCMP CCMN FCCMP FCCMPE', conditionalCompare),
  ...each('ADR ADRP', address),
  ...each('FADD FSUB FMUL FNMUL FDIV FMAX FMIN FMAXNM FMINNM', floatByDestination),
  ...each('FABS FNEG FSQRT FRINTN FRINTP FRINTM FRINTZ FRINTA FRINTX FRINTI', floatBySource),
  ...each('FCMP FCMPE', floatCompare),
  ['FCVT', floatConvert],
  ...each('FCVTZS FCVTZU SCVTF UCVTF', integerConvert),
  ['FMOV', floatMove],
  ['MOV', move],
  ...each('SSHLL SSHLL2 USHLL USHLL2', widen),
  ...each('FCMEQ FCMGE FCMGT FCMLE FCMLT', (draft) =>
    otherwise({ ...draft, args: draft.args.map(plainZero) }),
  ),
  ['UMOV', ({ args }) => reversed('VMOV', args)],
  ['MRS', readSystemRegister],
  ['MSR', writeSystemRegister],
  ['SYSL', systemResult],
  ...each('PRFM PRFUM', prefetch),
  ...each('DMB DSB ISB CLREX', barrier),
  ...each('DC IC AT TLBI', systemOperation),
  ['UDF', undefinedInstruction],
]);

const hintClass = { mask: 0xfffff01f, value: 0xd503201f };
const atomicPattern = /^(LD|ST|SWP|CAS)(ADD|CLR|EOR|SET|SMAX|SMIN|UMAX|UMIN|)(AL?|L|)([BH]?)$/;

export function ruleFor({ name, word }: Pick<Draft, 'name' | 'word'>): Rule {
  if ((word & hintClass.mask) >>> 0 === hintClass.value) return hint;
  const rule = rules.get(name);
  if (rule !== undefined) return rule;
  if (name.startsWith('B.')) return conditionalBranch;
  const match = atomicPattern.exec(name);
  return match === null || match[0] === 'LD' ? otherwise : atomic(match);
}
