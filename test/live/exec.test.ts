import { afterEach, describe, expect, it } from 'vitest';
import { type InlineSession, openInline } from '../../src/engine/inline-session.ts';
import { buildGo } from '../support/go-build.ts';
import { cProgram, missing } from './stand.ts';

describe.skipIf(missing !== undefined)('a program that runs another', () => {
  let session: InlineSession | undefined;
  afterEach(async () => {
    await session?.close();
    session = undefined;
  });

  async function launch(next: string): Promise<(line: string) => Promise<string>> {
    session = await openInline({
      live: {
        kind: 'launch',
        program: { path: buildGo({ source: 'test/live/programs/execing.go' }) },
        args: [next],
        terminal: { kind: 'files', stdin: '/dev/null', stdout: '/dev/null' },
        fixedAddresses: true,
      },
    });
    return async (line) => {
      let written = '';
      const { error } = await session!.execute(line, { format: 'text', colour: false }, (text) => {
        written += text;
      });
      return error === undefined ? written : `error: ${error.message}`;
    };
  }

  it('finds breakpoints by name in it, and those that waited for it', async () => {
    const run = await launch(buildGo({ source: 'test/live/programs/counting.go' }));
    await run('break main.main');
    expect(await run('break -pending main.expected')).toContain('pending');
    await run('break main.become');
    expect(await run('continue')).toContain('execing.go');
    expect(await run('continue')).toContain('main.become');
    expect(await run('continue')).toContain('the process runs another program');
    expect(await run('sources counting.go')).toContain('counting.go');
    expect(await run('breakpoints')).toMatch(/main\.become.*pending|pending.*main\.become/s);
    const stopped = await run('continue');
    expect(stopped).toMatch(/main\.main\(\).*counting\.go/);
    expect(await run('next')).toContain('counting.go');
    expect(await run('clear 1')).toContain('1');
    expect(await run('continue')).toContain('main.expected');
    expect(await run('args')).toContain('rounds = ');
    expect(await run('stack')).toContain('main.main');
    await run('clearall');
    expect(await run('continue')).toContain('exited with status 0');
  });

  it('which is not in Go', async () => {
    const run = await launch(cProgram('faults'));
    await run('break main.become');
    await run('continue');
    expect(await run('continue')).toContain('the process runs another program');
    await run('break many_threads');
    expect(await run('stack')).not.toContain('error');
    expect(await run('continue')).toContain('exited with status 99');
  });
});
