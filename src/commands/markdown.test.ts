import { describe, expect, it } from 'vitest';
import { commandTable } from './commands.ts';
import { commandsMarkdown } from './markdown.ts';

describe('docs/commands.md', () => {
  it('says what the table says (`npm run docs` writes it anew)', async () => {
    const page = new URL('../../docs/commands.md', import.meta.url);
    const text = commandsMarkdown(commandTable);
    expect(text).toContain('### goroutines (grs)');
    await expect(text).toMatchFileSnapshot(page.pathname);
  });
});
