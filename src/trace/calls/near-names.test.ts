import { expect, it } from 'vitest';
import { nearNames } from './near-names.ts';

const NAMES = [
  'main.outer',
  'main.inner',
  'net/http.(*conn).serve',
  'example.com/app.Handle',
  'runtime.main',
];

it.each([
  ['main.outr', ['main.outer']],
  ['main.Inner', ['main.inner']],
  ['http.(*conn).server', ['net/http.(*conn).serve']],
  ['app.handel', ['example.com/app.Handle']],
  ['main.nothing', []],
])('%s: %j', (typed, expected) => {
  expect(nearNames(typed, NAMES)).toEqual(expected);
});
