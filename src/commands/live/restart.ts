import { type Context, defineCommand } from '../command.ts';
import { type ArgumentsOf, flag, positional } from '../language/arguments.ts';
import { restOfLine } from '../language/kinds.ts';
import type { Style } from '../output/style.ts';
import { type LiveControl, liveOf, type RestartRequest } from '../session/live-control.ts';
import { type BreakpointRow, breakpointName, breakpointRow, whereText } from './break.ts';
import { launchWords } from './launch-words.ts';

interface RestartReport {
  readonly pid: number | undefined;
  readonly breakpoints: readonly BreakpointRow[];
}

const restartArguments = {
  noargs: flag('-noargs', 'without arguments'),
  words: positional(
    restOfLine('arguments'),
    'new arguments of the program, and <file >file 2>file for its input and output',
  ),
};

export const restart = defineCommand({
  name: 'restart',
  aliases: ['r'],
  group: 'running',
  summary: 'Start the program anew',
  details:
    'Breakpoints stay. Without arguments the program gets those that it had. It stands before its first instruction then.',
  examples: ['restart', 'restart -noargs', 'restart --port 8080 >out.txt'],
  arguments: restartArguments,
  prepare: (context, args) => liveOf(context, 'restart').restart(requestOf(args, false)),
  run: (context): RestartReport => reportRestart(context, 'restart'),
  render: renderRestart,
});

export const rebuild = defineCommand({
  name: 'rebuild',
  aliases: [],
  group: 'running',
  summary: 'Compile the program again and start it anew',
  details: 'For programs that the session compiled (`mattock debug`, `mattock test`).',
  arguments: {},
  prepare: (context) => liveOf(context, 'rebuild').restart({ rebuild: true }),
  run: (context): RestartReport => reportRestart(context, 'rebuild'),
  render: renderRestart,
});

function requestOf({ noargs, words }: ArgumentsOf<typeof restartArguments>, again: boolean): RestartRequest {
  if (words === undefined) return { rebuild: again, ...(noargs ? { args: [] } : {}) };
  const { args, redirect } = launchWords(words);
  return {
    rebuild: again,
    ...(args.length > 0 || noargs ? { args } : {}),
    ...(Object.keys(redirect).length === 0 ? {} : { redirect }),
  };
}

function reportRestart(context: Context, name: string): RestartReport {
  const live: LiveControl = liveOf(context, name);
  const { target, breakpoints } = live.processes.selected;
  return { pid: target.process.pid, breakpoints: breakpoints.all.map(breakpointRow) };
}

function* renderRestart({ pid, breakpoints }: RestartReport, style: Style): Iterable<string> {
  yield `Process restarted with PID ${pid}`;
  for (const row of breakpoints) {
    if (row.places.length === 0 && row.watch === undefined)
      yield `Breakpoint ${row.id} is pending: ${row.location}`;
    else yield `${breakpointName(row)} ${whereText(row, style)}`;
  }
}
