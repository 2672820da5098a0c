import { UserError } from '../../base/index.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../language/arguments.ts';

interface ExitReport {
  /** The process that runs on; with `alsoLeft` those of its children that were followed. */
  readonly left: number | undefined;
  readonly alsoLeft: readonly number[];
  /** What is to be known of those. */
  readonly warnings: readonly string[];
}

export const exit = defineCommand({
  name: 'exit',
  aliases: ['quit', 'q'],
  group: 'session',
  summary: 'End the session',
  details:
    'A program that the session started ends with it, one that it attached to runs on. A program that is left and has a terminal of its own, as in an interactive session, loses that terminal (SIGHUP).',
  examples: ['exit', 'exit -d'],
  arguments: {
    continue: flag('-c', 'let the program run on'),
    detach: flag('-d', 'let the program run on, also one that the session started'),
  },
  run({ session }, args): ExitReport {
    const { live } = session;
    const leave = args.continue || args.detach;
    if (leave && live === undefined) {
      throw new UserError('a core has no process that could run on', '`exit` ends the session');
    }
    session.exitRequested = true;
    if (!leave || live === undefined) return { left: undefined, alsoLeft: [], warnings: [] };
    const alive = live.processes.all.filter(({ target }) => target.ended === undefined);
    const warnings = live.close(true);
    const [left, ...alsoLeft] = alive.map(({ target }) => target.process.pid ?? 0);
    return { left, alsoLeft, warnings };
  },
  *render({ left, alsoLeft, warnings }) {
    for (const pid of left === undefined ? [] : [left, ...alsoLeft]) yield `Process ${pid} runs on`;
    for (const warning of warnings) yield `Warning: ${warning}`;
  },
});
