import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/trace/recording.ts';
import { writeTraceFile } from '../../src/engine/trace/trace-file.ts';
import { EVENT, livesOf } from '../../src/trace/index.ts';
import { goTool } from '../support/go-build.ts';
import { cacheFolder } from '../support/project.ts';
import { bundledProgram } from './bundled-program.ts';

/** Messaging: goroutines for each connection, channels, conditions, timers. Its module proxy is Go's own. */
const MODULE = 'github.com/nats-io/nats-server/v2@v2.10.22';
const ENOUGH = 20_000;
const PATIENCE_MS = 120_000;

const folder = mkdtempSync(path.join(tmpdir(), 'mattock-third-party-'));
const children: ChildProcess[] = [];

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Built once, by the installed Go; or why that is not possible here. */
async function natsServer(): Promise<{ readonly program: string } | { readonly why: string }> {
  const bin = path.join(cacheFolder, 'third-party', MODULE.replaceAll(/\W/g, '-'));
  const program = path.join(bin, 'nats-server');
  if (existsSync(program)) return { program };
  mkdirSync(bin, { recursive: true });
  try {
    const env = { ...process.env, GOBIN: bin, GOFLAGS: '', CGO_ENABLED: '0' };
    await promisify(execFile)('go', ['install', MODULE], { env });
    return { program };
  } catch (error) {
    return {
      why: `${MODULE} cannot be built here: ${String((error as { stderr?: unknown }).stderr ?? error)}`,
    };
  }
}

/** Starts a program and waits until it prints this. */
async function started(
  program: string,
  args: readonly string[],
  ready: RegExp,
): Promise<{ readonly pid: number; readonly said: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let said = '';
  const end = once(child, 'exit').then(() => 'end');
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  while (!ready.test(said)) {
    const next = await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), end]);
    if (next === 'end') throw new Error(`${program} has ended: ${said}`);
  }
  return { pid: child.pid!, said };
}

const possible = process.platform === 'linux' && process.arch === 'x64';

describe.skipIf(!possible)('a server that others wrote', () => {
  it('is recorded under load, and Go’s tool reads the trace', { timeout: 600_000 }, async (context) => {
    const built = await natsServer();
    if ('why' in built) return context.skip(built.why);
    const listening = /Listening for client connections on 127\.0\.0\.1:(\d+).*Server is ready/s;
    const server = await started(built.program, ['-a', '127.0.0.1', '-p', '-1'], listening);
    const port = listening.exec(server.said)![1]!;
    await started(process.execPath, [bundledProgram('nats-load.ts'), port], /loaded/);

    const recording = await Recording.start({
      subject: { kind: 'attach', pid: server.pid },
      lossless: true,
    });
    const end = performance.now() + PATIENCE_MS;
    while (recording.status.events < ENOUGH && performance.now() < end) {
      recording.drain();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await recording.stop();
    expect(recording.missing).toEqual([]);
    expect(recording.status.lost).toBe(0);

    const trace = recording.trace();
    expect(trace.violations).toEqual([]);
    expect(livesOf(trace).violations).toEqual([]);
    // Its connections were there before: their stacks tell what they are.
    expect(trace.strings).toContain('github.com/nats-io/nats-server/v2/server.(*client).readLoop');

    const file = path.join(folder, 'nats.out');
    writeTraceFile(file, trace, () => '');
    const parsed = goTool(undefined, ['trace', '-d=parsed', file]);
    const blocked = trace.events.kind.filter((kind) => kind === EVENT.blocked).length;
    // An event in Go's reading begins with its thread; each that blocks has its own.
    expect([...parsed.matchAll(/^M=.* StateTransition .*Running->Waiting/gm)].length).toBeGreaterThanOrEqual(
      blocked,
    );
  });
});
