import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '../live/running-program.ts';
import { buildGo } from '../support/go-build.ts';

/** So long at least it does nothing afterwards. */
const TAIL_MS = 300;

/**
 * Runs examples/leaky-server until it has sent itself its load, however long that takes here, and as long again: what
 * hangs then has hung for half of the trace.
 */
export async function recordLeakyServer(
  trace: string,
  load: readonly string[],
  toolchain?: string,
): Promise<void> {
  const program = buildGo({
    source: 'examples/leaky-server',
    ...(toolchain === undefined ? {} : { toolchain }),
  });
  const began = performance.now();
  const server = spawn(program, ['-listen', '127.0.0.1:0', '-trace', trace, ...load], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(server, 'exit');
  let said = '';
  server.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  try {
    await until(() => said.includes('load: ') || server.exitCode !== null, 'its load is over');
    const tail = Math.max(TAIL_MS, performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, tail));
    server.kill('SIGINT');
    const [status] = await ended;
    if (status !== 0) throw new Error(`leaky-server ended with ${status}: ${said}`);
  } finally {
    server.kill('SIGKILL');
  }
}
