import { hex } from '../../base/index.ts';
import type { PanicFacts, Verdict } from '../../golang/index.ts';
import { type Context, defineCommand } from '../command.ts';
import { goroutineLine } from '../goroutines/row.ts';
import { errorFacts } from '../output/error-facts.ts';
import { renderListing, type SourceListing, sourceListing } from '../output/source-listing.ts';
import { harmless, type Style } from '../output/style.ts';
import { plural, positionText } from '../output/text.ts';
import { panicText } from '../session/values.ts';
import { type FrameRow, frameRow } from '../stacks/frame-row.ts';

const LINES_AROUND = 2;

interface PanicRow {
  readonly type: string | undefined;
  readonly text: string | undefined;
  readonly recovered: boolean;
  readonly goexit: boolean;
}

interface VerdictResult {
  readonly program: string | undefined;
  readonly commandLine: string | undefined;
  readonly pid: number | undefined;
  readonly goVersion: string | undefined;
  readonly architecture: string;
  readonly origin: string;
  readonly signal: Verdict['signal'];
  readonly sender: { readonly pid: number; readonly uid: number } | undefined;
  readonly fault: Verdict['fault'];
  readonly panics: readonly PanicRow[];
  readonly fatal: string | undefined;
  readonly thread: number;
  readonly goroutine: number | undefined;
  readonly frame: FrameRow | undefined;
  readonly source: SourceListing | undefined;
  readonly counts: Verdict['counts'];
  readonly warnings: readonly string[];
}

export const verdict = defineCommand({
  name: 'verdict',
  aliases: [],
  group: 'session',
  summary: 'Say what ended the program, and where',
  details: 'This is what a session opens with.',
  arguments: {},
  run(context): VerdictResult {
    const { session } = context;
    const facts = session.verdict;
    const { target, runtime } = session.program;
    return {
      program: target.process.executable ?? target.modules.executable?.path,
      commandLine: target.process.commandLine,
      pid: target.process.pid,
      // Of a core that is cut, the runtime's state may be lost while its binary is there.
      goVersion: runtime?.version ?? target.modules.executable?.image?.buildInfo?.goVersion,
      architecture: target.arch.name,
      origin: target.process.origin,
      signal: facts.signal,
      sender: facts.signal?.sender,
      fault: facts.fault,
      panics: facts.panics.map((panic) => panicRow(context, panic)),
      fatal: facts.fatal,
      thread: facts.thread,
      goroutine: facts.goroutine?.id,
      frame: facts.frame === undefined ? undefined : frameRow(facts.frame),
      source: listing(context, facts),
      // Going through a million goroutines takes seconds: the rest is shown before.
      get counts() {
        return facts.counts;
      },
      warnings: target.warnings,
    };
  },
  *render(result, style, context) {
    for (const warning of result.warnings) yield style.paint('warning', `Warning: ${harmless(warning)}`);
    yield* renderCause(result, style);
    yield* renderPlace(result, style, context);
    context.session.showSoFar?.();
    const { counts } = result;
    if (counts !== undefined) yield countsText(counts);
  },
});

export function panicRow(context: Context, panic: PanicFacts): PanicRow {
  const { type, recovered, goexit } = panic;
  let { text } = panic;
  if (text === undefined && !goexit) {
    try {
      text = panicText(context, panic);
    } catch (error) {
      const facts = errorFacts(error);
      if (facts.family === 'internal') throw error;
      text = `(unreadable ${facts.message})`;
    }
  }
  return { type, text, recovered, goexit };
}

function listing({ session }: Context, { frame }: Verdict): SourceListing | undefined {
  const position = frame?.position;
  const lines = position === undefined ? undefined : session.sourceLines(position.file);
  if (position === undefined || lines === undefined) return undefined;
  return sourceListing(position.file, lines, position.line, LINES_AROUND, position.line);
}

function* renderCause(result: VerdictResult, style: Style): Iterable<string> {
  const { signal, fault, fatal, sender } = result;
  const about = [
    result.commandLine ?? result.program,
    readAs(result),
    result.pid === undefined ? undefined : `process ${result.pid}`,
    result.goVersion ?? 'not a Go program',
    result.architecture,
  ];
  yield style.paint(
    'comment',
    harmless(about.filter((part) => part !== undefined && part !== '').join(', ')),
  );
  for (const panic of result.panics) yield style.paint('error', harmless(panicLine(panic)));
  if (fatal !== undefined) yield style.paint('error', `fatal error: ${harmless(fatal)}`);
  if (signal !== undefined) {
    const code = signal.code === undefined ? '' : ` (${signal.code.name}: ${signal.code.meaning})`;
    const by =
      sender === undefined || sender.pid === 0 || sender.pid === result.pid
        ? ''
        : `, sent by process ${sender.pid}`;
    yield `signal ${signal.number} ${style.paint('heading', signal.name)}: ${signal.meaning}${code}${by}`;
  }
  if (fault !== undefined) yield `fault address ${hex(fault.address)}: ${fault.what}`;
}

/** A renamed program, or with --accept-mismatch another one, is told apart from what was run. */
function readAs({ commandLine, program }: VerdictResult): string | undefined {
  if (commandLine === undefined || program === undefined) return undefined;
  const name = program.slice(program.lastIndexOf('/') + 1);
  const known = commandLine.length < MOST_COMMAND_LINE && !commandLine.includes(name);
  return known ? `read as ${program}` : undefined;
}

/** elf_prpsinfo.pr_psargs keeps 79 bytes (include/linux/elfcore.h, ELF_PRARGSZ). */
const MOST_COMMAND_LINE = 79;

export function panicLine({ type, text, recovered, goexit }: PanicRow): string {
  if (goexit) return 'runtime.Goexit in progress';
  // The runtime puts the text of an error in the place of the error (runtime/panic.go, preprintpanics).
  const known = type === undefined || type === 'string' || text?.startsWith(type) === true;
  const kind = known ? '' : ` (${type})`;
  return `panic: ${text ?? '?'}${kind}${recovered ? ' [recovered]' : ''}`;
}

function* renderPlace(result: VerdictResult, style: Style, context: Context): Iterable<string> {
  const { frame, source } = result;
  const { goroutine } = context.session.verdict;
  yield goroutine === undefined
    ? `Thread ${result.thread}`
    : `${goroutineLine(goroutine, 'user', style, context.session)}`;
  if (frame === undefined) return;
  const position = frame.file === undefined ? undefined : { file: frame.file, line: frame.line ?? 0 };
  yield `Frame ${frame.index}: ${style.paint('function', frame.function ?? '?')} at ${positionText(position, style)} (PC: ${hex(frame.pc)})`;
  if (source !== undefined) yield* renderListing(source, style, context.session.settings.values.tab);
}

function countsText({ total, byState }: NonNullable<Verdict['counts']>): string {
  const states = [...byState].sort((a, b) => b[1] - a[1]).map(([state, count]) => `${count} ${state}`);
  return [plural(total, 'goroutine'), states.join(', ')].filter((part) => part !== '').join(': ');
}
