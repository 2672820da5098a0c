import type { Flavour, Instruction } from '../../arch/index.ts';
import { hex, type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';
import { type Context, defineCommand } from '../command.ts';
import { option, pairOption } from '../language/arguments.ts';
import { address, choice, location } from '../language/kinds.ts';
import { LOCSPEC_HELP } from '../language/locspec.ts';
import { columns } from '../output/text.ts';
import { resolveOne } from './resolve-location.ts';
import { codeRange, symbolizer } from './symbolize.ts';

const FLAVOURS: readonly Flavour[] = ['go', 'intel', 'gnu'];
/** Bytes of code that one command shows at most. */
const MOST_BYTES = 1 << 20;
/** Of amd64; arm64's have 4 bytes. */
const LONGEST_INSTRUCTION = 15;

interface InstructionRow {
  readonly pc: number;
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** The selected frame is here. */
  readonly current: boolean;
  readonly flow: Instruction['flow'];
  readonly target: number | undefined;
}

interface DisassembleResult {
  readonly function: string | undefined;
  readonly file: string | undefined;
  readonly flavour: Flavour;
  readonly instructions: readonly InstructionRow[];
}

interface Range {
  readonly start: RuntimeAddress;
  readonly end: RuntimeAddress;
}

export const disassemble = defineCommand({
  name: 'disassemble',
  aliases: ['disass'],
  group: 'code',
  summary: 'Show machine code',
  details:
    "Without arguments it shows the function of the selected frame; => marks the frame's pc, which is where a call " +
    "will return to in all frames but the innermost. The syntax is Go's own, as `go tool objdump` prints it, unless " +
    `-flavour or the parameter disassemble-flavour says otherwise.\n\n${LOCSPEC_HELP}`,
  examples: [
    'disassemble',
    'disass -l main.main',
    'disass -flavour intel -a 0x4cdfc0 0x4cdff0',
    'frame 2 disass',
  ],
  arguments: {
    range: pairOption('-a', address('start'), address('end'), 'the code between two addresses'),
    flavour: option(['-flavour', '-flavor'], choice('flavour', FLAVOURS), 'go, intel or gnu'),
    location: option('-l', location, 'the function that holds this place; it must come last'),
  },
  async prepare({ session }) {
    session.disassembler ??= await session.program.target.arch.loadDisassembler();
  },
  run(context, args): DisassembleResult {
    const { session } = context;
    const here = session.program.target.threads.length > 0 ? currentPc(context) : undefined;
    const range = chosenRange(context, args.range, args.location, here);
    const flavour = args.flavour ?? session.settings.values['disassemble-flavour'];
    const { position, function: name } = session.program.locate(range.start, false);
    return {
      function: name,
      file: position?.file,
      flavour,
      instructions: instructionsIn(context, range, flavour, here),
    };
  },
  *render(result, style) {
    if (result.function !== undefined) {
      yield `TEXT ${style.paint('function', result.function)}(SB) ${result.file === undefined ? '' : style.path(result.file)}`;
    }
    const rows = result.instructions.map((row) => [
      row.current ? '=>' : '',
      row.file === undefined ? '' : `${row.file.slice(row.file.lastIndexOf('/') + 1)}:${row.line}`,
      hex(row.pc),
      bytesText(row.bytes),
      row.text,
    ]);
    const roles = ['current', 'line', 'address', 'comment', undefined] as const;
    yield* columns(rows, (cell, i) => (roles[i] === undefined ? cell : style.paint(roles[i], cell)));
  },
});

const bytesText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The selected frame's pc. Code can be shown without one. */
function currentPc({ session, scope }: Context): RuntimeAddress | undefined {
  return session.stack(scope, scope.frame + 1).frames[scope.frame]?.pc;
}

function chosenRange(
  context: Context,
  range: readonly [RuntimeAddress, RuntimeAddress] | undefined,
  typed: Parameters<typeof resolveOne>[1] | undefined,
  here: RuntimeAddress | undefined,
): Range {
  if (range !== undefined) {
    const [start, end] = range;
    if (end <= start) throw new UserError(`${hex(end)} is not behind ${hex(start)}`);
    if (end - start > MOST_BYTES) throw new UserError(`more than ${MOST_BYTES} bytes are too many to show`);
    return { start, end };
  }
  const pc = typed === undefined ? here : resolveOne(context, typed).pc;
  if (pc === undefined)
    throw new UserError('there is no code here', '-l names a function, -a a range of addresses');
  const found = codeRange(context.session.program, pc);
  if (found !== undefined) return found;
  throw new UserError(
    `no function is known at ${hex(pc)}`,
    `show the code with -a ${hex(pc)} ${hex(pc + 64)}`,
  );
}

function instructionsIn(
  { session }: Context,
  { start, end }: Range,
  flavour: Flavour,
  here: RuntimeAddress | undefined,
): InstructionRow[] {
  const { program, disassembler } = session;
  // The last instruction is shown whole, though the range may end within it.
  const bytes = program.target.memory.readUpTo(start, end - start + LONGEST_INSTRUCTION);
  if (bytes.length === 0) throw new UserError(`the code at ${hex(start)} is not readable`);
  const instructions = disassembler!.disassemble(bytes, start, {
    flavour,
    symbolize: symbolizer(program),
    fileLine: (at) => fileLine(program, at),
  });
  const shown = withoutPadding(instructions.filter(({ address }) => address < end));
  return shown.map((instruction) => {
    const { position } = program.locate(runtimeAddress(instruction.address), false);
    return {
      pc: instruction.address,
      bytes: instruction.bytes,
      text: instruction.text,
      file: position?.file,
      line: position?.line,
      current: instruction.address === here,
      flow: instruction.flow,
      target: instruction.target,
    };
  });
}

function fileLine(program: Program, at: number): string | undefined {
  const { position } = program.locate(runtimeAddress(at), false);
  return position === undefined ? undefined : `${position.file}:${position.line}`;
}

/** The linker fills up to the next function with INT3 on amd64 and zeros on arm64. */
function withoutPadding(instructions: readonly Instruction[]): readonly Instruction[] {
  let end = instructions.length;
  while (end > 1 && instructions[end - 1]!.bytes.every((byte) => byte === 0xcc || byte === 0)) end--;
  return instructions.slice(0, end);
}
