import { expect, it } from 'vitest';
import { parseSideEvent, SIDE_EVENT } from './side-strings.ts';

it('takes an event beside the others only if all of it are numbers', () => {
  const fields = [3, 18, 0, -1, 7, 0, 1.5, 2 ** 40, 0];
  const text = (...words: readonly unknown[]): string => `${SIDE_EVENT}${words.join(' ')}`;
  expect(parseSideEvent(text(640, ...fields))).toEqual({ tick: 640, fields });
  for (const wrong of ['x', 'NaN', 'Infinity', '1e999'])
    for (let i = 0; i <= fields.length; i++)
      expect(
        parseSideEvent(text(...[640, ...fields].map((field, at) => (at === i ? wrong : field)))),
      ).toBeUndefined();
  expect(parseSideEvent(text(640, ...fields, 1))).toBeUndefined();
  expect(parseSideEvent(SIDE_EVENT)).toBeUndefined();
});
