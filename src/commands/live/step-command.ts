import type { Debugger, Steppable, Stop } from '../../debugger/index.ts';
import { Stepping } from '../../debugger/index.ts';
import type { Context } from '../command.ts';
import { debuggerOf } from '../session/live-control.ts';
import { reportStop, type StopReport } from './stop-report.ts';

/** More steps than this by one command are a mistake. */
export const MOST_STEPS = 1_000_000;

const known = new WeakMap<Debugger, Stepping>();

function steppingOf(control: Debugger): Stepping {
  const stepping = known.get(control) ?? new Stepping(control);
  known.set(control, stepping);
  return stepping;
}

/** Steps the selected goroutine, or the thread where it runs none, `count` times, or until something else stops it. */
export function stepTimes(
  context: Context,
  name: string,
  step: (stepping: Stepping, who: Steppable) => Stop,
  count = 1,
): StopReport {
  const { session } = context;
  const control = debuggerOf(context, name);
  const stepping = steppingOf(control);
  const { goroutine, thread } = session.selection;
  let who: Steppable = { goroutine: goroutine?.id, thread };
  let stop: Stop;
  do {
    stop = step(stepping, who);
    who = { goroutine: who.goroutine, thread: stop.thread };
    count--;
  } while (count > 0 && isPlainStep(stop) && !session.host.cancelled());
  return reportStop(context, stop);
}

const isPlainStep = ({ causes }: Stop): boolean =>
  causes.every((cause) => cause.kind === 'step' && cause.endOf === undefined);
