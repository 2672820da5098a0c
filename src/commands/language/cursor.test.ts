import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/index.ts';
import { CompletionPoint, Cursor, NOTHING } from './cursor.ts';

const over = (text: string, column = 0): Cursor => new Cursor({ text, column });
const pointOf = (read: () => unknown): CompletionPoint => {
  try {
    read();
  } catch (error) {
    if (error instanceof CompletionPoint) return error;
    throw error;
  }
  throw new Error('no completion point');
};

describe('Cursor', () => {
  it('splits words and knows their columns in the whole line', () => {
    const cursor = over('  18   stack', 10);
    expect(cursor.word('a')).toEqual({ text: '18', column: 12 });
    expect(cursor.word('b')).toEqual({ text: 'stack', column: 17 });
    expect(cursor.atEnd([])).toBe(true);
  });

  it('takes quotes off words and keeps what is in them together', () => {
    const cursor = over(`'chan send' "a \\"b\\"" x`);
    expect(cursor.word('a').text).toBe('chan send');
    expect(cursor.word('b').text).toBe('a "b"');
    expect(cursor.word('c').text).toBe('x');
  });

  it('reads an expression to the first space outside of brackets and quotes', () => {
    const cursor = over('*(*chan int)(0xc000 + 8) m["a b"] next');
    expect(cursor.expressionWord('e').text).toBe('*(*chan int)(0xc000 + 8)');
    expect(cursor.expressionWord('e').text).toBe('m["a b"]');
    expect(cursor.rest('r').text).toBe('next');
  });

  it('ends an unfinished quote with the text', () => {
    expect(over('"abc').word('a').text).toBe('abc');
    expect(over('f("abc').expressionWord('a').text).toBe('f("abc');
  });

  it('says what is missing, and where', () => {
    const cursor = over('x', 6);
    cursor.word('first');
    expect(() => cursor.word('<depth>')).toThrow(UserError);
    expect(() => cursor.word('<depth>')).toThrow('<depth> is missing');
  });

  it('ends in a completion point at the word that touches the end', () => {
    const cursor = new Cursor({ text: 'alpha be', column: 4 }, true);
    cursor.word('first', NOTHING);
    const point = pointOf(() => cursor.word('second', { kind: 'function' }));
    expect(point.typed).toEqual({ text: 'be', column: 10 });
    expect(point.expected).toEqual([{ kind: 'function' }]);
  });

  it('completes a new word behind a space', () => {
    const cursor = new Cursor({ text: 'alpha ', column: 0 }, true);
    cursor.word('first', NOTHING);
    expect(pointOf(() => cursor.word('second', NOTHING)).typed).toEqual({ text: '', column: 6 });
  });
});
