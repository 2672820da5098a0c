import { describe, expect, it } from 'vitest';
import { launchWords } from './launch-words.ts';

const words = (text: string) => launchWords({ text, column: 8 });

describe('words of restart', () => {
  it('splits words and takes quotes off', () => {
    expect(words(`--port 80 'a b' "c \\" d" e\\ f g"h"i`).args).toEqual([
      '--port',
      '80',
      'a b',
      'c " d',
      'e f',
      'ghi',
    ]);
  });

  it('takes redirections out', () => {
    expect(words('x <in.txt >out.txt 2> "err file" y')).toEqual({
      args: ['x', 'y'],
      redirect: { stdin: 'in.txt', stdout: 'out.txt', stderr: 'err file' },
    });
  });

  it('says where a quote is not closed and which file is missing', () => {
    expect(() => words(`a 'b`)).toThrow(
      expect.objectContaining({ message: 'a quote is not closed', column: 10 }),
    );
    expect(() => words('a >')).toThrow('which file is stdout to be?');
  });
});
