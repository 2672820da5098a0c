import { spawn } from 'node:child_process';
import { writePrivateFile } from '../engine/trace/trace-file.ts';
import { readGoTrace } from '../trace/go-format/index.ts';
import { servePage } from '../web/index.ts';
import { pageOfTrace } from './page-of-trace.ts';
import { writeError, writeOut } from './standard-streams.ts';
import { readTraceFile } from './trace-bytes.ts';
import { statusOf } from './trace-failure.ts';
import type { TraceViewOptions } from './trace-view-options.ts';

/** Runs `mattock trace view` and gives the exit status. `root` is the folder that dist/ is in. */
export function runTraceView({ file, output, open }: TraceViewOptions, root: URL): Promise<number> {
  return statusOf(async () => {
    const page = pageOfTrace(readGoTrace(readTraceFile(file), file), root);
    if (output === undefined) return serve(page, open);
    writePrivateFile(output, Buffer.from(page, 'utf8'));
    writeError(`mattock: ${output} (a page that needs nothing else: open it in a browser)
`);
  });
}

async function serve(page: string, open: boolean): Promise<void> {
  const server = await servePage(page);
  writeOut(`${server.url}\n`);
  if (open) startBrowser(server.url);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  await server.close();
}

function startBrowser(url: string): void {
  const [program, ...args] = process.platform === 'darwin' ? ['open', url] : ['xdg-open', url];
  const child = spawn(program!, args, { stdio: 'ignore', detached: true });
  child.on('error', () => writeError(`mattock: ${program} is not there: open the address yourself\n`));
  child.unref();
}
