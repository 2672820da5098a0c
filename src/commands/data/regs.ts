import { type Arch, describeFlags, type RegisterDescription } from '../../arch/index.ts';
import { UserError } from '../../base/index.ts';
import type { Frame } from '../../golang/index.ts';
import type { RegisterFile } from '../../target/index.ts';
import { type Context, defineCommand } from '../command.ts';
import { flag, variadic } from '../language/arguments.ts';
import type { Typed } from '../language/cursor.ts';
import { register } from '../language/kinds.ts';
import { type ErrorFacts, errorFacts } from '../output/error-facts.ts';
import { shared } from '../output/json.ts';
import { harmless } from '../output/style.ts';

interface RegisterRow {
  readonly name: string;
  /** Hexadecimal, the highest byte first. */
  readonly value: string;
  readonly bits: number;
  readonly flags: readonly string[] | undefined;
}

interface RegistersResult {
  readonly registers: readonly RegisterRow[];
  /** What was asked for and is not known. */
  readonly unknown: readonly ErrorFacts[];
}

export const regs = defineCommand({
  name: 'regs',
  aliases: [],
  group: 'data',
  summary: "Show the CPU's registers in the selected frame",
  details:
    'In callers, and in goroutines that do not run, only the registers that the stack has saved are known. Parts of ' +
    'registers (eax, ah, w3) can be named too.',
  examples: ['regs', 'regs -a', 'regs rip rsp', 'frame 2 regs'],
  arguments: {
    all: flag('-a', 'floating point, vector and segment registers too'),
    names: variadic(register, 'only these'),
  },
  run(context, { all, names }): RegistersResult {
    const { arch } = context.session.program.target;
    const read = registerReader(context);
    if (names.length > 0) return namedRegisters(context, names, read);
    const rows: RegisterRow[] = [];
    for (const description of all ? arch.registers : ordinaryRegisters(arch)) {
      const bytes = read(description);
      if (bytes !== undefined) rows.push(registerRow(description, bytes));
    }
    return { registers: rows, unknown: [] };
  },
  *render({ registers, unknown }, style) {
    const width = Math.max(...registers.map(({ name }) => name.length));
    for (const { name, value, flags } of registers) {
      const label = style.paint('name', name.padStart(width));
      const meaning = flags === undefined ? '' : `  [${flags.join(' ')}]`;
      yield `${label} = 0x${value}${meaning}`;
    }
    for (const { message } of unknown) yield `${style.paint('error', 'error:')} ${harmless(message)}`;
  },
});

const ordinary = new WeakMap<Arch, readonly RegisterDescription[]>();

function ordinaryRegisters(arch: Arch): readonly RegisterDescription[] {
  let registers = ordinary.get(arch);
  if (registers === undefined) {
    registers = arch.registers.filter(({ kind }) => kind === 'general' || kind === 'flags');
    ordinary.set(arch, registers);
  }
  return registers;
}

/** One that is not known does not keep the others from being shown, but all of them are an error. */
function namedRegisters(context: Context, names: readonly Typed[], read: Reader): RegistersResult {
  const registers: RegisterRow[] = [];
  const unknown: ErrorFacts[] = [];
  for (const name of names) {
    try {
      registers.push(named(context, name, read));
    } catch (error) {
      const facts = errorFacts(error);
      if (facts.family === 'internal' || names.length === 1) throw error;
      unknown.push(facts);
    }
  }
  context.session.nestedFailures += unknown.length;
  return { registers, unknown };
}

type Reader = (description: RegisterDescription) => Uint8Array | undefined;

function named(context: Context, { text: name, column }: Typed, read: Reader): RegisterRow {
  const { arch } = context.session.program.target;
  const description = arch.register(name);
  if (description === undefined) {
    throw new UserError(`${arch.name} has no register ${name}`, '`regs -a` shows those it has', column);
  }
  const bytes = read(description);
  if (bytes === undefined) {
    const where = `in frame ${context.scope.frame}`;
    throw new UserError(
      `the value of ${name} is not known ${where}`,
      '`frame 0 regs` shows all of them',
      column,
    );
  }
  return registerRow(description, bytes);
}

/** Reads whole registers and parts of them, in the frame that the context is about. */
function registerReader({ session, scope }: Context): Reader {
  const { target } = session.program;
  const frame = session.frame(scope);
  const thread = target.threads.find(({ id }) => id === scope.thread);
  const whole = (description: RegisterDescription): Uint8Array | undefined =>
    inFrame(frame, description, thread?.registers);
  return (description) => {
    if (description.part === undefined) return whole(description);
    const holder = target.arch.register(description.part.of);
    const bytes = holder === undefined ? undefined : whole(holder);
    const from = description.part.shift / 8;
    return bytes?.subarray(from, from + description.bits / 8);
  };
}

/**
 * Unwinding knows the registers that DWARF numbers, as numbers. Where one has the thread's value, the thread's
 * own bytes are exact; the others of the thread (vectors, flags) belong to the innermost frame alone.
 */
function inFrame(
  frame: Frame,
  { name, dwarf, bits }: RegisterDescription,
  thread: RegisterFile | undefined,
): Uint8Array | undefined {
  const value = dwarf === undefined ? undefined : frame.registers[dwarf];
  if (value === undefined) return innermost(frame) ? thread?.bytes(name) : undefined;
  if (thread !== undefined && thread.get(dwarf!) === value)
    return thread.bytes(name) ?? wordBytes(value, bits);
  return wordBytes(value, bits);
}

const innermost = (frame: Frame): boolean => frame.index === frame.inlineDepth || frame.arrivedBy === 'start';

function wordBytes(value: number, bits: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return bytes.subarray(0, Math.min(8, bits / 8));
}

const byteText = (byte: number): string => HEX[byte >> 4]! + HEX[byte & 15]!;
const HEX = '0123456789abcdef';

/** The latest of each register: from one step to the next most stay as they are. */
const latestRows = new WeakMap<RegisterDescription, RegisterRow>();

function registerRow(description: RegisterDescription, bytes: Uint8Array): RegisterRow {
  let value = '';
  for (let i = bytes.length - 1; i >= 0; i--) value += byteText(bytes[i]!);
  const latest = latestRows.get(description);
  if (latest?.value === value) return latest;
  const row = shared(makeRow(description, value));
  latestRows.set(description, row);
  return row;
}

function makeRow(description: RegisterDescription, value: string): RegisterRow {
  return { name: description.name, value, bits: description.bits, flags: flagNames(description, value) };
}

function flagNames(description: RegisterDescription, value: string): readonly string[] | undefined {
  return description.flags === undefined ? undefined : describeFlags(description.flags, BigInt(`0x${value}`));
}
