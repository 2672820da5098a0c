import { runCore } from './core-command.ts';
import { parseQuickly } from './options.ts';
import { BrokenPipe, OutputFailure, writeError, writeOut } from './standard-streams.ts';
import { version } from './version.ts';

/**
 * Runs the command line and gives the exit status: 0, 1 (something failed) or 2 (wrong usage). `workerEntry` is the
 * file that a worker thread of an interactive session starts with.
 */
export async function main(argv: readonly string[], workerEntry: URL): Promise<number> {
  try {
    return await run(argv, workerEntry);
  } catch (error) {
    if (!(error instanceof OutputFailure)) throw error;
    try {
      writeError(`mattock: ${error.message}\n`);
    } catch (second) {
      // Nothing can be told: the status does.
      if (!(second instanceof OutputFailure || second instanceof BrokenPipe)) throw second;
    }
    return 1;
  }
}

async function run(argv: readonly string[], workerEntry: URL): Promise<number> {
  if (argv[0] === 'core') {
    const options = parseQuickly(argv.slice(1));
    if (options !== undefined) return runCore(options, workerEntry);
  }
  if (argv[0] === 'version' || argv[0] === '--version') {
    writeOut(`mattock ${version()}\n`);
    return 0;
  }
  const { parseWithCommander } = await import('./parse-with-commander.ts');
  const request = parseWithCommander(argv.length === 0 ? ['help'] : argv);
  switch (request.kind) {
    case 'core':
      return runCore(request.options, workerEntry);
    case 'live': {
      const { runLive } = await import('./live-command.ts');
      return runLive(request.options, workerEntry);
    }
    case 'record': {
      const { runTraceRecord } = await import('./trace-record-command.ts');
      return runTraceRecord(request.options, new URL('..', workerEntry));
    }
    case 'calls': {
      const { runTraceCalls } = await import('./trace-calls-command.ts');
      return runTraceCalls(request.options);
    }
    case 'analyze': {
      const { runAnalyze } = await import('./trace-analyze-command.ts');
      return runAnalyze(request.options);
    }
    case 'convert': {
      const { runTraceConvert } = await import('./trace-convert-command.ts');
      return runTraceConvert(request.options, new URL('..', workerEntry));
    }
    case 'view': {
      const { runTraceView } = await import('./trace-view-command.ts');
      return runTraceView(request.options, new URL('..', workerEntry));
    }
    case 'version':
      writeOut(`mattock ${version()}\n`);
      return 0;
    default:
      return request.status;
  }
}
