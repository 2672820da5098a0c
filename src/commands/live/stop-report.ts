import { assertUnreachable, hex } from '../../base/index.ts';
import type { Stop, StopCause } from '../../debugger/index.ts';
import type { Frame } from '../../golang/index.ts';
import { describeSignal } from '../../target/index.ts';
import type { Context } from '../command.ts';
import { type DisplayedRow, displayed, renderDisplayed } from '../data/display-rows.ts';
import { renderListing, type SourceListing, sourceListing } from '../output/source-listing.ts';
import type { Style } from '../output/style.ts';
import { type LocationRow, locationRow, positionText } from '../output/text.ts';
import type { Scope } from '../session/session.ts';
import { type ActionRow, runActions } from './actions.ts';
import { breakpointName } from './break.ts';
import { finishedText } from './call-report.ts';
import { type Death, deathOf, renderDeath } from './death-report.ts';
import { watchRow } from './watch-report.ts';

/** Where and why the program stopped: the answer of everything that lets it run. */
export interface StopReport {
  readonly causes: readonly CauseRow[];
  readonly goroutine: number | undefined;
  readonly thread: number | undefined;
  readonly location: LocationRow | undefined;
  readonly source: SourceListing | undefined;
  readonly displayed: readonly DisplayedRow[];
  /** The program is about to die: of what. */
  readonly death: Death | undefined;
  /** What the breakpoints' own commands (`on`) said. */
  readonly actions: readonly ActionRow[];
  /** What stopped other processes of the session at the same time. */
  readonly others: readonly OtherRow[];
}

interface OtherRow {
  readonly pid: number;
  readonly causes: readonly CauseFacts[];
}

type CauseFacts = { readonly kind: StopCause['kind']; readonly text: string } & Readonly<
  Record<string, unknown>
>;

/** A cause, and where its own thread stands: several may have come at once. */
type CauseRow = CauseFacts & { readonly at: LocationRow | undefined; readonly by: number | undefined };

/** The program has stopped: brings the session to that place, and tells of it. */
export function reportStop(context: Context, stop: Stop): StopReport {
  const { session } = context;
  const { selected } = session.live!.processes;
  if (session.program !== selected.program) session.turnTo(selected.program);
  const { ended } = selected.target;
  const others = stop.others.map(({ pid, causes }) => ({ pid, causes: causes.map(otherCause) }));
  if (ended !== undefined) {
    const nowhere = { at: undefined, by: undefined };
    return {
      causes: stop.causes.map((cause) => ({ ...causeRow(context, cause), ...nowhere })),
      goroutine: undefined,
      thread: undefined,
      location: undefined,
      source: undefined,
      death: undefined,
      displayed: [],
      actions: [],
      others,
    };
  }
  session.refresh(scopeAt(context, stop));
  const { goroutine, thread } = session.selection;
  const frame = session.frame(session.selection);
  const { position } = frame;
  const lines = position && session.sourceAtStop(position.file);
  const around = session.settings.values['source-list-line-count'];
  const here = { ...context, scope: session.selection };
  return {
    causes: stop.causes.map((cause) => causeRowAt(context, cause, frame)),
    goroutine: goroutine?.id,
    thread,
    location: locationRow(frame),
    source:
      position === undefined || lines === undefined
        ? undefined
        : sourceListing(position.file, lines, position.line, around, position.line),
    death: deathOf(context, stop),
    displayed: displayed(here),
    actions: runActions(here, stop),
    others,
  };
}

/** Who stopped; where nobody did and nobody runs, the goroutine that was selected before, wherever it waits. */
function scopeAt({ session }: Context, { causes, thread }: Stop): Scope {
  const goroutine = session.program.goroutineOn(thread);
  const before = session.selection.goroutine;
  if (goroutine === undefined && before !== undefined && causes.every((cause) => !('thread' in cause))) {
    const again = session.program.goroutine(before.id);
    if (again !== undefined) return session.scopeOf(again);
  }
  return { thread, goroutine, frame: 0, deferred: undefined };
}

function causeRowAt(context: Context, cause: StopCause, shown: Frame): CauseRow {
  const { at, by } = placeOf(context, cause, shown);
  // Most stops are ends of steps.
  if (cause.kind === 'step') return { kind: 'step', text: '', at, by };
  return { ...causeRow(context, cause), at, by };
}

/** Where and by whom it was; what nobody caused, where the program is shown (`shown`). */
function placeOf({ session }: Context, cause: StopCause, shown: Frame): Pick<CauseRow, 'at' | 'by'> {
  const { program, selection } = session;
  if (!('thread' in cause) || cause.thread === selection.thread)
    return { at: locationRow(shown), by: selection.goroutine?.id };
  const { thread } = cause;
  if (program.target.threads.every(({ id }) => id !== thread)) return { at: undefined, by: undefined };
  const [frame] = program.stackOfThread(thread, 1).frames;
  return { at: frame && locationRow(frame), by: program.goroutineOn(thread)?.id };
}

