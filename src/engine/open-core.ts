import { commandTable, type ErrorFacts, executeLine, PLAIN, Session, Settings } from '../commands/index.ts';
import { openProgram, type Program } from '../golang/index.ts';
import { openCoreTarget } from './core-session.ts';
import { nodeHost } from './node-host.ts';
import type { OpenCoreOptions } from './session-client.ts';

/** A core, opened for a program: the layers' own objects, and the commands that people use. */
export interface OpenedCore {
  readonly program: Program;
  /**
   * Runs a command (`goroutines -group userloc`) and gives its result as plain data, the same that
   * `mattock core --json` prints. Fails with a CommandError.
   */
  run(line: string): Promise<unknown>;
  /** Runs a command and gives its text. Fails with a CommandError. */
  text(line: string): Promise<string>;
}

export class CommandError extends Error {
  readonly facts: ErrorFacts;

  constructor(facts: ErrorFacts) {
    super(facts.message);
    this.name = 'CommandError';
    this.facts = facts;
  }
}

/** Opens a core dump, packed or not, with the binaries that belong to it. Throws a MattockError. */
export async function openCore(options: OpenCoreOptions): Promise<OpenedCore> {
  const host = nodeHost({ settingsFile: undefined, cancelled: () => false, progress: () => {} });
  const program = openProgram(await openCoreTarget(options));
  const session = new Session(program, host, new Settings());
  const output = async (line: string, format: 'text' | 'json'): Promise<string> => {
    let written = '';
    const outcome = await executeLine(session, commandTable, line, { format, style: PLAIN }, (text) => {
      written += text;
    });
    if (outcome.error !== undefined) throw new CommandError(outcome.error);
    return written;
  };
  return {
    program,
    async run(line) {
      const { result } = JSON.parse(await output(line, 'json')) as { readonly result: unknown };
      return result;
    },
    text: (line) => output(line, 'text'),
  };
}
