import { hex, type LinkedAddress, type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import {
  type Scope as ExpressionScope,
  evaluate,
  type Limits,
  SHORT_LIMITS,
  type ShownValue,
  show,
  type Value,
  variablesOf,
} from '../../expr/index.ts';
import type { Frame, PanicFacts } from '../../golang/index.ts';
import type { DebugInfo, Image } from '../../image/index.ts';
import type { Context } from '../command.ts';
import { VariableRow } from '../data/variable-row.ts';
import type { Typed } from '../language/cursor.ts';
import { atColumn } from '../output/error-facts.ts';
import { deferredFrame } from './deferred-frame.ts';
import { wrappedArguments } from './wrapped-arguments.ts';

/** Where names are looked up: the selected frame, or that of a deferred call. */
export function expressionScope(context: Context, frame?: Frame): ExpressionScope {
  const { session, scope } = context;
  const { program } = session;
  const chosen = frame ?? (scope.deferred === undefined ? innermostOrNone(context) : deferredFrame(context));
  return { program, goroutine: scope.goroutine, thread: scope.thread, frame: chosen };
}

/** A stack that cannot be walked leaves packages' variables and registers to be asked for. */
function innermostOrNone({ session, scope }: Context): Frame | undefined {
  return scope.frame === 0 ? session.stack(scope, 1).frames[0] : session.frame(scope);
}

export function evaluateExpression(context: Context, expression: Typed): Value {
  return atColumn(expression.column, () => evaluate(expressionScope(context), expression.text));
}

export function showExpression(context: Context, expression: Typed, limits: Limits, format = ''): ShownValue {
  return show(context.session.program, evaluateExpression(context, expression), limits, format);
}

/** Arguments and local variables of the selected frame. */
export function variablesInScope(context: Context, limits: Limits): VariableRow[] {
  const scope = expressionScope(context);
  const rows = rowsOf(context, scope, limits);
  if (context.scope.deferred === undefined || scope.frame === undefined) return rows;
  const { program } = context.session;
  const given = wrappedArguments(program, scope.frame).map(
    ({ name, value }) =>
      new VariableRow({ name, role: 'parameter', shadowed: false, value: show(program, value, limits) }),
  );
  // Of a call that has not begun there is only what it was given.
  return [...given, ...rows.filter(({ value }) => value.unreadable === undefined)];
}

export function variablesOfFrame(context: Context, frame: Frame, limits: Limits): VariableRow[] {
  return rowsOf(context, expressionScope(context, frame), limits);
}

/** Without debug information nothing is known of variables, which is not the same as that there are none. */
function requireDebugInfo({ frame }: ExpressionScope): void {
  if (frame === undefined) return;
  const { module } = frame;
  if (module === undefined) throw new UserError(`no binary is known at ${hex(frame.pc)}`);
  if (module.image === undefined) {
    throw new UserError(`the file ${module.path} is not here: nothing is known of its variables`);
  }
  const { debugInfo } = module.image;
  if (debugInfo === undefined) throw withoutDebugInfo(module.image, 'variables');
  const pc = module.toLinked(frame.lookupPc);
  if (debugInfo.functionAt(pc) === undefined) throw undescribed(debugInfo, frame.function, pc);
}

/** A function of which the binary's DWARF says nothing. */
export function undescribed(debugInfo: DebugInfo, name: string | undefined, pc: LinkedAddress): UserError {
  const about = name ?? 'the code here';
  const unit = debugInfo.units().find(({ ranges }) => ranges.some(({ from, to }) => pc >= from && pc < to));
  return unit?.splitFile === undefined
    ? new UserError(`there is no DWARF of ${about}: nothing is known of its variables`)
    : new UserError(
        `the variables of ${about} are described in ${unit.splitFile}: split DWARF is not read`,
        'build it without -gsplit-dwarf',
      );
}

export const withoutDebugInfo = (image: Image, what: string): UserError =>
  new UserError(
    `${image.name} has no DWARF: it does not say its ${what}`,
    'build it without -ldflags=-s and -w',
  );

function rowsOf({ session }: Context, scope: ExpressionScope, limits: Limits): VariableRow[] {
  requireDebugInfo(scope);
  return variablesOf(scope).map(({ name, role, shadowed, value }) => {
    session.checkCancelled();
    return new VariableRow({ name, role, shadowed, value: show(session.program, value, limits) });
  });
}

/** Variables of packages whose names are wanted, by name. */
export function* globalVariables(
  context: Context,
  limits: Limits,
  wanted: (name: string) => boolean,
): Iterable<VariableRow> {
  const { session } = context;
  const { all, executable } = session.program.target.modules;
  if (executable?.image !== undefined && executable.image.debugInfo === undefined) {
    throw withoutDebugInfo(executable.image, 'variables');
  }
  for (const module of all) {
    const info = module.image?.debugInfo;
    if (info === undefined) continue;
    for (const name of [...info.globalNames()].filter(wanted).sort()) {
      session.checkCancelled();
      const variable = info.globalNamed(name);
      if (variable === undefined) continue;
      const value: Value = {
        type: variable.type,
        storage: { kind: 'memory', address: module.toRuntime(variable.address) },
      };
      yield new VariableRow({
        name,
        role: 'global',
        shadowed: false,
        value: show(session.program, value, limits),
      });
    }
  }
}

/** What an expression points to, or the number that it is. */
export function evaluateAddress(context: Context, expression: Typed): RuntimeAddress {
  return evaluateCodeAddress(context, expression).address;
}

/** `isFunction`: the expression is a function, and the address its entry. */
export function evaluateCodeAddress(
  context: Context,
  expression: Typed,
): { readonly address: RuntimeAddress; readonly isFunction: boolean } {
  const { text } = expression;
  if (/^(0x[\da-f]+|\d+)$/i.test(text)) return { address: runtimeAddress(Number(text)), isFunction: false };
  const shown = showExpression(context, expression, SHORT_LIMITS);
  const address = shown.base ?? numberOf(shown);
  if (shown.unreadable !== undefined) throw new UserError(shown.unreadable, undefined, expression.column);
  if (address === undefined || !Number.isSafeInteger(address) || address < 0) {
    throw new UserError(`${text} is no address: its type is ${shown.type}`, undefined, expression.column);
  }
  return { address: runtimeAddress(address), isFunction: shown.kind === 'func' };
}

function numberOf({ value, kind }: ShownValue): number | undefined {
  if (value === undefined || kind === 'string') return undefined;
  const digits = /^(?:.*\()?(-?\d+|0x[\da-f]+)\)?$/i.exec(value)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A panic's argument, shown as the Go value that it is. */
export function panicText(context: Context, panic: PanicFacts): string {
  const argument = `*(*interface {})(0x${panic.argument.toString(16)})`;
  const shown = showExpression(context, { text: argument, column: 0 }, context.session.settings.limits());
  return shown.children[0]?.value.text ?? shown.text;
}
