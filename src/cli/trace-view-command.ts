import { spawn } from 'node:child_process';
import { MattockError } from '../base/index.ts';
import { errorFacts } from '../commands/index.ts';
import { readGoTrace } from '../trace/go-format/index.ts';
import { servePage, writePage } from '../web/index.ts';
import { pageOfTrace } from './page-of-trace.ts';
import { reportOpening } from './rendering.ts';
import { writeError, writeOut } from './standard-streams.ts';
import { readTraceFile } from './trace-bytes.ts';
import type { TraceViewOptions } from './trace-view-options.ts';

/** Runs `mattock trace view` and gives the exit status. `root` is the folder that dist/ is in. */
export async function runTraceView({ file, output, open }: TraceViewOptions, root: URL): Promise<number> {
  try {
    const page = pageOfTrace(readGoTrace(readTraceFile(file), file), root);
    if (output === undefined) await serve(page, open);
    else {
      writePage(output, page);
      writeError(`mattock: ${output} (a page that needs nothing else: open it in a browser)\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    reportOpening(errorFacts(error), { json: false });
    return 1;
  }
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
