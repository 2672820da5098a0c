import { spawn } from 'node:child_process';
import { openInline } from '../../src/engine/index.ts';
import { type Build, builtFixture } from '../support/builds.ts';

/** A fixture's program under the debugger, in this thread. */
export interface LiveSession {
  /** The command's text. Fails the test if the command fails. */
  text(line: string): Promise<string>;
  /** The documents of `--json`: the result, and what was told meanwhile before it. */
  json(line: string): Promise<{ readonly result: Record<string, unknown>; readonly told: readonly Told[] }>;
  /** The message of a command that is to fail. */
  failure(line: string): Promise<string>;
  close(): Promise<void>;
}

export interface Told {
  readonly event: string;
  readonly kind: string;
  readonly function: string;
  readonly goroutine: number;
  readonly values: readonly { readonly name: string; readonly text: string }[];
}

export async function launch(build: Build, args: readonly string[] = ['exit']): Promise<LiveSession> {
  const session = await openInline({
    live: {
      kind: 'launch',
      program: { path: builtFixture(build).executable },
      args,
      terminal: { kind: 'files', stdin: '/dev/null', stdout: '/dev/null', stderr: '/dev/null' },
      fixedAddresses: true,
    },
  });
  // A test that waits for ever blocks this thread: nothing in it could end the program.
  const { pid } = session.session.program.target.process;
  const watchdog = spawn('sh', ['-c', `sleep 200; kill -KILL ${pid}`], { detached: true, stdio: 'ignore' });
  const execute = async (line: string, format: 'text' | 'json') => {
    let written = '';
    const outcome = await session.execute(line, { format, colour: false }, (text) => {
      written += text;
    });
    return { outcome, written };
  };
  return {
    async text(line) {
      const { outcome, written } = await execute(line, 'text');
      if (outcome.error !== undefined) throw new Error(`${line}: ${outcome.error.message}`);
      return written;
    },
    async json(line) {
      const { outcome, written } = await execute(line, 'json');
      if (outcome.error !== undefined) throw new Error(`${line}: ${outcome.error.message}`);
      return toldAndResult<Told, Record<string, unknown>>(written);
    },
    async failure(line) {
      const { outcome } = await execute(line, 'text');
      if (outcome.error === undefined) throw new Error(`${line} did not fail`);
      return outcome.error.message;
    },
    async close() {
      process.kill(-watchdog.pid!, 'SIGKILL');
      await session.close();
    },
  };
}

/** What a command said in JSON: a line for each thing that it told, and one for its result. */
export function toldAndResult<One, Result>(
  written: string,
): { readonly told: readonly One[]; readonly result: Result } {
  const lines = written.trimEnd().split('\n');
  const documents = lines.map((line) => JSON.parse(line) as unknown);
  return {
    told: documents.slice(0, -1) as readonly One[],
    result: (documents.at(-1) as { readonly result: Result }).result,
  };
}

/** The builds that live tests run with: optimised and not, of the installed Go and of 1.22. */
export const LIVE_BUILDS: readonly Omit<Build, 'fixture'>[] = [
  { flags: 'noopt' },
  { flags: 'opt' },
  { flags: 'noopt', toolchain: '1.22.12' },
  { flags: 'opt', toolchain: '1.22.12' },
];
