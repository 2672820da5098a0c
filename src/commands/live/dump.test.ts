import { describe, expect, it } from 'vitest';
import { commandTable } from '../commands.ts';
import { executeLine, type Outcome } from '../execute.ts';
import { PLAIN } from '../output/style.ts';
import type { Session } from '../session/session.ts';
import { type FakeFacts, fakeSession } from '../testing/fake-program.ts';

async function run(
  session: Session,
  line: string,
  format: 'text' | 'json' = 'text',
): Promise<Outcome & { text: string }> {
  let text = '';
  const outcome = await executeLine(session, commandTable, line, { format, style: PLAIN }, (piece) => {
    text += piece;
  });
  return { ...outcome, text };
}

const memory = new Map([[0x10000, new Uint8Array(8192).fill(7)]]);
const session = (facts: FakeFacts = {}): Session => fakeSession({ memory, ...facts });

describe('dump', () => {
  it('writes a core, and says how large it is', async () => {
    const files: Record<string, string> = {};
    const { text, ok } = await run(session({ files }), 'dump app.core');
    expect(ok).toBe(true);
    expect(text).toBe('app.core: 0.0 MiB, 0.0 MiB of it on disk; 2 threads, 1 regions\n');
    expect(files).toEqual({ 'app.core': `${4096 + 8192} bytes` });
    const { result } = JSON.parse((await run(session(), 'dump app.core', 'json')).text);
    expect(result).toEqual({
      path: 'app.core',
      size: 4096 + 8192,
      written: expect.any(Number),
      threads: 2,
      regions: 1,
      unreadable: 0,
    });
  });

  it('replaces a file only when it is told to', async () => {
    const files: Record<string, string> = { 'app.core': 'old' };
    expect((await run(session({ files }), 'dump app.core')).error?.message).toBe('app.core is there already');
    expect(files['app.core']).toBe('old');
    expect((await run(session({ files }), 'dump -f app.core')).ok).toBe(true);
    expect(files['app.core']).toBe('12288 bytes');
  });

  it('leaves nothing when it is interrupted', async () => {
    const files: Record<string, string> = {};
    const { error } = await run(session({ files, cancelled: () => true }), 'dump app.core');
    expect(error?.message).toBe('interrupted');
    expect(files).toEqual({ 'app.core, discarded': '' });
  });

  it('needs a process and a name', async () => {
    expect((await run(session(), 'dump')).error?.message).toBe('<file> is missing');
    const gone = session();
    Object.assign(gone.program.target, { threads: [] });
    expect((await run(gone, 'dump x')).error?.message).toBe('there is nothing to write: the process is gone');
  });
});
