import { UserError } from '../../base/index.ts';
import { type CallWork, withObjects, writeValue } from '../../debugger/index.ts';
import {
  bytesForRegister,
  type Destination,
  destinationOf,
  evaluate,
  type Materialized,
  materialize,
  type ObjectRequest,
  splitAssignment,
  type Value,
} from '../../expr/index.ts';
import { type Context, defineCommand } from '../command.ts';
import { required } from '../language/arguments.ts';
import type { Typed } from '../language/cursor.ts';
import { expression } from '../language/kinds.ts';
import { atColumn } from '../output/error-facts.ts';
import { debuggerOf, requireAlive } from '../session/live-control.ts';
import { expressionScope } from '../session/values.ts';
import { refreshAfterWrite } from './refresh-selection.ts';
import { requireDone, runCalls } from './run-calls.ts';

export const set = defineCommand({
  name: 'set',
  aliases: [],
  group: 'running',
  summary: 'Change a variable, a part of one, or a register',
  details:
    'set <variable> = <value>: of any type, as Go would assign it; also what a pointer points to, elements of slices ' +
    'and arrays, fields, and registers. A string that is not in the program yet, and a value for an interface, is ' +
    'allocated by a call in the program, for which the goroutine must be at a safe point (see `call`). Elements of ' +
    'maps cannot be set.',
  examples: ['set x = 5', 'set s.name = "new"', 'set *p = q[1]', 'set err = nil', 'set rax = 0x10'],
  arguments: { assignment: required(expression, 'a variable, = and its new value') },
  run(context, { assignment }): Readonly<Record<string, never>> {
    atColumn(assignment.column, () => assign(context, assignment));
    return {};
  },
  render: () => [],
});

function assign(context: Context, { text }: Typed): void {
  const control = debuggerOf(context, 'set');
  requireAlive(control);
  const { target } = control;
  const { program } = context.session;
  const scope = expressionScope(context);
  const { left, right } = splitAssignment(text);
  const variable = atColumn(left.column, () => evaluate(scope, left.text));
  const destination = placed(left.text, () => destinationOf(variable, left.text.trim()));
  const value = atColumn(right.column, () => evaluate(scope, right.text));
  const thread = target.threads.find(({ id }) => id === scope.thread);
  const write = (bytes: Uint8Array): void =>
    writeValue(target, { frame: scope.frame, thread }, destination, bytes);
  const made = bytesOf(context, { destination, variable, value });
  const start = right.column + right.text.length - right.text.trimStart().length;
  const first = placedAt(start, () => made.next());
  if (first.done) write(first.value);
  else {
    const setting = { program, target, stack: undefined };
    const work = (function* (): CallWork<void> {
      write(yield* withObjects(setting, resumed(first.value, made)));
    })();
    if (destination.kind !== 'memory') {
      throw new UserError(
        'what is to be allocated for a variable in a register cannot be written while the register is in use',
        'stop where the variable is in memory, or build with -gcflags=all=-N -l',
      );
    }
    requireDone(
      placedAt(start, () => runCalls(context, control, work)),
      'the value was set',
    );
  }
  refreshAfterWrite(context);
}

interface Assignment {
  readonly destination: Destination;
  readonly variable: Value;
  readonly value: Value;
}

function* bytesOf({ session }: Context, { destination, variable, value }: Assignment): Materialized {
  const { program } = session;
  if (destination.kind === 'register') return bytesForRegister(program, value, destination.size);
  return yield* materialize(program, value, variable.type);
}

/** A generator whose first request has been seen. */
function* resumed(first: ObjectRequest, rest: Materialized): Materialized {
  let step = rest.next(yield first);
  while (!step.done) step = rest.next(yield step.value);
  return step.value;
}

const placed = <T>(text: string, action: () => T): T =>
  placedAt(text.length - text.trimStart().length, action);

/** An error without a column is about this one. */
function placedAt<T>(column: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof UserError) || error.column !== undefined) throw error;
    throw new UserError(error.message, error.remedy, column);
  }
}
