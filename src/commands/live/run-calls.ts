import { UserError } from '../../base/index.ts';
import type { CallWork, Debugger, Stop } from '../../debugger/index.ts';
import type { Context } from '../command.ts';
import { refreshAfterWrite } from './refresh-selection.ts';

/** What came of work that calls functions of the program on the selected goroutine. */
export type Called<T> =
  | { readonly kind: 'done'; readonly result: T }
  | { readonly kind: 'interrupted'; readonly stop: Stop };

/**
 * Runs the program until the work is done, or something else stops it: the call goes on with the program then. The
 * selection stays.
 */
export function runCalls<T>(context: Context, control: Debugger, work: CallWork<T>): Called<T> {
  const { goroutine } = context.scope;
  control.calls.begin(goroutine, work);
  const stop = control.resume();
  const own = stop.causes.find((cause) => cause.kind === 'call');
  if (own === undefined || stop.causes.length + stop.others.length > 1) return { kind: 'interrupted', stop };
  refreshAfterWrite(context);
  if (own.call.problem !== undefined) throw own.call.problem;
  return { kind: 'done', result: own.call.result as T };
}

/** For commands that need the call to have ended. */
export function requireDone<T>(called: Called<T>, what: string): T {
  if (called.kind === 'done') return called.result;
  throw new UserError(
    `something else stopped the program before ${what}`,
    '`continue`, and see whether it was done',
  );
}
