import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { type InlineSession, openInline } from '../../src/engine/inline-session.ts';
import { buildGo } from '../support/go-build.ts';
import { RunningProgram } from './running-program.ts';
import { missing } from './stand.ts';

const MOST_STEPS = 60;

describe.skipIf(missing !== undefined)('a program that is left in the middle of a call', () => {
  let program: RunningProgram | undefined;
  let session: InlineSession | undefined;
  let guard: ChildProcess | undefined;
  afterEach(async () => {
    await session?.close();
    session = undefined;
    program?.kill();
    if (guard !== undefined) process.kill(-guard.pid!, 'SIGKILL');
  });

  async function run(line: string): Promise<string> {
    let written = '';
    const { error } = await session!.execute(line, { format: 'text', colour: false }, (text) => {
      written += text;
    });
    if (error !== undefined) throw new Error(`${line}: ${error.message}`);
    return written;
  }

  /** The instruction at which it stands. */
  const current = async (): Promise<string> => /^.*=>.*$/m.exec(await run('disassemble'))![0];

  // At a conditional jump the flags are in use, and in the loop vector registers all the time.
  it.each([undefined, 'go1.22.12'])(
    'has its vector registers and flags when that returns: %s',
    async (toolchain) => {
      const source = 'test/live/programs/left-in-call.go';
      program = new RunningProgram(buildGo({ source, ...(toolchain === undefined ? {} : { toolchain }) }));
      session = await openInline({ live: { kind: 'attach', pid: program.pid } });
      // Who waits for a program for ever keeps this thread: no timeout of the test could end it.
      guard = spawn('sh', ['-c', `sleep 200; kill -KILL ${program.pid}`], {
        detached: true,
        stdio: 'ignore',
      });
      await run('break main.sum');
      await run('continue');
      await run('clearall');
      // The loop has begun at the third.
      for (let jumps = 0, steps = 0; jumps < 3; steps++) {
        if (steps > MOST_STEPS) throw new Error('there is no conditional jump');
        await run('step-instruction');
        if (/\sJ(?!MP)[A-Z]+\s/.test(await current())) jumps++;
      }
      await run('break main.block');
      expect(await run('call block(3)')).toContain('[Breakpoint 2]');
      expect(await run('exit -c')).toContain('is left in the middle of a call');
      session = undefined;
      expect(await program.finish()).toEqual({ status: 0, last: 'all is well' });
    },
  );
});
