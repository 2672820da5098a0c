import { commandTable } from '../commands.ts';
import { executeLine, type Outcome } from '../execute.ts';
import { PLAIN } from '../output/style.ts';
import type { Session } from '../session/session.ts';

export interface Done extends Outcome {
  readonly text: string;
}

/** Runs a line as the command line does, with what it wrote. */
export async function execute(
  session: Session,
  line: string,
  format: 'text' | 'json' = 'text',
): Promise<Done> {
  let text = '';
  const outcome = await executeLine(session, commandTable, line, { format, style: PLAIN }, (piece) => {
    text += piece;
  });
  return { ...outcome, text };
}