function causeRow(context: Context, cause: StopCause): CauseFacts {
  switch (cause.kind) {
    case 'breakpoint': {
      const { breakpoint, goid, number, problem } = cause;
      const name = breakpoint.name ?? `Breakpoint ${breakpoint.id}`;
      const own = goid === undefined ? '' : `goroutine(${goid}):${number.ofGoroutine} `;
      const failed = problem === undefined ? '' : ` (its condition fails: ${problem})`;
      const text = `[${name}] hits ${own}total:${number.total}${failed}`;
      return {
        kind: 'breakpoint',
        text,
        id: breakpoint.id,
        name: breakpoint.name,
        goroutine: goid,
        hits: number.total,
      };
    }
    case 'watchpoint': {
      const { breakpoint, number, problem } = cause;
      const failed = problem === undefined ? '' : ` (its condition fails: ${problem})`;
      const name = breakpoint.name ?? `Watchpoint ${breakpoint.id}`;
      const text = `[${name}] hits total:${number.total}${failed}`;
      return { kind: 'watchpoint', text, ...watchRow(context, cause) };
    }
    case 'watch-ended': {
      const { id, watch } = cause.breakpoint;
      const text = `[Watchpoint ${id}] ends, ${watch?.expression ?? ''} is gone: ${cause.why}`;
      return { kind: 'watch-ended', text, id };
    }
    case 'step':
      return { kind: 'step', text: '' };
    case 'call':
      return {
        kind: 'call',
        text: finishedText(cause.call),
        goroutine: cause.call.goroutine,
        result: cause.call.result,
      };
    case 'own-trap':
      return { kind: 'own-trap', text: '[hardcoded breakpoint]', address: cause.address };
    case 'signal': {
      const { name } = describeSignal(cause.info.signo);
      return { kind: 'signal', text: `received ${name}`, signal: cause.info.signo };
    }
    case 'interrupt':
      return { kind: 'interrupt', text: 'interrupted' };
    case 'time':
      return { kind: 'time', text: 'the time is over' };
    case 'elsewhere':
      return { kind: 'elsewhere', text: 'stopped because another process did' };
    case 'exec':
      return { kind: 'exec', text: 'the process runs another program' };
    case 'ended': {
      const { end } = cause;
      if (end.kind === 'exited')
        return { kind: 'ended', text: `Process has exited with status ${end.status}`, status: end.status };
      if (end.kind === 'killed')
        return {
          kind: 'ended',
          text: `Process was killed by ${describeSignal(end.signal).name}`,
          signal: end.signal,
        };
      return { kind: 'ended', text: 'Process was let go' };
    }
    default:
      return assertUnreachable(cause);
  }
}

/** As much of it as is the same whatever is selected. */
function otherCause(cause: StopCause): CauseFacts {
  if (cause.kind !== 'breakpoint' && cause.kind !== 'watchpoint')
    return { kind: cause.kind, text: cause.kind };
  const { id, name } = cause.breakpoint;
  return { kind: cause.kind, text: `[${name ?? breakpointName(cause.breakpoint)}]`, id };
}

/** `more` stands between where it stopped and the source there. */
export function* renderStop(
  report: StopReport,
  style: Style,
  context: Context,
  more: Iterable<string> = [],
): Iterable<string> {
  const { source } = report;
  for (const { text, lines, at, by } of report.causes) {
    if (at === undefined) {
      yield text;
      continue;
    }
    const { file, line, pc } = at;
    const position = file === undefined || line === undefined ? undefined : { file, line };
    const name = style.paint('function', at.function ?? '?');
    const who = by === undefined ? '' : ` (goroutine ${by})`;
    yield `> ${text === '' ? '' : `${text} `}${name}() ${positionText(position, style)} (PC: ${hex(pc)})${who}`;
    if (Array.isArray(lines)) for (const line of lines) yield `\t${line}`;
  }
  yield* more;
  if (report.death !== undefined) yield* renderDeath(report.death, style);
  if (source !== undefined) yield* renderListing(source, style, context.session.settings.values.tab);
  yield* renderDisplayed(report.displayed, style);
  for (const action of report.actions) yield* action.text(style);
  for (const { pid, causes } of report.others)
    yield `Process ${pid} has stopped too: ${causes.map(({ text }) => text).join(', ')} (\`target switch ${pid}\`)`;
}
