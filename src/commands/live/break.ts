import { hex, UserError } from '../../base/index.ts';
import type {
  Breakpoint,
  BreakpointPlace,
  FindPlaces,
  RefusedPlace,
  TraceRequest,
} from '../../debugger/index.ts';
import type { Program } from '../../golang/index.ts';
import { resolveBreakpoint } from '../code/breakpoint-places.ts';
import { CodeNotFound } from '../code/resolve-location.ts';
import { type Context, defineCommand } from '../command.ts';
import { flag, positional } from '../language/arguments.ts';
import type { Typed } from '../language/cursor.ts';
import { location } from '../language/kinds.ts';
import { LOCSPEC_HELP } from '../language/locspec.ts';
import type { Style } from '../output/style.ts';
import { plural, positionText } from '../output/text.ts';
import { debuggerOf } from '../session/live-control.ts';
import { type WatchRow, watchRowOf, watchText } from './watch-row.ts';

/** A breakpoint as data. */
export interface BreakpointRow {
  readonly id: number;
  readonly name: string | undefined;
  readonly location: string;
  readonly enabled: boolean;
  readonly places: readonly BreakpointPlace[];
  readonly condition: string | undefined;
  /** Those of its places where the condition cannot be evaluated: it does not stop there. */
  readonly refused: readonly RefusedPlace[];
  readonly hitCondition: string | undefined;
  readonly actions: readonly string[];
  readonly hits: number;
  /** What is watched; undefined of breakpoints in code. */
  readonly watch: WatchRow | undefined;
  /** It does not stop but tells of calls. */
  readonly trace: TraceRequest | undefined;
}

export const breakpointRow = (breakpoint: Breakpoint): BreakpointRow => {
  const { id, name, enabled, places, condition, hitCondition: when, actions, hits } = breakpoint;
  const hitCondition = when && `${when.operator} ${when.count}${when.perGoroutine ? ' per goroutine' : ''}`;
  return {
    id,
    name,
    location: breakpoint.location,
    enabled,
    places,
    condition,
    refused: breakpoint.refused,
    hitCondition,
    actions: [...actions],
    hits,
    watch: breakpoint.watch && watchRowOf(breakpoint.watch),
    trace: breakpoint.trace,
  };
};

export const breakpointName = ({
  id,
  name,
  watch,
  trace,
}: {
  readonly id: number;
  readonly name: string | undefined;
  readonly watch?: unknown;
  readonly trace?: unknown;
}): string => {
  const inCode = trace === undefined ? 'Breakpoint' : 'Tracepoint';
  const kind = watch === undefined ? inCode : 'Watchpoint';
  // Those that are always there are known by their names.
  if (id < 0 && name !== undefined) return `${kind} ${name}`;
  return name === undefined ? `${kind} ${id}` : `${kind} ${id} (${name})`;
};

/** Where it is: its places in the code, or the memory that it watches. */
export const whereText = ({ watch, places }: BreakpointRow, style: Style): string =>
  watch === undefined ? `at ${placesText(places, style)}` : `on ${watchText(watch, style)}`;

export const breakCommand = defineCommand({
  name: 'break',
  aliases: ['b'],
  group: 'running',
  summary: 'Set a breakpoint',
  details:
    'break [name] [locspec] [if condition]. Without a locspec it is set at the selected line. With a condition the program ' +
    'stops only where it is true; `condition` changes it later. What is not in the program yet (a plugin) is ' +
    `pending until it is loaded.\n\n${LOCSPEC_HELP}`,
  examples: ['break main.main', 'break main.go:30', 'b *0x49efc3', 'break slow main.handle if n > 100'],
  arguments: {
    pending: flag('-pending', 'wait for code that is not there'),
    location: positional(location, '[name] [locspec] [if condition]'),
  },
  run(context, { pending, location: typed }): BreakpointRow {
    const control = debuggerOf(context, 'break');
    const { name, where, condition } = breakWords(typed ?? { text: '+0', column: 0 });
    const places = findPlaces(context, where);
    const found = attempt(places, pending || mayLoadCode(context), context.session.program);
    const request = {
      ...(name === undefined ? {} : { name }),
      ...(condition === undefined ? {} : { condition: condition.text }),
      location: where.text.trim(),
      places: found,
    };
    return breakpointRow(atColumn(condition, () => control.breakpoints.add(request)));
  },
  *render(row, style) {
    const condition = row.condition === undefined ? '' : ` if ${row.condition}`;
    if (row.places.length === 0)
      yield `${breakpointName(row)} is pending: nothing in the program is called ${row.location} (mistyped?); it stops there if a plugin, a library or another program brings it`;
    else yield `${breakpointName(row)} set at ${placesText(row.places, style)}${condition}`;
    yield* refusedText(row, style);
  },
});

