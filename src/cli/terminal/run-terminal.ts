import { historyPath, type OpenOptions, type RenderOptions } from '../../engine/index.ts';
import { openInWorker } from '../../engine/worker-session.ts';
import { openingLines } from '../opening-lines.ts';
import type { CoreOptions } from '../options.ts';
import { ProgressLine } from '../progress-line.ts';
import { writeError } from '../standard-streams.ts';
import { History } from './history.ts';
import { Keyboard } from './keyboard.ts';
import { Repl } from './repl.ts';

/** A session for a person at a terminal; gives the exit status. */
export async function runTerminal(
  open: OpenOptions,
  options: CoreOptions,
  rendering: RenderOptions,
  workerEntry: URL,
): Promise<number> {
  const progress = new ProgressLine();
  const openSession = () =>
    openInWorker(workerEntry, open, { progress: (...facts) => progress.show(...facts) });
  const session = await openSession();
  progress.clear();
  for (const warning of session.warnings) writeError(`mattock: ${warning}\n`);
  const keyboard = new Keyboard(process.stdin);
  process.stdin.setRawMode(true);
  const pager = process.env.PAGER;
  const repl = new Repl(session, {
    keyboard,
    terminal: process.stdout,
    history: new History(historyPath()),
    progress,
    options: rendering,
    pager: pager === '' ? undefined : pager,
    reopen: openSession,
  });
  await repl.opening(openingLines(options));
  await repl.run();
  return 0;
}
