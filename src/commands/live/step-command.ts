import type { Debugger, Steppable, Stop, StopCause } from '../../debugger/index.ts';
import { Stepping } from '../../debugger/index.ts';
import { SHORT_LIMITS, show } from '../../expr/index.ts';
import type { Context } from '../command.ts';
import { renderVariable, VariableRow } from '../data/variable-row.ts';
import type { Style } from '../output/style.ts';
import { debuggerOf } from '../session/live-control.ts';
import { renderStop, reportStop, type StopReport } from './stop-report.ts';

/** More steps than this by one command are a mistake. */
export const MOST_STEPS = 1_000_000;

/** Where a step ended. */
export interface StepReport extends StopReport {
  /** The command, if something else stopped the program before its end. */
  readonly interrupted: string | undefined;
  /** The goroutine that has come to its end. */
  readonly ended: number | undefined;
  /** What the function that was left returned. */
  readonly returned: readonly VariableRow[] | undefined;
}

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
): StepReport {
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
  } while (count > 0 && isPlain(stop) && !session.host.cancelled());
  const end = stop.causes.find((cause) => cause.kind === 'step');
  return {
    ...reportStop(context, stop),
    interrupted: end === undefined && control.target.ended === undefined ? name : undefined,
    ended: end?.endOf,
    returned: end?.returned && returnedRows(context, end.returned),
  };
}

const isPlain = ({ causes, others }: Stop): boolean =>
  others.length === 0 && causes.every((cause) => cause.kind === 'step' && cause.endOf === undefined);

type Returned = NonNullable<Extract<StopCause, { kind: 'step' }>['returned']>;

const returnedRows = ({ session }: Context, { values }: Returned): VariableRow[] =>
  values.map(
    ({ name, value }) =>
      new VariableRow({
        name,
        role: 'result',
        shadowed: false,
        value: show(session.program, value, SHORT_LIMITS),
      }),
  );

export function renderStep(report: StepReport, style: Style, context: Context): Iterable<string> {
  return renderStop(report, style, context, renderEnd(report, style));
}

function* renderEnd({ interrupted, ended, returned }: StepReport, style: Style): Iterable<string> {
  if (interrupted !== undefined) yield `\tstopped during ${interrupted}, which is given up`;
  if (ended !== undefined) yield `\tgoroutine ${ended} ends`;
  if (returned === undefined || returned.length === 0) return;
  yield 'Values returned:';
  for (const row of returned) for (const line of renderVariable(row, style, false)) yield `\t${line}`;
}
