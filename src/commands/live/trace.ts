import { UserError } from '../../base/index.ts';
import type { Breakpoint, CallEvent } from '../../debugger/index.ts';
import { renderSingleLine, SHORT_LIMITS, type ShownValue, show } from '../../expr/index.ts';
import type { Program } from '../../golang/index.ts';
import { type Answer, defineCommand } from '../command.ts';
import { plainValue } from '../data/variable-row.ts';
import { flag, option, positional } from '../language/arguments.ts';
import { duration } from '../language/duration.ts';
import { count, location, word } from '../language/kinds.ts';
import { LOCSPEC_HELP } from '../language/locspec.ts';
import { harmless, type Style } from '../output/style.ts';
import { locationText } from '../output/text.ts';
import type { Happening } from '../session/happening.ts';
import { debuggerOf, liveOf } from '../session/live-control.ts';
import {
  atColumn,
  type BreakpointRow,
  breakpointName,
  breakpointRow,
  breakWords,
  placesIn,
  placesText,
} from './break.ts';
import { refuseWithout, traceGoroutines } from './trace-goroutines.ts';

export const trace = defineCommand({
  name: 'trace',
  aliases: ['t'],
  group: 'running',
  summary: 'Tell of calls instead of stopping, or of what goroutines do',
  details:
    'trace [name] <locspec> [if condition]. While the program runs, a line is shown for every call of the function and one ' +
    'for its return. A place within a function, or a call that was inlined, is told of when it is reached. Tracepoints are listed and removed with ' +
    '' +
    'the breakpoints. Functions that are called often get inline probes for as long as the program runs on, if all that is ' +
    'shown of their arguments and results can be kept (no maps, channels and functions) and no breakpoint is in ' +
    'the way; all others stop their thread for a moment at each call. What is told is the same, but that what interfaces ' +
    'hold that is no pointer is then read a little later, and says so.\n\n' +
    'trace -g <pattern> [-t 5s]. The program runs, and a line is shown for whatever happens to goroutines that enter or wait in a matching ' +
    'function, and to those that they create, in turn: created, running, blocked and on what, unblocked by whom, system calls, ' +
    'ended. A pattern is a name with *, or /regexp/. It goes on until the time is over, Ctrl-C, or something else that stops the ' +
    'program. Meanwhile a few functions of the runtime, and those that match, jump to probes (tens of nanoseconds an event); ' +
    'afterwards the code is what it was. No breakpoint may stand where a probe is to be. `mattock trace -o` keeps what it sees ' +
    `in a file.\n\n${LOCSPEC_HELP}`,
  examples: [
    'trace main.handle',
    'trace /main\\.parse.*/',
    'trace -stack 5 main.handle if n > 100',
    'trace -g main.handleRequest',
    'trace -g "net.*" -t 5s',
  ],
  arguments: {
    stack: option('-stack', count('frames'), 'frames of the stack that are shown with each call'),
    goroutines: option(
      '-g',
      word('pattern'),
      'tell of goroutines that enter a matching function, or wait in one',
    ),
    time: option('-t', duration, 'with -g: for how long'),
    limit: option(
      '-limit',
      count('events'),
      'with -g: how many events a second have a line; 0: all; 200 by itself',
    ),
    states: flag('-states', "with -g: the runtime's names of states, and addresses of code"),
    stacks: flag('-stacks', 'with -g: where a goroutine blocks, creates or wakes another one'),
    location: positional(location, '[name] <locspec> [if condition]'),
  },
  prepare: (context) => liveOf(context, 'trace').prepareRecording(),
  run(context, args): BreakpointRow | Answer {
    const { stack, location: typed, goroutines } = args;
    if (goroutines !== undefined) {
      if (typed !== undefined || stack !== undefined)
        throw new UserError('-g follows goroutines, a place traces calls: one of the two');
      return traceGoroutines(context, args, goroutines);
    }
    refuseWithout(args);
    const { breakpoints } = debuggerOf(context, 'trace');
    if (typed === undefined) throw new UserError('what is to be traced?', 'name a function');
    const { session } = context;
    breakpoints.onTrace ??= (breakpoint, event, program) =>
      session.tell?.(new TracedCall(program, breakpoint, event));
    breakpoints.onMissing ??= () => session.tell?.(MISSING);
    const { name, where, condition } = breakWords(typed);
    const request = {
      ...(name === undefined ? {} : { name }),
      ...(condition === undefined ? {} : { condition: condition.text }),
      location: where.text.trim(),
      places: placesIn(context, where),
      trace: { depth: stack ?? 0 },
    };
    return breakpointRow(atColumn(condition, () => breakpoints.add(request)));
  },
  *render(row, style) {
    const condition = row.condition === undefined ? '' : ` if ${row.condition}`;
    yield `${breakpointName(row)} set at ${placesText(row.places, style)}${condition}`;
  },
});

