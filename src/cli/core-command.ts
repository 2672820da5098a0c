import { type OpenOptions, openInline, SessionError, settingsPath } from '../engine/index.ts';
import { LineRunner } from './line-runner.ts';
import { openingLines } from './opening-lines.ts';
import type { CoreOptions } from './options.ts';
import { ProgressLine } from './progress-line.ts';
import { renderOptions, reportOpening } from './rendering.ts';
import { standardInputLines } from './standard-input.ts';
import { BrokenPipe, isTerminal, writeError } from './standard-streams.ts';

/** Runs `mattock core` and gives the exit status. */
export async function runCore(options: CoreOptions, workerEntry: URL): Promise<number> {
  try {
    const interactive = options.commands.length === 0 && !options.json && isTerminal(0) && isTerminal(1);
    if (!interactive) return await runCommands(options);
    const { runTerminal } = await import('./terminal/run-terminal.ts');
    return await runTerminal(openOptions(options), options, renderOptions(options), workerEntry);
  } catch (error) {
    if (error instanceof BrokenPipe) return 0;
    if (!(error instanceof SessionError)) throw error;
    reportOpening(error.facts, options);
    return 1;
  }
}

const openOptions = (options: CoreOptions): OpenOptions => ({
  core: options.core,
  acceptMismatch: options.acceptMismatch,
  ...(options.executable === undefined ? {} : { executable: options.executable }),
  ...(options.sysroot === undefined ? {} : { sysroot: options.sysroot }),
  ...(options.config ? { settingsFile: settingsPath() } : {}),
});

async function runCommands(options: CoreOptions): Promise<number> {
  const progress = new ProgressLine();
  const session = await openInline(openOptions(options), { progress: (...facts) => progress.show(...facts) });
  progress.clear();
  for (const warning of session.warnings) writeError(`mattock: ${warning}\n`);
  const runner = new LineRunner(session, renderOptions(options), progress);
  for (const line of openingLines(options)) await runner.run(line);
  if (options.commands.length > 0) {
    for (const line of options.commands) await runner.run(line);
  } else if (!isTerminal(0)) {
    for await (const line of standardInputLines()) {
      await runner.run(line);
      if (runner.ended) break;
    }
  }
  return runner.failed ? 1 : 0;
}
