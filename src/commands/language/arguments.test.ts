import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/index.ts';
import {
  flag,
  option,
  optionWithDefault,
  pairOption,
  parseArguments,
  positional,
  repeatedOption,
  required,
  variadic,
} from './arguments.ts';
import { Cursor } from './cursor.ts';
import { address, choice, command, count, expression, goroutineId, regex, word } from './kinds.ts';

const SPEC = {
  full: flag('-full', 'full'),
  depth: optionWithDefault('-t', count('depth'), 10, 'depth'),
  format: option('-fmt', choice('format', ['hex', 'dec']), 'format'),
  range: pairOption('-a', address('start'), address('end'), 'range'),
  with: repeatedOption(['-with', '-w'], word('text'), 'with'),
  number: positional(count('n'), 'number'),
};

const parse = (text: string) => parseArguments(SPEC, new Cursor({ text, column: 0 }));
const failure = (read: () => unknown): UserError => {
  try {
    read();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('no error');
};

describe('parseArguments', () => {
  it('gives every argument a value when nothing is typed', () => {
    expect(parse('')).toEqual({
      full: false,
      depth: undefined,
      format: undefined,
      range: undefined,
      with: [],
      number: undefined,
    });
  });

  it('reads flags and positional arguments in any order', () => {
    const args = parse('-full 5 -fmt dec -w a -with b -a 0x10 32');
    expect(args).toMatchObject({ full: true, number: 5, format: 'dec', with: ['a', 'b'], range: [16, 32] });
  });

  it('takes the value of a flag that may stand without one only if it is a number', () => {
    expect(parse('-t 3')).toMatchObject({ depth: 3 });
    expect(parse('-t -full')).toMatchObject({ depth: 10, full: true });
    expect(parse('-t')).toMatchObject({ depth: 10 });
  });

  it('points at a flag that does not exist and names those that do', () => {
    const error = failure(() => parse('5 -nope'));
    expect(error.message).toBe('there is no flag -nope');
    expect(error.column).toBe(2);
    expect(error.remedy).toContain('-full');
  });

  it('points at an argument too many', () => {
    expect(failure(() => parse('5 6'))).toMatchObject({ message: '6 is one argument too many', column: 2 });
  });

  it('points at a value of the wrong kind', () => {
    expect(failure(() => parse('-fmt octal'))).toMatchObject({
      message: 'octal is not one of hex, dec',
      column: 5,
    });
    expect(failure(() => parse('abc'))).toMatchObject({ message: 'abc is not a number', column: 0 });
    expect(failure(() => parse('-fmt'))).toMatchObject({ message: '-fmt needs <format>', column: 0 });
  });

  it('requires what is required', () => {
    const spec = { id: required(goroutineId, 'id') };
    expect(failure(() => parseArguments(spec, new Cursor({ text: '', column: 3 }))).message).toBe(
      '<id> is missing',
    );
  });

  it('hands on a nested command as it was typed, with its column', () => {
    const spec = { id: positional(goroutineId, 'id'), command: positional(command, 'command') };
    const args = parseArguments(spec, new Cursor({ text: '18 stack -full "x y"', column: 10 }));
    expect(args).toEqual({ id: 18, command: { text: 'stack -full "x y"', column: 13 } });
  });

  it('lets an expression begin with a dash, but nothing else', () => {
    const spec = { what: required(expression, 'what') };
    expect(parseArguments(spec, new Cursor({ text: '-x + 1', column: 0 })).what.text).toBe('-x + 1');
    const other = { filter: positional(regex(), 'filter') };
    expect(failure(() => parseArguments(other, new Cursor({ text: '-x', column: 0 }))).message).toContain(
      'no flag',
    );
  });

  it('says what is wrong with a regular expression', () => {
    const spec = { filter: positional(regex(), 'filter') };
    const error = failure(() => parseArguments(spec, new Cursor({ text: 'a(b', column: 0 })));
    expect(error.message).toMatch(/^a\(b is not a regular expression: /);
  });

  it('collects any number of words', () => {
    const spec = { names: variadic(word('name'), 'names') };
    expect(parseArguments(spec, new Cursor({ text: 'rip rsp', column: 0 })).names).toEqual(['rip', 'rsp']);
  });
});
