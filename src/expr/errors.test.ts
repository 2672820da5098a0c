import { describe, expect, test } from 'vitest';
import { MattockError, UserError } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { type CoreRequest, fixtureProgram, missingForCore } from '../golang/testing/fixture-program.ts';
import { evaluate } from './evaluate.ts';
import { scopeAt } from './scope.ts';

/** What is said of an expression in the innermost frame of a function. */
function complaint(program: Program, inside: string, text: string) {
  for (const goroutine of program.goroutines()) {
    const frame = program.stackOf(goroutine, 100).frames.find((one) => one.function === inside);
    if (frame === undefined) continue;
    try {
      evaluate(scopeAt(program, goroutine, frame), text);
      return undefined;
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      const { message, remedy } = error;
      const column = error instanceof UserError ? error.column : undefined;
      return {
        message,
        ...(remedy === undefined ? {} : { remedy }),
        ...(column === undefined ? {} : { column }),
      };
    }
  }
  throw new Error(`no goroutine is in ${inside}`);
}

const pool: CoreRequest = { fixture: 'worker-pool', flags: 'noopt' };

describe.skipIf(missingForCore(pool) !== undefined)('errors', async () => {
  const { program } = await fixtureProgram(pool);
  const inMain = (text: string) => complaint(program, 'main.main', text);

  test('package main is a package, not its function main', () => {
    expect(inMain('main.Nope')).toEqual({ message: 'there is no Nope in package main', column: 5 });
    expect(inMain('1 + main.Nope.field')).toEqual({ message: 'there is no Nope in package main', column: 9 });
    expect(inMain('main.main')).toBeUndefined();
    expect(inMain('main')).toBeUndefined();
  });

  test('a type is no value', () => {
    expect(inMain('main.pool.jobs')).toEqual({
      message: 'main.pool is a type, not a value',
      remedy: '`whatis main.pool` explains it',
      column: 5,
    });
  });

  test('the unknown name is pointed at, not its member', () => {
    expect(inMain('b.jobs')).toEqual({ message: 'could not find symbol b', column: 0 });
    expect(inMain('len(b.jobs)')).toEqual({ message: 'could not find symbol b', column: 4 });
    expect(inMain('p.nope')).toMatchObject({ column: 2 });
  });

  test('the key that a map does not have is named', () => {
    expect(inMain('p.seen[-4]')).toMatchObject({ message: 'key not found: -4' });
  });

  test('packages by their paths', () => {
    expect(inMain('"net/nope".X')).toEqual({
      message: 'there is no package net/nope',
      remedy: '`packages` lists those there are',
      column: 0,
    });
    expect(inMain('"internal/poll".Nope')).toEqual({
      message: 'there is no Nope in package internal/poll',
      column: 16,
    });
    expect(inMain('1 + internal/poll.Nope')).toEqual({
      message: 'could not find symbol internal',
      remedy: 'a path needs quotes: "internal/poll".Nope',
      column: 4,
    });
  });

  test('what is nil or not there is named', () => {
    expect(inMain('*(*int)(0)')).toMatchObject({ message: '(*int)(0) is nil: nil pointer dereference' });
    expect(inMain('1 + *(*int)(0x10)')).toMatchObject({
      message: expect.stringMatching(/^\*\(\*int\)\(0x10\): .*at 0x10$/),
    });
  });
});

const optimised: CoreRequest = { fixture: 'nil-deref' };

describe.skipIf(missingForCore(optimised) !== undefined)('an optimised build', async () => {
  const { program } = await fixtureProgram(optimised);

  test('names what is optimised out', () => {
    const said = complaint(program, 'main.audit', '1 + a.balance');
    expect(said?.message).toBe('a is nil: nil pointer dereference');
    expect(complaint(program, 'main.audit', 'len(name) + 1')?.message).toBe('name is optimised out');
  });
});

const stripped: CoreRequest = { fixture: 'nil-deref', stripped: true };

describe.skipIf(missingForCore(stripped) !== undefined)('a stripped build', async () => {
  const { program } = await fixtureProgram(stripped);

  test('says that it has no DWARF', () => {
    for (const text of ['s', 's.x', 'main.x', 'runtime.nope']) {
      const said = complaint(program, 'main.main', text);
      expect(said?.message).toMatch(
        /^could not find symbol \S+: .*nil-deref-\w+ has no DWARF, which names variables$/,
      );
      expect(said?.remedy).toBe('build it without -ldflags=-s and -w');
    }
  });
});
