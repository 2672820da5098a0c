import type { OpenOptions, RenderOptions } from '../../engine/index.ts';
import { openInWorker } from '../../engine/worker-session.ts';
import { openingLines } from '../opening-lines.ts';
import type { CoreOptions } from '../options.ts';
import { ProgressLine } from '../progress-line.ts';
import { seatPerson } from './person.ts';

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
  await seatPerson(session, { progress, options: rendering, reopen: openSession }, openingLines(options));
  return 0;
}
