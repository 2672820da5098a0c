import { historyPath, type SessionClient } from '../../engine/index.ts';
import { writeError } from '../standard-streams.ts';
import { History } from './history.ts';
import { Keyboard } from './keyboard.ts';
import { Repl, type ReplParts } from './repl.ts';

/** Sits a person down at a session that has been opened; returns at its end. `opening`: lines that are run first. */
export async function seatPerson(
  session: SessionClient,
  parts: Pick<ReplParts, 'progress' | 'options' | 'reopen' | 'keyForProgram'>,
  opening: Iterable<string>,
): Promise<void> {
  parts.progress.clear();
  for (const warning of session.warnings) writeError(`mattock: ${warning}\n`);
  const keyboard = new Keyboard(process.stdin);
  process.stdin.setRawMode(true);
  const pager = process.env.PAGER;
  const repl = new Repl(session, {
    ...parts,
    keyboard,
    terminal: process.stdout,
    history: new History(historyPath()),
    pager: pager === '' ? undefined : pager,
  });
  await repl.opening(opening);
  await repl.run();
}