interface BreakWords {
  readonly name: string | undefined;
  readonly where: Typed;
  readonly condition: Typed | undefined;
}

/** `[name] [locspec] [if condition]`: a name is a word of its own before the locspec. */
export function breakWords({ text, column }: Typed): BreakWords {
  const split = /^(.*?)(?:^|\s)if\s+(.+)$/s.exec(text);
  const before = (split?.[1] ?? text).trimEnd();
  const condition =
    split === null ? undefined : { text: split[2]!, column: column + text.length - split[2]!.length };
  const named = /^\s*([A-Za-z_][\w-]*)\s+(\S.*)$/s.exec(before);
  if (named !== null && !before.trimStart().startsWith('/')) {
    const [, name, rest] = named;
    return { name, where: { text: rest!, column: column + before.length - rest!.length }, condition };
  }
  return {
    name: undefined,
    where: before.trim() === '' ? { text: '+0', column } : { text: before, column },
    condition,
  };
}

/** `+0` and the like mean a place that is selected now; later it is looked for by file and line. */
function findPlaces(context: Context, typed: Typed): FindPlaces {
  const relative = /^\s*[+-]?\d+\s*$/.test(typed.text);
  if (!relative) return placesIn(context, typed);
  const [first] = resolveBreakpoint(context, typed);
  const { position } = first ?? {};
  if (position === undefined) return placesIn(context, typed);
  return placesIn(context, { ...typed, text: `${position.file}:${position.line}` });
}

/** A place's meaning in any process of the session; an address means nothing in another program. */
export function placesIn(context: Context, typed: Typed): FindPlaces {
  const { session } = context;
  const { executable } = session.program.target.process;
  return (program) => {
    if (program === session.program) return resolveBreakpoint(context, typed);
    if (typed.text.trimStart().startsWith('*') && program.target.process.executable !== executable) return [];
    const beside = session.beside(program);
    return resolveBreakpoint({ ...context, session: beside, scope: beside.selection }, typed);
  };
}

/** The first search says what is wrong, unless the code may come later; what it found is not looked for twice. */
function attempt(places: FindPlaces, mayCome: boolean, program: Program): FindPlaces {
  if (!mayCome) {
    let first: readonly BreakpointPlace[] | undefined = places(program);
    return (other) => {
      const found = (other === program ? first : undefined) ?? places(other);
      first = undefined;
      return found;
    };
  }
  return (other) => {
    try {
      return places(other);
    } catch (error) {
      if (error instanceof CodeNotFound) return [];
      throw error;
    }
  };
}

/** Only what is linked dynamically can load plugins and libraries; children that are followed may be other programs. */
const mayLoadCode = ({ session }: Context): boolean =>
  session.live?.processes.follow !== undefined ||
  session.program.target.modules.executable?.image?.section('.interp') !== undefined;

/** An error in the condition is at its place in the line. */
export function atColumn<T>(condition: Typed | undefined, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof UserError) || error.column === undefined || condition === undefined) throw error;
    throw new UserError(error.message, error.remedy, error.column + condition.column);
  }
}

/** Where its condition does not stop it, and why. */
export function* refusedText({ refused }: BreakpointRow, style: Style): Iterable<string> {
  for (const { place, why } of refused) yield `\tnot at ${placesText([place], style)}: ${why}`;
}

export function placesText(places: readonly BreakpointPlace[], style: Style): string {
  const [first] = places;
  if (first === undefined) return '(pending)';
  const { address, function: name, position } = first;
  const where = position === undefined ? '' : ` ${positionText(position, style)}`;
  const more = places.length > 1 ? ` and ${plural(places.length - 1, 'more place')}` : '';
  return `${style.paint('address', hex(address))} for ${style.paint('function', name ?? '?')}()${where}${more}`;
}
