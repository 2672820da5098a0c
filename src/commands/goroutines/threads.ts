import { UserError } from '../../base/index.ts';
import type { Thread } from '../../target/index.ts';
import { type Context, defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { threadNumber } from '../language/kinds.ts';
import type { Style } from '../output/style.ts';
import { type LocationRow, locationRow, positionText, wideHex } from '../output/text.ts';
import type { Scope } from '../session/session.ts';

interface ThreadRow extends LocationRow {
  readonly id: number;
  readonly selected: boolean;
  readonly goroutine: number | undefined;
  /** The signal that stopped it, 0 if none. */
  readonly signal: number;
}

function threadRow(context: Context, thread: Thread): ThreadRow {
  const { program } = context.session;
  const scope: Scope = { thread: thread.id, goroutine: undefined, frame: 0, deferred: undefined };
  const frame = context.session.stack(scope, 1).frames[0];
  const location = frame === undefined ? undefined : locationRow(frame);
  return {
    id: thread.id,
    selected: thread.id === context.scope.thread,
    pc: location?.pc ?? (0 as LocationRow['pc']),
    function: location?.function,
    file: location?.file,
    line: location?.line,
    goroutine: program.runtime === undefined ? undefined : program.goroutineOn(thread.id)?.id,
    signal: thread.currentSignal,
  };
}

function threadLine(row: ThreadRow, style: Style): string {
  const mark = row.selected ? style.paint('current', '* ') : '  ';
  const position = row.file === undefined ? undefined : { file: row.file, line: row.line ?? 0 };
  const place = `${positionText(position, style)} ${style.paint('function', row.function ?? '?')}`;
  const goroutine = row.goroutine === undefined ? '' : ` (goroutine ${row.goroutine})`;
  const signal = row.signal === 0 ? '' : ` [signal ${row.signal}]`;
  return `${mark}Thread ${row.id} at ${style.paint('address', wideHex(row.pc))} ${place}${goroutine}${signal}`;
}

export const threads = defineCommand({
  name: 'threads',
  aliases: [],
  group: 'goroutines',
  summary: 'List the threads of the operating system',
  arguments: {},
  run(context): { readonly threads: readonly ThreadRow[] } {
    const all = [...context.session.program.target.threads].sort((a, b) => a.id - b.id);
    return { threads: all.map((thread) => threadRow(context, thread)) };
  },
  *render({ threads: rows }, style, { session }) {
    // The kernel writes the signal that ended the process to every thread: then it is told of the one that it struck.
    const [first] = rows;
    const everywhere = rows.length > 1 && rows.every(({ signal }) => signal === first?.signal);
    for (const row of rows) {
      const struck = !everywhere || row.id === session.verdict.thread;
      yield threadLine(struck ? row : { ...row, signal: 0 }, style);
    }
  },
});

interface ThreadResult {
  readonly from: number | undefined;
  readonly thread: ThreadRow;
}

export const thread = defineCommand({
  name: 'thread',
  aliases: ['tr'],
  group: 'goroutines',
  summary: 'Show or select a thread, and the goroutine that runs on it',
  arguments: { id: positional(threadNumber, 'the thread; without it the selected one') },
  examples: ['thread', 'thread 4711'],
  run(context, args): ThreadResult {
    const { session } = context;
    const id = args.id ?? session.requireThread(context.scope);
    const found = session.program.target.threads.find((t) => t.id === id);
    if (found === undefined) throw new UserError(`there is no thread ${id}`, '`threads` lists them');
    if (args.id === undefined) return { from: id, thread: threadRow(context, found) };
    const from = session.selection.thread;
    const running = session.program.runtime === undefined ? undefined : session.program.goroutineOn(id);
    session.selection = { thread: id, goroutine: running, frame: 0, deferred: undefined };
    return { from, thread: threadRow({ ...context, scope: session.selection }, found) };
  },
  *render(result, style) {
    if (result.from !== result.thread.id) {
      yield `Switched from ${result.from ?? 'no thread'} to ${result.thread.id}`;
    }
    yield threadLine(result.thread, style);
  },
});
