import { UserError } from '../../base/index.ts';
import type { Debugger, Processes, ProcessNews } from '../../debugger/index.ts';
import type { Location } from '../../golang/index.ts';
import { describeEnd } from '../../target/index.ts';
import { type Context, defineCommand } from '../command.ts';
import { type ArgumentsOf, flag, positional, required } from '../language/arguments.ts';
import type { Typed } from '../language/cursor.ts';
import { choice, regularExpression, restOfLine } from '../language/kinds.ts';
import { harmless } from '../output/style.ts';
import { locationText } from '../output/text.ts';
import type { Happening } from '../session/happening.ts';
import { liveOf } from '../session/live-control.ts';

interface ProcessRow {
  readonly pid: number | undefined;
  readonly commandLine: string | undefined;
  readonly selected: boolean;
}

interface TargetReport {
  readonly processes: readonly ProcessRow[];
  readonly followExec: { readonly on: boolean; readonly pattern: string | undefined };
  /** Where the process stands that was switched to. */
  readonly location: Location | undefined;
}

const targetArguments = {
  what: required(choice('subcommand', ['list', 'follow-exec', 'switch']), 'what to do'),
  on: flag('-on', 'follow children'),
  off: flag('-off', 'follow no more children'),
  rest: positional(restOfLine('regex|pid'), 'which children to follow, or the process to switch to'),
};

type TargetArguments = ArgumentsOf<typeof targetArguments>;

export const target = defineCommand({
  name: 'target',
  aliases: [],
  group: 'running',
  summary: 'Processes: the program and its children',
  details:
    'target list shows the processes of the session.\n\n' +
    'target follow-exec -on [regex] makes children part of the session when they run a Go program of their own: they ' +
    'have its breakpoints, run and stop together with it, and a stop in one of them selects it. Other programs run as if ' +
    'nobody looked, and their children are followed in turn; with a regex, so do those whose command line it does not ' +
    'match, and theirs are not. target follow-exec -off ends that for children to come; without a flag it says how it is. ' +
    'When the session ends, children are treated as the program is.\n\n' +
    'target switch <pid> selects another process: from then on commands are about that one.',
  examples: ['target follow-exec -on', 'target follow-exec -on worker', 'target list', 'target switch 4711'],
  arguments: targetArguments,
  run(context, args): { readonly report: TargetReport; readonly asked: TargetArguments['what'] } {
    const { processes } = liveOf(context, 'target');
    checkWords(args);
    if (args.what === 'follow-exec') follow(context, processes, args);
    const one = args.what === 'switch' ? switchTo(context, processes, args.rest) : undefined;
    return { report: reportOf(context, processes, one !== undefined), asked: args.what };
  },
  *render({ report, asked }, style) {
    if (asked === 'follow-exec') yield followText(report);
    else if (asked === 'list') for (const row of report.processes) yield rowText(row);
    else {
      const row = report.processes.find(({ selected }) => selected)!;
      yield `Switched to process ${row.pid}: ${harmless(row.commandLine ?? '')}`;
      if (report.location !== undefined) yield locationText(report.location, style);
    }
  },
});

function checkWords({ what, on, off, rest }: TargetArguments): void {
  if (what !== 'follow-exec' && (on || off))
    throw new UserError(`target ${what} has no flags`, '`target follow-exec` has -on and -off');
  if (on && off) throw new UserError('-on and -off exclude each other');
  if (rest !== undefined && !on && what !== 'switch')
    throw new UserError(`${rest.text.trim()} is one argument too many`, undefined, rest.column);
}

function follow({ session }: Context, processes: Processes, { on, off, rest }: TargetArguments): void {
  if (off) processes.follow = undefined;
  if (!on) return;
  const pattern = rest && regularExpression(rest.text.trim(), rest.column);
  processes.onNews ??= (news) => session.tell?.(new ProcessHappening(news));
  processes.follow = { pattern };
}

function switchTo({ session }: Context, processes: Processes, pid: Typed | undefined): Debugger {
  if (pid === undefined) throw new UserError('which process?', '`target list` shows them');
  const text = pid.text.trim();
  const found = processes.all.find(({ target: { process } }) => String(process.pid) === text);
  if (found === undefined)
    throw new UserError(`${text} is no process of this session`, '`target list` shows them', pid.column);
  if (found !== processes.selected) {
    processes.select(found);
    session.turnTo(found.program);
  }
  return found;
}

function reportOf({ session }: Context, processes: Processes, located: boolean): TargetReport {
  const { follow: rule, selected } = processes;
  const frame = located ? session.frame(session.selection) : undefined;
  return {
    processes: processes.all.map((one) => ({
      pid: one.target.process.pid,
      commandLine: one.target.process.commandLine,
      selected: one === selected,
    })),
    followExec: { on: rule !== undefined, pattern: rule?.pattern?.source },
    location: frame && { pc: frame.pc, function: frame.function, position: frame.position },
  };
}

function followText({ followExec: { on, pattern } }: TargetReport): string {
  if (!on) return 'Follow exec is disabled.';
  return pattern === undefined
    ? 'Follow exec is enabled.'
    : `Follow exec is enabled for command lines that match ${pattern}.`;
}

const rowText = ({ pid, commandLine, selected }: ProcessRow): string =>
  `${selected ? '*' : ' '} ${pid}  ${harmless(commandLine ?? '')}`;

/** A child has come, or a process has gone while others run on. */
class ProcessHappening implements Happening {
  readonly #news: ProcessNews;

  constructor(news: ProcessNews) {
    this.#news = news;
  }

  toPlain(): Readonly<Record<string, unknown>> {
    const news = this.#news;
    const { pid } = news;
    if (news.kind === 'begun') return { event: 'process-begun', pid, commandLine: news.commandLine };
    const { end } = news;
    if (end.kind === 'exited') return { event: 'process-ended', pid, status: end.status };
    return { event: 'process-ended', pid, ...(end.kind === 'killed' ? { signal: end.signal } : {}) };
  }

  *text(): Iterable<string> {
    const news = this.#news;
    if (news.kind === 'begun') yield `Spawned new process '${harmless(news.commandLine)}' (${news.pid})`;
    else yield describeEnd(news.pid, news.end).replace(/^p/, 'P');
  }
}
