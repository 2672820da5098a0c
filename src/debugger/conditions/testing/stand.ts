import { MattockError, type RuntimeAddress, runtimeAddress, UserError } from '../../../base/index.ts';
import { evaluate, type Scope, SHORT_LIMITS, show } from '../../../expr/index.ts';
import { scalarOf, untypedConstant } from '../../../expr/scalar.ts';
import type { Frame, Program } from '../../../golang/index.ts';
import type { Thread } from '../../../target/index.ts';
import { compileCondition } from '../compile-condition.ts';
import { SiteFrame } from '../site.ts';
import { programWith, threadAt } from './stopped-thread.ts';

/** A thread at an instruction, and what the general evaluator sees of it. */
export interface Stand {
  readonly program: Program;
  readonly thread: Thread;
  readonly pc: RuntimeAddress;
  /** All variables of the frame are found here, once. */
  readonly scope: Scope;
}

export function standAt(core: Program, frame: Frame, pc = frame.pc): Stand {
  const thread = threadAt(core, frame, pc);
  const program = programWith(core, thread);
  return { program, thread, pc, scope: new SiteFrame({ program, pc }).scopeOf(thread) };
}

/** The innermost frame of a function, on whichever goroutine has one. */
export function frameIn(program: Program, name: string): Frame | undefined {
  for (const goroutine of program.goroutines()) {
    const { frames } = program.stackOf(goroutine, 100);
    const found = frames.find((frame) => frame.function?.replace(/\[.*\]/, '[...]') === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Addresses in the function of a frame at which a line begins. */
export function lineStarts({ module, pc }: Frame): RuntimeAddress[] {
  const functions = module?.image?.functions;
  if (module === undefined || functions === undefined) return [];
  const index = functions.find(module.toLinked(pc));
  const starts: RuntimeAddress[] = [];
  let line = -1;
  for (let at: number = functions.entry(index); at < functions.end(index); at++) {
    const linked = at as ReturnType<typeof functions.entry>;
    const position = functions.position(linked);
    if (position === undefined || position.line === line) continue;
    line = position.line;
    starts.push(runtimeAddress(module.toRuntime(linked)));
  }
  return starts;
}

/** What came of a condition: what it says, or the error. */
export type Outcome = boolean | { readonly family: string; readonly message: string };

export function outcome(condition: () => boolean): Outcome {
  try {
    return condition();
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    return { family: error.family, message: error.message };
  }
}

/** As `print` finds it. */
export function printed({ program, scope }: Stand, text: string): boolean {
  const value = evaluate(scope, text);
  const scalar = untypedConstant(value) ?? scalarOf(program, value);
  if (scalar?.kind === 'bool') return scalar.value;
  throw new UserError('no boolean');
}

export interface Compared {
  readonly how: 'quick' | 'general' | 'error';
  readonly found: Outcome;
  readonly expected: Outcome;
  readonly agree: boolean;
}

export function compared(stand: Stand, text: string): Compared {
  const expected = outcome(() => printed(stand, text));
  let slow = false;
  const found = outcome(() => {
    const condition = compileCondition(text, stand);
    slow = condition.slow;
    return condition.holds(stand.thread, stand.program.target.memory);
  });
  const how = typeof found !== 'boolean' ? 'error' : slow ? 'general' : 'quick';
  const agree =
    typeof expected === 'boolean'
      ? found === expected
      : // What is not needed is not read: then it may be unreadable, or too long.
        typeof found !== 'boolean' || (how === 'quick' && isAboutMemory(expected));
  return { how, found, expected, agree };
}

const isAboutMemory = ({ family, message }: Exclude<Outcome, boolean>): boolean =>
  family === 'target' || message.includes('too long to compute with');

/** Conditions that can be made of an expression and what it shows. */
export function conditionsOf({ program, scope }: Stand, expression: string): string[] {
  const e = `(${expression})`;
  const all = [
    expression,
    `${e} == nil`,
    `len(${expression}) > 1`,
    `cap(${expression}) != 0`,
    `${e} >= ${e}`,
  ];
  for (const constant of ['0', '255', '1.5', '"short"', 'true']) all.push(`${e} == ${constant}`);
  for (const constant of ['-1', '"m"']) all.push(`${constant} < ${e} && ${e} != ${e} || ${e} <= ${constant}`);
  try {
    const { text } = show(program, evaluate(scope, expression), SHORT_LIMITS);
    all.push(`${e} == ${text}`, `!(${e} != ${text})`);
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
  }
  return all;
}
