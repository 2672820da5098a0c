import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/index.ts';
import { parseLocationSpec } from './locspec.ts';

const parse = (text: string) => parseLocationSpec({ text, column: 5 });

describe('parseLocationSpec', () => {
  it.each([
    ['*0x4cdfc9', { kind: 'address', expression: { text: '0x4cdfc9', column: 6 } }],
    ['30', { kind: 'line', line: 30 }],
    ['+5', { kind: 'offset', lines: 5 }],
    ['-5', { kind: 'offset', lines: -5 }],
    ['main.go:30', { kind: 'name-and-line', name: 'main.go', line: 30 }],
    ['main.main:3', { kind: 'name-and-line', name: 'main.main', line: 3 }],
    ['main.main', { kind: 'function', name: 'main.main' }],
    ['(*T).Method', { kind: 'function', name: '(*T).Method' }],
    ['/abs/path/main.go:3', { kind: 'name-and-line', name: '/abs/path/main.go', line: 3 }],
    ['/^main\\./', { kind: 'regex', regex: /^main\./ }],
  ])('reads %s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it('refuses what is none', () => {
    expect(() => parse('  ')).toThrow(UserError);
    expect(() => parse('/a(/')).toThrow('not a regular expression');
  });
});
