import { UserError } from '../../base/index.ts';
import type { Libc } from './libc.ts';

export interface StringTable {
  /** Pointers to the strings, a null behind them: argv, envp. */
  readonly pointers: BigUint64Array;
  /** The strings themselves: to be held for as long as the pointers are used. */
  readonly bytes: Uint8Array;
}

export function stringTable(libc: Libc, strings: readonly string[]): StringTable {
  for (const text of strings)
    if (text.includes('\0'))
      throw new UserError(`arguments and environment may not have a zero byte: ${JSON.stringify(text)}`);
  const pieces = strings.map((text) => Buffer.from(`${text}\0`));
  const bytes = Buffer.concat([...pieces, Buffer.alloc(1)]);
  const base = libc.address(bytes);
  const pointers = new BigUint64Array(strings.length + 1);
  let offset = 0;
  for (const [index, piece] of pieces.entries()) {
    pointers[index] = base + BigInt(offset);
    offset += piece.length;
  }
  return { pointers, bytes };
}
