import { expect, test } from 'vitest';
import { compile } from './compile.ts';
import { type Operation, verify } from './operations.ts';
import { parse } from './parser.ts';

const names = { type: () => undefined, isVariable: () => false, text: () => '' };
const operationsOf = (text: string): readonly Operation[] => compile(parse(text), names);

test('an expression is a program for a stack', () => {
  expect(operationsOf('a.b[1] + len(c)').map((operation) => operation.do)).toEqual([
    'qualified',
    'constant',
    'index',
    'identifier',
    'builtin',
    'binary',
  ]);
});

test('&& and || skip their right side', () => {
  const operations = operationsOf('a && b || c');
  const skips = operations.flatMap((operation, at) =>
    operation.do === 'skip-if' ? [{ at, when: operation.when, target: operation.target }] : [],
  );
  expect(skips).toEqual([
    { at: 2, when: false, target: 5 },
    { at: 6, when: true, target: 9 },
  ]);
});

test('a program that would break the stack does not get through', () => {
  const node = parse('1');
  const one: Operation = { do: 'constant', constant: { kind: 'int', value: 1n }, node };
  const add: Operation = { do: 'binary', operator: '+', node };
  expect(() => verify([one, one, add])).not.toThrow();
  expect(() => verify([one, add])).toThrow(/operation 1 .*1 of 2/);
  expect(() => verify([one, one])).toThrow('2 values are left');
  expect(() => verify([])).toThrow('0 values are left');
  expect(() => verify([one, { do: 'skip-if', when: true, target: 0, node }])).toThrow('goes back');
  expect(() => verify([one, { do: 'skip-if', when: true, target: 4, node }, one, one])).toThrow(
    'is reached with',
  );
});
