import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { UserError } from '../base/index.ts';
import { fakeProgram } from '../golang/values/testing/fake-program.ts';
import { evaluate } from './evaluate.ts';
import { show } from './show.ts';
import { fakeScope } from './testing/fake-scope.ts';

/** Made by a Go program: `expression TAB result`, random operands of every type, and constant expressions. */
const golden = readFileSync(new URL('testing/go-arithmetic.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => line.split('\t') as [string, string]);

const program = fakeProgram();
const print = (text: string): string => show(program, evaluate(fakeScope(program), text)).text;

function failure(text: string): { readonly message: string; readonly column: number | undefined } {
  try {
    return { message: `no error but ${print(text)}`, column: undefined };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { message: error.message, column: error.column };
  }
}

test('as Go computes', () => {
  expect(golden.length).toBeGreaterThan(1000);
  for (const [expression, result] of golden) {
    expect(`${expression} = ${print(expression)}`).toBe(`${expression} = ${result}`);
  }
});

describe('floats that are no numbers', () => {
  test.each([
    ['float64(1) / 0', '+Inf'],
    ['float64(-1) / 0', '-Inf'],
    ['float64(0) / 0', 'NaN'],
    ['float64(0) / 0 == float64(0) / 0', 'false'],
    ['float64(0) / 0 < 1', 'false'],
    ['-float64(0)', '-0'],
    ['float64(1e308) * 10', '+Inf'],
    ['float32(1e39)', '+Inf'],
    ['min(1, float64(0) / 0)', 'NaN'],
    ['max(float64(0) / 0, 1)', 'NaN'],
    ['complex(float64(1), 0) / complex(float64(0), 0)', '(+Inf + NaNi)'],
    ['int64(float64(1e300))', '-9223372036854775808'],
  ])('%s is %s', (expression, result) => {
    expect(print(expression)).toBe(result);
  });
});

describe('conversions', () => {
  test.each([
    ['uint8(300)', '44'],
    ['int(2.9)', '2'],
    ['int(-2.9)', '-2'],
    ['string(65)', '"A"'],
    ["string('世')", '"世"'],
    ['[]byte("hé")', '[]uint8 len: 3, cap: 3, [104,195,169]'],
    ['[]rune("hé")', '[]int32 len: 2, cap: 2, [104,233]'],
    ['string([]byte("héllo"))', '"héllo"'],
    ['string([]rune("hé"))', '"hé"'],
    ['[]byte("hello")[1:3]', '[]uint8 len: 2, cap: 2, [101,108]'],
    ['"hello"[1:3]', '"el"'],
    ['len([]byte("hello")[2:])', '3'],
    ['bool(1 < 2)', 'true'],
    ['complex64(1)', '(1 + 0i)'],
    ['uintptr(0xffffffffffffffff)', '18446744073709551615'],
    ['(*int)(0)', '*int nil'],
    ['(*int)(nil) == nil', 'true'],
    ['[]int(nil) == nil', 'true'],
    ['uint64(uintptr((*int)(0x10)))', '16'],
  ])('%s is %s', (expression, result) => {
    expect(print(expression)).toBe(result);
  });
});

describe('errors point at their place', () => {
  test.each([
    ['1 / 0', 2, 'division by zero'],
    ['int8(1) / int8(0)', 8, 'division by zero'],
    ['1 + nosuch', 4, 'could not find symbol nosuch'],
    ['int(1) + int8(2)', 7, 'mismatched types int and int8'],
    ['uint8(1) + 300', 9, 'constant 300 overflows uint8'],
    ['int(1) + 1.5', 7, 'can not convert 1.5 constant to int'],
    ['"a" - "b"', 4, 'operator - is not defined on string and string constants'],
    ['true + 1', 5, 'operator + is not defined on bool and int constants'],
    ['!3', 0, 'operator ! is not defined on a int'],
    ['1 << -1', 2, 'shift count must not be negative'],
    ['1.5 << 2', 4, 'shift of a float constant'],
    ['1 && true', 0, 'a boolean is expected, not int'],
    ['true && 1', 8, 'a boolean is expected, not int'],
    ['"abc"[5]', 6, 'index 5 is out of range: the length is 3'],
    ['"abc"[2:9]', 0, '[2:9] is out of range: the length is 3'],
    ['*3', 0, '3 (type constant) can not be dereferenced'],
    ['&3', 0, '3 has no address'],
    ['3.x', 2, 'malformed number in 3.x'],
    ['(3).x', 4, 'a constant is not a struct: it has no x'],
    ['f(3)', 0, 'f is no type or builtin, and functions can not be called here'],
    ['(*nosuch)(3)', 1, 'could not find type *nosuch'],
    ['int(1, 2)', 7, 'a conversion to int takes one value'],
    ['len(1, 2)', 0, 'wrong number of arguments to len: 2'],
    ['len(3)', 0, 'invalid argument of type constant for len'],
    ['nil + 1', 4, 'operator + is not defined on nil'],
    ['nil == 3', 4, 'a constant can not be compared with nil'],
    ['1 << 100000', 2, 'shift count 100000 is too large'],
    ['int(3).(int)', 8, 'int is not an interface'],
    ['[]int', 0, '[]int is a type, not a value'],
  ])('%s', (expression, column, message) => {
    expect(failure(expression)).toEqual({ column, message });
  });
});

test('what is not reached is not evaluated', () => {
  expect(print('false && 1 / 0 == 0')).toBe('false');
  expect(print('true || 1 / 0 == 0')).toBe('true');
  expect(failure('true && 1 / 0 == 0').message).toBe('division by zero');
});
