import { hex, MattockError, type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import { stackPlace, type WatchAccess, type WatchRequest } from '../../debugger/index.ts';
import { evaluate, type Scope, type Value } from '../../expr/index.ts';
import { type Context, defineCommand } from '../command.ts';
import { flag, option, required } from '../language/arguments.ts';
import type { Typed } from '../language/cursor.ts';
import { expression, positiveCount } from '../language/kinds.ts';
import { atColumn as atArgument } from '../output/error-facts.ts';
import { debuggerOf } from '../session/live-control.ts';
import { expressionScope } from '../session/values.ts';
import { atColumn, type BreakpointRow, breakpointName, breakpointRow } from './break.ts';
import { watchText } from './watch-row.ts';
import { contentsOf } from './watched-contents.ts';

const MOST_BYTES = 1 << 30;
/** Of a raw address, without -size: a word. */
const WORD = 8;

export const watch = defineCommand({
  name: 'watch',
  aliases: [],
  group: 'running',
  summary: 'Stop when memory is written, read or executed',
  details:
    'watch [-r|-w|-rw|-x|-rwx] [-size n] <expression> [if condition]. The expression is anything that has an address; ' +
    '*0xc00001a020 is an address itself. -w (writes) is the default; -r stops at reads and at nothing else; -x stops ' +
    'before the instruction there. Up to 4 watches and 32 bytes are kept by the CPU at no cost; more are kept by the ' +
    'protection of their pages, which slows down every access to these. -contents watches what a string or slice ' +
    'refers to, or an interface holds (where that is a pointer, what it points to), and goes with it when it is assigned. A variable on a stack is followed when the stack moves, until ' +
    'its function returns. In the condition the expression itself is the watched value; other names are those of the ' +
    'function that makes the access. Watches are listed, changed and cleared with the breakpoints.',
  examples: [
    'watch account.balance',
    'watch -rw counter if counter > 10',
    'watch -contents name',
    'watch -size 16 *0xc00001a020',
    'watch -x *0x49efc3',
  ],
  arguments: {
    read: flag('-r', 'stop at reads'),
    write: flag('-w', 'stop at writes'),
    readWrite: flag('-rw', 'stop at both'),
    execute: flag('-x', 'stop at execution'),
    all: flag('-rwx', 'reads, writes and execution'),
    size: option('-size', positiveCount('bytes', MOST_BYTES), 'how many bytes; by default those of its type'),
    contents: flag('-contents', 'what a string, slice or interface refers to'),
    what: required(expression, 'what to watch'),
  },
  async prepare({ session }) {
    session.disassembler ??= await session.program.target.arch.loadDisassembler();
  },
  run(context, args): BreakpointRow {
    const { breakpoints } = debuggerOf(context, 'watch');
    const { what, condition } = watchWords(args.what);
    const access = accessOf(args);
    const found = atArgument(what.column, () =>
      subjectOf(context, what.text.trim(), access, args.size, args.contents),
    );
    const request = {
      location: what.text.trim(),
      places: () => [],
      watch: found,
      ...(condition === undefined ? {} : { condition: condition.text }),
    };
    return breakpointRow(atColumn(condition, () => breakpoints.add(request)));
  },
  *render(row, style) {
    const condition = row.condition === undefined ? '' : ` if ${row.condition}`;
    yield `${breakpointName(row)} set on ${watchText(row.watch!, style)}${condition}`;
    if (row.watch!.remark !== undefined) yield `\t${row.watch!.remark}`;
  },
});

interface WatchWords {
  readonly what: Typed;
  readonly condition: Typed | undefined;
}

function watchWords({ text, column }: Typed): WatchWords {
  const split = /^(.*?)\sif\s+(.+)$/s.exec(text);
  if (split === null) return { what: { text, column }, condition: undefined };
  const [, before, condition] = split;
  return {
    what: { text: before!, column },
    condition: { text: condition!, column: column + text.length - condition!.length },
  };
}

function accessOf(args: {
  readonly read: boolean;
  readonly write: boolean;
  readonly readWrite: boolean;
  readonly execute: boolean;
  readonly all: boolean;
}): WatchAccess {
  const read = args.read || args.readWrite || args.all;
  const execute = args.execute || args.all;
  return { read, write: args.write || args.readWrite || args.all || (!read && !execute), execute };
}

/** `*0xc00001a020`: memory without a type. */
const RAW = /^\*\s*(0x[\da-f]+|\d+)$/i;

function subjectOf(
  context: Context,
  text: string,
  access: WatchAccess,
  size: number | undefined,
  contents: boolean,
): WatchRequest {
  const raw = RAW.exec(text);
  if (raw !== null) {
    const address = runtimeAddress(Number(raw[1]));
    return checked(context, { expression: text, access, type: undefined, address, size: size ?? WORD });
  }
  const scope = expressionScope(context);
  const value = evaluate(scope, text);
  if (access.execute && !access.read && !access.write) {
    if (value.storage.kind !== 'function' || value.storage.entry === 0)
      throw new UserError(`${text} is not code`, 'name a function, or an address: *0x49efc3');
    return { expression: text, access, type: undefined, address: value.storage.entry, size: 1 };
  }
  if (contents) return contentsRequest(context, scope, value, { text, access, size });
  const address = addressOf(value, text);
  const request = requestOf(value, address, { text, access, size });
  const place = stackPlace(context.session.program, scope.goroutine, address);
  const again = againFor(context, scope, { text, access, size }, address);
  return checked(context, {
    ...request,
    ...(place === undefined ? {} : { stack: place }),
    ...(again === undefined ? {} : { again }),
  });
}

/** What a variable refers to goes with it; a computed one's is where it is. */
function contentsRequest(
  context: Context,
  scope: Scope,
  value: Value,
  { text, access }: Wanted,
): WatchRequest {
  const found = contentsOf(scope.program, text, value);
  const { header } = found;
  const place = header && stackPlace(scope.program, scope.goroutine, header.address);
  const request = { ...found, access, expression: text, ...(place === undefined ? {} : { stack: place }) };
  if (header !== undefined && found.size === 0) return request;
  return checked(context, request);
}

interface Wanted {
  readonly text: string;
  readonly access: WatchAccess;
  readonly size: number | undefined;
}

function requestOf(value: Value, address: RuntimeAddress, { text, access, size }: Wanted): WatchRequest {
  const whole = size === undefined || size === value.type.size;
  return {
    expression: text,
    access,
    address,
    type: whole ? value.type : undefined,
    size: size ?? value.type.size,
  };
}

function addressOf({ storage }: Value, text: string): RuntimeAddress {
  switch (storage.kind) {
    case 'memory':
      return storage.address;
    case 'none':
      throw new UserError(`${text} is ${storage.reason}`, 'build the program with -gcflags="all=-N -l"');
    case 'bytes':
      throw new UserError(
        `${text} has no address: it is in registers, or was computed`,
        'name a variable, a field, an element, or an address: *0xc00001a020',
      );
    default:
      throw new UserError(`${text} has no address`, 'name a variable, or an address: *0xc00001a020');
  }
}

/** A package's variable is at its place in every process. */
function againFor(
  context: Context,
  scope: Scope,
  wanted: Wanted,
  address: RuntimeAddress,
): (() => WatchRequest | undefined) | undefined {
  if (scope.program.target.modules.at(address) === undefined) return undefined;
  const again = (): WatchRequest | undefined => {
    const { program } = context.session;
    const frame = scope.frame && { ...scope.frame, module: undefined };
    try {
      const value = evaluate({ program, goroutine: undefined, thread: undefined, frame }, wanted.text);
      return { ...requestOf(value, addressOf(value, wanted.text), wanted), again };
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      return undefined;
    }
  };
  return again;
}

/** There is something to watch. */
function checked({ session }: Context, request: WatchRequest): WatchRequest {
  const { address, size, access, expression: text } = request;
  if (size === 0) throw new UserError(`${text} has no bytes: nothing can be done to it`);
  if (access.execute && (access.read || access.write) && size > 0 && request.type !== undefined) {
    // Data is not executed; -rwx of data means all that can be done to it.
    return checked({ session } as Context, { ...request, access: { ...access, execute: false } });
  }
  if (session.program.target.memory.tryRead(address, 1) === undefined)
    throw new UserError(`nothing is mapped at ${hex(address)}`);
  return request;
}
