import { writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { historyPath, type OpenLiveOptions } from '../../engine/index.ts';
import { openInWorker } from '../../engine/worker-session.ts';
import { leaveOnSignals } from '../leave-on-signals.ts';
import type { LiveOptions } from '../live-options.ts';
import { ProgressLine } from '../progress-line.ts';
import { renderOptions } from '../rendering.ts';
import { writeError } from '../standard-streams.ts';
import { History } from './history.ts';
import { Keyboard } from './keyboard.ts';
import { Repl } from './repl.ts';

/** A live session for a person at a terminal; gives the exit status. */
export async function runLiveTerminal(
  open: OpenLiveOptions,
  options: LiveOptions,
  workerEntry: URL,
): Promise<number> {
  const progress = new ProgressLine();
  let program: number | undefined;
  const session = await openInWorker(workerEntry, open, {
    progress: (...facts) => progress.show(...facts),
    onTerminal: (descriptor) => {
      program = descriptor;
      showOutput(descriptor);
    },
  });
  progress.clear();
  const restore = leaveOnSignals(session);
  for (const warning of session.warnings) writeError(`mattock: ${warning}\n`);
  const keyboard = new Keyboard(process.stdin);
  process.stdin.setRawMode(true);
  const pager = process.env.PAGER;
  const repl = new Repl(session, {
    keyboard,
    terminal: process.stdout,
    history: new History(historyPath()),
    progress,
    options: renderOptions(options),
    pager: pager === '' ? undefined : pager,
    reopen: undefined,
    keyForProgram: (key) => {
      if (program === undefined || !session.running) return false;
      writeSync(program, key);
      return true;
    },
  });
  const opening = options.init === undefined ? [] : [`source ${JSON.stringify(options.init)}`];
  await repl.opening(opening);
  await repl.run();
  restore();
  return 0;
}

/** What the program writes to its terminal is shown as it comes. */
function showOutput(descriptor: number): void {
  const stream = new ReadStream(descriptor);
  stream.on('data', (bytes) => process.stdout.write(bytes));
  // EIO: the program has closed its terminal.
  stream.on('error', () => stream.destroy());
  stream.unref();
}
