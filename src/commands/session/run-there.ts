import type { Answer, Context } from '../command.ts';
import type { Typed } from '../language/cursor.ts';
import type { Scope } from './session.ts';

/**
 * Runs a command on another goroutine or frame, without leaving the one that is selected: unless the command lets the
 * program run, which stops where it stops.
 */
export function runThere(context: Context, scope: Scope, line: Typed): Answer {
  const { session } = context;
  const { selection, program } = session;
  const before = generationOf(context);
  try {
    return context.table.runNested({ ...context, scope }, line);
  } finally {
    if (session.program === program && generationOf(context) === before) session.selection = selection;
  }
}

const generationOf = ({ session }: Context): number | undefined =>
  session.live?.processes.selected.target.generation;
