import { expect, it } from 'vitest';
import { namePattern } from './name-pattern.ts';

it.each([
  ['main.handle*', 'main.handleRequest', true],
  ['main.handle*', 'main.unhandled', false],
  ['net.*', 'net.(*conn).Read', true],
  ['net.*', 'net/http.Get', false],
  ['http.(*conn).serve', 'net/http.(*conn).serve', true],
  ['http.(*conn).serve', 'net/http.(*conn).server', false],
  ['http.(*conn).serve', 'net/http.(*conn)Xserve', false],
  ['main.(*T).*', 'main.(*T).M', true],
  ['main.(*T).*', 'main.(*TT).M', false],
  ['main.F', 'main.F[go.shape.int]', true],
  ['main.F', 'main.F[...]', true],
  ['/^main\\.[AB]$/', 'main.A', true],
  ['/^main\\.[AB]$/', 'main.C', false],
  ['*', 'anything/at.all', true],
])('%s and %s: %s', (pattern, name, expected) => {
  expect(namePattern(pattern).matches(name)).toBe(expected);
});

it('refuses what is no pattern', () => {
  expect(() => namePattern('')).toThrow(/no function/);
  expect(() => namePattern('/(/')).toThrow('/(/ is no regular expression');
});
