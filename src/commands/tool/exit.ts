import { UserError } from '../../base/index.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../language/arguments.ts';

interface ExitReport {
  /** The process that runs on. */
  readonly left: number | undefined;
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
    if (!leave || live === undefined) return { left: undefined };
    const { target } = live.debugger;
    const alive = target.ended === undefined;
    live.close(true);
    return { left: alive ? target.process.pid : undefined };
  },
  *render({ left }) {
    if (left !== undefined) yield `Process ${left} runs on`;
  },
});