/** Nobody took for too long what was seen of calls. */
const MISSING: Happening = {
  toPlain: () => ({ event: 'trace', kind: 'missing' }),
  text: (style) => [style.paint('error', '> calls are missing here: they could not be told fast enough')],
};

interface SeenValue {
  readonly name: string;
  readonly value: ShownValue;
  /** Some of it was read as it was told of, and may have been something else at the call. */
  readonly readLate: boolean;
}

const valueText = ({ value, readLate }: SeenValue): string =>
  `${renderSingleLine(value)}${readLate ? ' (read later)' : ''}`;

/** A call or a return that a tracepoint saw. Its values are read now: what they point to may change. */
class TracedCall implements Happening {
  readonly #id: number;
  readonly #event: CallEvent;
  readonly #values: readonly SeenValue[];

  constructor(program: Program, breakpoint: Breakpoint, event: CallEvent) {
    this.#id = breakpoint.id;
    this.#event = event;
    this.#values = event.values.map(({ name, value }) => {
      const shown = (): ShownValue => show(program, value, SHORT_LIMITS);
      const { result, readLate } = event.watch?.(shown) ?? { result: shown(), readLate: false };
      return { name, value: result, readLate };
    });
  }

  toPlain(): Readonly<Record<string, unknown>> {
    const { kind, function: name, goid, thread, duration, stack } = this.#event;
    return {
      event: 'trace',
      kind,
      tracepoint: this.#id,
      function: name,
      goroutine: goid,
      thread,
      values: this.#values.map(({ name: of, value, readLate }) => ({
        name: of,
        ...plainValue(value),
        ...(readLate ? { readLater: true } : {}),
      })),
      ...(duration === undefined ? {} : { nanoseconds: Math.round(duration * 1e6) }),
      ...(stack === undefined
        ? {}
        : {
            stack: stack.frames.map(({ pc, function: of, position }) => ({ pc, function: of, ...position })),
          }),
    };
  }

  *text(style: Style): Iterable<string> {
    const { kind, function: name, goid, thread, duration, stack, described } = this.#event;
    const who = goid === undefined ? `thread(${thread})` : `goroutine(${goid})`;
    const called = style.paint('function', name);
    const values = this.#values.map((one) => harmless(valueText(one)));
    if (kind === 'reached' && values.length === 0) yield `> ${who}: ${called}`;
    else if (kind !== 'return') {
      const texts = values.map((text, i) => `${style.paint('name', this.#values[i]!.name)} = ${text}`);
      yield `> ${who}: ${called}(${described ? texts.join(', ') : '?'})`;
    } else yield `>> ${who}: ${called} => (${described ? values.join(', ') : '?'})${durationText(duration)}`;
    for (const frame of stack?.frames ?? []) yield `\t${locationText(frame, style)}`;
  }
}

function durationText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '';
  if (milliseconds < 0.001) return ` ${(milliseconds * 1e6).toFixed(0)}ns`;
  if (milliseconds < 1) return ` ${(milliseconds * 1000).toFixed(0)}µs`;
  return milliseconds < 1000 ? ` ${milliseconds.toFixed(2)}ms` : ` ${(milliseconds / 1000).toFixed(2)}s`;
}
