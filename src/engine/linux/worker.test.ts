import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from '../../../test/support/project.ts';
import { writeAtomically } from '../../../test/support/tools.ts';
import { debuggee, missing } from './testing/debuggee.ts';

const here = dirname(fileURLToPath(import.meta.url));

describe.skipIf(missing !== undefined)('in a worker thread', () => {
  it('drives a process, blocked in wait, while the main thread has children of its own', async () => {
    const worker = new Worker(bundle(), { workerData: { program: debuggee() }, env: { IN: 'the worker' } });
    const message = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
    const { pid, environment } = (await message()) as { pid: number; environment: string };
    expect(environment).toBe('IN=the worker\0');
    // The worker waits for any child now; those of this thread are not its own.
    const run = promisify(execFile);
    const outputs = await Promise.all([1, 2, 3, 4].map((number) => run('sh', ['-c', `echo ${number}`])));
    expect(outputs.map(({ stdout }) => stdout.trim())).toEqual(['1', '2', '3', '4']);
    const ended = message();
    process.kill(pid, 'SIGTERM');
    // 2000 times an int3, then the signal, which is delivered.
    expect(await ended).toEqual({ traps: 2000, signals: [15], status: 15 });
    await worker.terminate();
  });
});

function bundle(): string {
  const outfile = join(cacheFolder, 'kernel', 'worker-entry.mjs');
  const entry = join(here, 'testing/worker-entry.ts');
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['koffi'],
    write: false,
  });
  writeAtomically(outfile, outputFiles[0]!.text);
  return outfile;
}
