import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernelWritesFiles } from '../support/cores.ts';
import { buildGo } from '../support/go-build.ts';
import { compareVersions, installedGo } from '../support/tools.ts';
import { documents, mattock } from './run-mattock.ts';

interface Frame {
  readonly index: number;
  readonly function: string;
  readonly defers?: readonly { readonly function: string; readonly deferredAt?: { readonly line: number } }[];
}

// The kernel must leave cores in the working directory.
describe.skipIf(!kernelWritesFiles()).each([['all=-N -l'], ['']])(
  'deferred calls, built with %j',
  (gcflags) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-defers-'));
    let executable: string;
    let core: string;
    let frames: readonly Frame[];

    const run = async (line: string) => {
      const { stdout } = await mattock(['core', executable, core, '-q', '-c', line]);
      return stdout;
    };
    const indexOf = (name: string): number => frames.find((frame) => frame.function === name)!.index;

    beforeAll(async () => {
      executable = buildGo({
        source: 'test/cli/programs/pending-defers.go',
        flags: gcflags === '' ? [] : [`-gcflags=${gcflags}`],
        env: { CGO_ENABLED: '0' },
      });
      spawnSync('bash', ['-c', 'ulimit -c unlimited; exec "$0"', executable], {
        cwd: folder,
        env: { ...process.env, GOTRACEBACK: 'crash' },
      });
      core = path.join(folder, readdirSync(folder).find((name) => name.startsWith('core'))!);
      const { stdout } = await mattock(['core', executable, core, '-q', '--json', '-c', 'stack -defer']);
      frames = (documents(stdout)[0]!.result as { frames: readonly Frame[] }).frames;
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('are shown with the frames that deferred them, the next first', () => {
      const defers = (name: string) => frames.find((frame) => frame.function === name)?.defers;
      expect(defers('main.loop')?.map(({ deferredAt }) => deferredAt?.line)).toEqual([18, 18, 18]);
      expect(defers('main.open')?.[0]?.function).toBe('main.open.func1');
      expect(defers('main.open')).toHaveLength(2);
      expect(defers('main.main')).toBeUndefined();
    });

    it('tell what they have captured', async (context) => {
      if (compareVersions(installedGo()!, '1.23') < 0)
        context.skip('before Go 1.23 DWARF does not say where a closure keeps what it captured');
      const open = indexOf('main.open');
      expect(await run(`frame ${open} deferred 1 locals`)).toContain('n = 3\n');
      expect(await run(`frame ${open} deferred 1 print n * 2`)).toBe('6\n');
      if (gcflags === '') return;
      expect(await run(`frame ${open} deferred 1 locals`)).toContain('r = main.resource {name: "opened"}');
      expect(await run(`frame ${indexOf('main.loop')} deferred 3 args -v`)).toMatch(
        /^arg1 = \(\*main\.resource\)\(0x[\da-f]+\)\n\*main\.resource \{name: "loop 0"\}\n$/,
      );
    });

    it('are numbered from 1', async () => {
      const { stderr, status } = await mattock([
        'core',
        core,
        '-q',
        '-c',
        `frame ${indexOf('main.open')} deferred 3 args`,
      ]);
      expect(status).toBe(1);
      expect(stderr).toContain('has deferred calls 1 to 2');
    });
  },
);
