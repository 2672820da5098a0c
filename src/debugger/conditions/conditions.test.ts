import { describe, expect, test } from 'vitest';
import { fixture } from '../../../test/support/fixture.ts';
import { MattockError, type RuntimeAddress, UserError } from '../../base/index.ts';
import { evaluate, type Scope, SHORT_LIMITS, show } from '../../expr/index.ts';
import { scalarOf, untypedConstant } from '../../expr/scalar.ts';
import type { Frame, Program } from '../../golang/index.ts';
import { type CoreRequest, fixtureProgram, missingForCore } from '../../golang/testing/fixture-program.ts';
import type { Thread } from '../../target/index.ts';
import { compileCondition } from './compile-condition.ts';
import { SiteFrame } from './site.ts';
import { programWith, threadAt } from './testing/stopped-thread.ts';

/** What came of a condition: what it says, or the error. */
type Outcome = boolean | { readonly family: string; readonly message: string };

function outcome(condition: () => boolean): Outcome {
  try {
    return condition();
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    return { family: error.family, message: error.message };
  }
}

interface Stand {
  readonly program: Program;
  readonly thread: Thread;
  readonly pc: RuntimeAddress;
  /** For the general evaluator: all variables are found, once. */
  readonly scope: Scope;
}

function standAt(core: Program, frame: Frame, pc = frame.pc): Stand {
  const thread = threadAt(core, frame, pc);
  const program = programWith(core, thread);
  return { program, thread, pc, scope: new SiteFrame({ program, pc }).scopeOf(thread) };
}

function general({ program, scope }: Stand, text: string): boolean {
  const value = evaluate(scope, text);
  const scalar = untypedConstant(value) ?? scalarOf(program, value);
  if (scalar?.kind === 'bool') return scalar.value;
  throw new UserError('no boolean');
}

/** Conditions that can be made of an expression and what it shows. */
function conditionsOf({ program, scope }: Stand, expression: string): string[] {
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

function compare(stand: Stand, text: string): 'quick' | 'general' | 'error' {
  const expected = outcome(() => general(stand, text));
  let slow = false;
  const found = outcome(() => {
    const condition = compileCondition(text, stand);
    slow = condition.slow;
    return condition.holds(stand.thread, stand.program.target.memory);
  });
  const kind = typeof found === 'boolean' ? (slow ? 'general' : 'quick') : 'error';
  // What is not needed is not read: then it may be unreadable, or too long.
  if (kind === 'quick' && typeof expected !== 'boolean' && isAboutMemory(expected)) return kind;
  const said = (one: Outcome): unknown => (typeof one === 'boolean' ? one : 'an error');
  expect({ text, says: said(found), found }, JSON.stringify(expected)).toEqual({
    text,
    says: said(expected),
    found,
  });
  return kind;
}

const isAboutMemory = ({ family, message }: Exclude<Outcome, boolean>): boolean =>
  family === 'target' || message.includes('too long to compute with');

const requests: CoreRequest[] = [
  ...[
    'values-basic',
    'values-structs',
    'values-strings',
    'values-slices',
    'values-closures',
    'values-generics',
  ].flatMap((name) => [{ fixture: name }, { fixture: name, flags: 'noopt' as const }]),
];

function* stands(program: Program, name: string): Generator<Stand> {
  for (const goroutine of program.goroutines()) {
    for (const frame of program.stackOf(goroutine, 100).frames) {
      if (frame.function?.replace(/\[.*\]/, '[...]') !== name) continue;
      yield standAt(program, frame);
      return;
    }
  }
}

describe('a compiled condition says what print says', () => {
  test.each(requests.filter((request) => missingForCore(request) === undefined))('%o', async (request) => {
    const { program } = await fixtureProgram(request);
    const counts = { quick: 0, general: 0, error: 0 };
    for (const { in: name, expressions } of fixture(request.fixture).evaluate) {
      for (const stand of stands(program, name)) {
        for (const expression of expressions) {
          for (const text of conditionsOf(stand, expression)) counts[compare(stand, text)]++;
        }
      }
    }
    expect(counts.quick).toBeGreaterThan(counts.general);
  });
});
