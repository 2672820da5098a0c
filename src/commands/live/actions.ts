import { MattockError } from '../../base/index.ts';
import type { Stop } from '../../debugger/index.ts';
import type { Answer, Context } from '../command.ts';
import { type ErrorFacts, errorFacts } from '../output/error-facts.ts';
import { renderError } from '../output/render-error.ts';
import type { Style } from '../output/style.ts';

/** A command of a breakpoint (`on`) and what came of it. */
export class ActionRow {
  readonly command: string;
  readonly #outcome: Answer | ErrorFacts;

  constructor(command: string, outcome: Answer | ErrorFacts) {
    this.command = command;
    this.#outcome = outcome;
  }

  toPlain(): unknown {
    const outcome = this.#outcome;
    return 'result' in outcome
      ? { command: this.command, result: outcome.result }
      : { command: this.command, error: outcome };
  }

  *text(style: Style): Iterable<string> {
    const outcome = this.#outcome;
    yield `\t${this.command}:`;
    const lines = 'result' in outcome ? outcome.text(style) : renderError(outcome, this.command, style);
    for (const line of lines) yield `\t\t${line}`;
  }
}

/** Runs the commands of the breakpoints that stopped the program. */
export function runActions(context: Context, { causes }: Stop): ActionRow[] {
  const rows: ActionRow[] = [];
  for (const cause of causes) {
    if (cause.kind !== 'breakpoint' && cause.kind !== 'watchpoint') continue;
    for (const command of cause.breakpoint.actions) rows.push(new ActionRow(command, run(context, command)));
  }
  return rows;
}

function run(context: Context, text: string): Answer | ErrorFacts {
  try {
    return context.table.runNested(context, { text, column: 0 });
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    return errorFacts(error);
  }
}
