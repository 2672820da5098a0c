import { writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import type { OpenLiveOptions } from '../../engine/index.ts';
import { openInWorker } from '../../engine/worker-session.ts';
import { leaveOnSignals } from '../leave-on-signals.ts';
import type { LiveOptions } from '../live-options.ts';
import { ProgressLine } from '../progress-line.ts';
import { renderOptions } from '../rendering.ts';
import { seatPerson } from './person.ts';

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
  const restore = leaveOnSignals(session);
  const keyForProgram = (key: string): boolean => {
    if (program === undefined || !session.running) return false;
    writeSync(program, key);
    return true;
  };
  const opening = options.init === undefined ? [] : [`source ${JSON.stringify(options.init)}`];
  const parts = { progress, options: renderOptions(options), reopen: undefined, keyForProgram };
  await seatPerson(session, parts, opening);
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
