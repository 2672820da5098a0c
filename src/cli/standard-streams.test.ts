import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { writeAll } from './standard-streams.ts';

test('text of any length is written whole, no character torn', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mattock-streams-'));
  try {
    const file = path.join(folder, 'out');
    const texts = ['', 'plain\n', 'é世😀'.repeat(30_000), `x${'😀'.repeat(50_000)}`, 'a'.repeat(200_000)];
    const descriptor = openSync(file, 'w');
    for (const text of texts) writeAll(descriptor, text);
    closeSync(descriptor);
    expect(readFileSync(file, 'utf8') === texts.join('')).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
