import { hex, type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import { bytesToText } from '../../expr/index.ts';
import { defineCommand } from '../command.ts';
import { option, positional } from '../language/arguments.ts';
import { choice, expression, positiveCount, shortExpression } from '../language/kinds.ts';
import { harmless, type Style } from '../output/style.ts';
import { columns } from '../output/text.ts';
import { evaluateAddress } from '../session/values.ts';

const FORMATS = ['hex', 'hexadecimal', 'dec', 'decimal', 'oct', 'octal', 'bin', 'binary', 'raw'] as const;
type Format = 'hex' | 'dec' | 'oct' | 'bin' | 'raw';
const MOST_BYTES = 1 << 16;

interface ExamineResult {
  readonly address: RuntimeAddress;
  readonly size: number;
  readonly format: Format;
  readonly values: readonly bigint[];
  /** Where reading had to stop, if it did. */
  readonly unreadable: RuntimeAddress | undefined;
}

export const examinemem = defineCommand({
  name: 'examinemem',
  aliases: ['x'],
  group: 'data',
  summary: 'Show memory as numbers',
  details: '`mem read` shows it as bytes and text.',
  examples: ['x -fmt hex -count 20 -size 1 0xc00008af38', 'x -count 4 -size 8 -x &buffer'],
  arguments: {
    format: option('-fmt', choice('format', FORMATS), 'hex (the default), dec, oct, bin, or raw: as text'),
    count: option(['-count', '-len'], positiveCount('count', MOST_BYTES), 'how many numbers (1)'),
    size: option('-size', positiveCount('size', 8), 'bytes of each number, 1 to 8 (1)'),
    expression: option('-x', expression, 'an address or pointer, as an expression; it must come last'),
    address: positional(shortExpression, 'where'),
  },
  run(context, args): ExamineResult {
    const where = args.expression ?? args.address;
    if (where === undefined) throw new UserError('an address is missing', '`help x` has examples');
    const address = evaluateAddress(context, where);
    const size = args.size ?? 1;
    const count = args.count ?? 1;
    if (size * count > MOST_BYTES) throw new UserError(`more than ${MOST_BYTES} bytes are too many to show`);
    const bytes = context.session.program.target.memory.readUpTo(address, size * count);
    const whole = Math.floor(bytes.length / size);
    if (whole === 0) throw new UserError(`the memory at ${hex(address)} is not readable`);
    return {
      address,
      size,
      format: (args.format ?? 'hex').slice(0, 3) as Format,
      values: Array.from({ length: whole }, (_, i) => numberAt(bytes, i * size, size)),
      unreadable: whole === count ? undefined : runtimeAddress(address + bytes.length),
    };
  },
  *render({ address, size, format, values, unreadable }, style) {
    if (format === 'raw') {
      yield* rawText(values, size);
    } else {
      yield* table({ address, size, format, values }, style);
    }
    if (unreadable !== undefined) yield style.paint('warning', `(not readable from ${hex(unreadable)} on)`);
  },
});

function* table(
  {
    address,
    size,
    format,
    values,
  }: Omit<ExamineResult, 'unreadable' | 'format'> & { readonly format: Exclude<Format, 'raw'> },
  style: Style,
): Iterable<string> {
  const perRow = format === 'bin' ? 4 : 8;
  const rows: string[][] = [];
  for (let i = 0; i < values.length; i += perRow) {
    const cells = values.slice(i, i + perRow).map((value) => FORMATTERS[format](value, size));
    rows.push([`${hex(address + i * size)}:`, ...cells]);
  }
  yield* columns(rows, (cell, i) => (i === 0 ? style.paint('address', cell) : cell));
}

/** As `bytesToText` marks them. */
const NO_UTF8 = /(?<![\ud800-\udbff])[\udc80-\udcff]/g;

/** The bytes as text with its line ends; what is no text, and would play with a terminal, as \xNN. */
function rawText(values: readonly bigint[], size: number): string[] {
  const bytes = Uint8Array.from(
    values.flatMap((value) =>
      Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)),
    ),
  );
  const text = bytesToText(bytes).replace(
    NO_UTF8,
    (byte) => `\\x${(byte.charCodeAt(0) - 0xdc00).toString(16)}`,
  );
  return harmless(text).split('\n');
}

const FORMATTERS: Readonly<Record<Exclude<Format, 'raw'>, (value: bigint, size: number) => string>> = {
  hex: (value, size) => `0x${value.toString(16).padStart(size * 2, '0')}`,
  dec: (value, size) => value.toString().padStart(size * 3, '0'),
  // One leading zero says that it is octal.
  oct: (value, size) => `0${value.toString(8).padStart(size * 3, '0')}`,
  bin: (value, size) => value.toString(2).padStart(size * 8, '0'),
};

function numberAt(bytes: Uint8Array, offset: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[offset + i]!);
  return value;
}
