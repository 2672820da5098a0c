import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/index.ts';
import { jsonDocument, jsonLine } from './json.ts';

const documentOf = (result: unknown): string =>
  [...jsonDocument({ command: 'c', arguments: '' }, result)].join('');
const parsed = (result: unknown): unknown => JSON.parse(documentOf(result));

describe('jsonDocument', () => {
  it('is one line with the head and the result', () => {
    expect(documentOf({ a: 1 })).toBe('{"command":"c","arguments":"","result":{"a":1}}\n');
  });

  it('writes addresses as hex, big integers as strings, and leaves out what is undefined', () => {
    const result = {
      pc: 0x4cdfc9,
      line: 5,
      big: 2n ** 63n,
      small: 5n,
      large: 2 ** 60,
      none: undefined,
      nan: Number.NaN,
    };
    expect(parsed(result)).toEqual({
      command: 'c',
      arguments: '',
      result: {
        pc: '0x4cdfc9',
        line: 5,
        big: '9223372036854775808',
        small: 5,
        large: '1152921504606846976',
        nan: 'NaN',
      },
    });
  });

  it('writes maps as objects, bytes as hex, and takes plain data of what has it', () => {
    const row = { toPlain: () => ({ id: 1 }) };
    const result = { byState: new Map([['_Gwaiting', 3]]), bytes: Uint8Array.of(1, 255), row };
    expect(parsed(result)).toMatchObject({
      result: { byState: { _Gwaiting: 3 }, bytes: '01ff', row: { id: 1 } },
    });
  });

  it('makes rows only as they are read, and counts behind them', () => {
    let made = 0;
    function* rows(): Iterable<unknown> {
      for (let id = 0; id < 5000; id++) {
        made++;
        yield { id, text: 'x'.repeat(50) };
      }
    }
    const result = {
      rows: rows(),
      get count() {
        return made;
      },
    };
    const document = jsonDocument({ command: 'c' }, result);
    let text = '';
    while (!text.includes('"id"')) text += document.next().value;
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(1000);
    for (const piece of document) text += piece;
    expect(JSON.parse(text)).toMatchObject({ result: { count: 5000 } });
  });

  it('closes what is open when making a row fails, and says so', () => {
    function* rows(): Iterable<unknown> {
      yield 1;
      throw new UserError('interrupted');
    }
    const document = jsonDocument({ command: 'c' }, { rows: rows(), after: true });
    let step = document.next();
    let text = '';
    for (; step.done !== true; step = document.next()) text += step.value;
    expect(step.value).toMatchObject({ message: 'interrupted', family: 'user' });
    expect(JSON.parse(text)).toMatchObject({
      result: { rows: [1], after: true },
      error: { message: 'interrupted' },
    });
  });

  it('keeps strings on their line', () => {
    expect(jsonLine({ text: 'a\nb\u2028' }).split('\n')).toHaveLength(2);
  });
});
