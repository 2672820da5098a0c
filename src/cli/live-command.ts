import { type OpenLiveOptions, SessionError, settingsPath } from '../engine/index.ts';
import { openInWorker } from '../engine/worker-session.ts';
import type { ProcessEnd, SpawnTerminal } from '../target/index.ts';
import { leaveOnSignals } from './leave-on-signals.ts';
import { LineRunner } from './line-runner.ts';
import type { LiveOptions } from './live-options.ts';
import { programPath } from './program-path.ts';
import { ProgressLine } from './progress-line.ts';
import { renderOptions, reportOpening } from './rendering.ts';
import { standardInputLines } from './standard-input.ts';
import { BrokenPipe, isTerminal, writeError } from './standard-streams.ts';

/** Runs `mattock exec`, `attach`, `debug` or `test` and gives the exit status. */
export async function runLive(options: LiveOptions, workerEntry: URL): Promise<number> {
  const interactive = options.commands.length === 0 && !options.json && isTerminal(0) && isTerminal(1);
  try {
    if (!interactive) return await runLines(options, workerEntry);
    const { runLiveTerminal } = await import('./terminal/run-live-terminal.ts');
    return await runLiveTerminal(openLiveOptions(options, true), options, workerEntry);
  } catch (error) {
    if (error instanceof BrokenPipe) return 0;
    if (!(error instanceof SessionError)) throw error;
    reportOpening(error.facts, options);
    return 1;
  }
}

export function openLiveOptions(options: LiveOptions, interactive: boolean): OpenLiveOptions {
  const { subject, args, directory } = options;
  const settings = options.config ? { settingsFile: settingsPath() } : {};
  if (subject.kind === 'attach') return { live: subject, ...settings };
  return {
    live: {
      kind: 'launch',
      program: subject.kind === 'exec' ? { path: programPath(subject.path) } : subject.build,
      args,
      ...(directory === undefined ? {} : { directory }),
      terminal: terminalOf(options, interactive),
      fixedAddresses: !options.aslr,
    },
    ...settings,
  };
}

/** A person's program gets a terminal of its own; that of a script writes where the script does. */
function terminalOf(options: LiveOptions, interactive: boolean): SpawnTerminal {
  const { redirect, tty, json, commands } = options;
  if (tty !== undefined) return { kind: 'tty', path: tty };
  if (interactive && Object.keys(redirect).length === 0) return { kind: 'pty' };
  // Standard input is the commands' if they come from there, and a terminal's keys cannot be shared.
  const ours = commands.length === 0 || isTerminal(0);
  return {
    kind: 'files',
    ...(ours ? { stdin: '/dev/null' } : {}),
    ...redirect,
    ...(json ? { stdoutDescriptor: 2 } : {}),
  };
}

async function runLines(options: LiveOptions, workerEntry: URL): Promise<number> {
  const progress = new ProgressLine();
  const session = await openInWorker(workerEntry, openLiveOptions(options, false), {
    progress: (...facts) => progress.show(...facts),
  });
  progress.clear();
  const restore = leaveOnSignals(session);
  const runner = new LineRunner(session, renderOptions(options), progress);
  process.on('SIGINT', () => session.cancel());
  try {
    for (const warning of session.warnings) writeError(`mattock: ${warning}\n`);
    if (options.init !== undefined) await runner.run(`source ${JSON.stringify(options.init)}`);
    for (const line of options.commands) await runner.run(line);
    if (options.commands.length === 0) await runInput(runner);
  } finally {
    for (const warning of await session.close()) writeError(`mattock: ${warning}\n`);
    restore();
  }
  if (runner.failed) return 1;
  const { subject } = options;
  return subject.kind === 'build' && subject.build.kind === 'test' ? statusOf(runner.programEnd) : 0;
}

/** As a shell gives it; of tests that failed it is 1, as from go test. */
function statusOf(end: ProcessEnd | undefined): number {
  if (end === undefined || end.kind === 'detached') return 0;
  return end.kind === 'exited' ? end.status : SIGNALLED + end.signal;
}

const SIGNALLED = 128;

async function runInput(runner: LineRunner): Promise<void> {
  for await (const line of standardInputLines()) {
    await runner.run(line);
    if (runner.ended) break;
  }
}
