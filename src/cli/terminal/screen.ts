import type { WriteStream } from 'node:tty';

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const SEQUENCES = /\x1b\[[\d;]*[A-Za-z]/g;
const TAB_STOP = 8;

/** Rows that a line takes on a terminal of so many columns, tabs and colours considered. */
export function rowsOf(line: string, columns: number): number {
  const plain = line.replace(SEQUENCES, '');
  let width = 0;
  for (const char of plain) width += char === '\t' ? TAB_STOP - (width % TAB_STOP) : 1;
  return Math.max(1, Math.ceil(width / columns));
}

/** Writes and waits until the terminal has taken it. */
export function writeTo(terminal: WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    terminal.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
