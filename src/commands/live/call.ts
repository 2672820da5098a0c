import { UserError } from '../../base/index.ts';
import { CalledPanic, type CallWork, prepareCall } from '../../debugger/index.ts';
import { type CallAnswer, evaluateWithCalls, fixedScope, show } from '../../expr/index.ts';
import { type Context, defineCommand } from '../command.ts';
import { flag, required } from '../language/arguments.ts';
import type { Typed } from '../language/cursor.ts';
import { expression } from '../language/kinds.ts';
import { atColumn } from '../output/error-facts.ts';
import { debuggerOf, requireAlive } from '../session/live-control.ts';
import { expressionScope } from '../session/values.ts';
import { CallResult } from './call-report.ts';
import { runCalls } from './run-calls.ts';
import { renderStop, reportStop, type StopReport } from './stop-report.ts';

export const call = defineCommand({
  name: 'call',
  aliases: [],
  group: 'running',
  summary: 'Call functions of the program',
  details:
    'An expression with calls of functions, methods and func values anywhere in it. The calls are made by the selected ' +
    'goroutine where it stands, which must be at a safe point: where a line begins mostly. The program runs meanwhile, ' +
    'its breakpoints too; a call that they stop goes on with the program. A panic in a function is reported and ends ' +
    'the call. Pointers into the stack of the goroutine are refused as arguments, since the stack may move: -unsafe ' +
    'passes them. Variadic arguments are given as a slice.',
  examples: ['call f(1, "x")', 'call s.String()', 'call len(list(g(2))) + 1', 'call -unsafe fill(&buffer)'],
  arguments: {
    unsafe: flag('-unsafe', 'pass pointers into the stack, too'),
    what: required(expression, 'what to call'),
  },
  run(context, { unsafe, what }): CallResult | StopReport {
    const control = debuggerOf(context, 'call');
    requireAlive(control);
    const called = atColumn(what.column, () => runCalls(context, control, work(context, what, unsafe)));
    return called.kind === 'done' ? called.result : reportStop(context, called.stop);
  },
  *render(result, style, context) {
    if (result instanceof CallResult) yield result.text;
    else yield* renderStop(result, style, context);
  },
});

/** Results are read while they are kept alive. */
function work(context: Context, { text }: Typed, unsafe: boolean): CallWork<CallResult> {
  const { session, scope: selected } = context;
  const { live, program } = session;
  const limits = session.settings.limits();
  const { target } = live!.processes.selected;
  // The thread's registers are the call's while it is made.
  const scope = fixedScope(expressionScope(context));
  const stack = unsafe ? undefined : selected.goroutine?.stack;
  const shown = (values: CallAnswer): CallResult['values'] =>
    values.map(({ name, value }) => ({ name, value: show(program, value, limits) }));
  return (function* (): CallWork<CallResult> {
    const steps = evaluateWithCalls(scope, text);
    let step = steps.next();
    let last = '';
    while (!step.done) {
      const order = yield* prepareCall({ program, target, stack }, step.value);
      last = order.name;
      try {
        step = steps.next(yield order);
      } catch (error) {
        if (!(error instanceof CalledPanic)) throw error;
        return new CallResult({
          expression: text,
          function: last,
          panic: show(program, error.value, limits),
        });
      }
    }
    const { value } = step;
    if ('results' in value) {
      return new CallResult({ expression: text, function: last, values: shown(value.results) });
    }
    if (last === '') throw new UserError(`${text} calls no function of the program`, '`print` shows it');
    return new CallResult({
      expression: text,
      function: '',
      values: shown([{ name: '', value: value.value }]),
    });
  })();
}
