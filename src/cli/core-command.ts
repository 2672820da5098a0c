import { type ErrorFacts, makeStyle, renderError } from '../commands/index.ts';
import {
  type OpenOptions,
  openInline,
  type RenderOptions,
  type SessionClient,
  SessionError,
  settingsPath,
} from '../engine/index.ts';
import { openingLines } from './opening-lines.ts';
import type { CoreOptions } from './options.ts';
import { ProgressLine } from './progress-line.ts';
import { standardInputLines } from './standard-input.ts';
import { BrokenPipe, isTerminal, writeError, writeOut } from './standard-streams.ts';

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

function renderOptions({ json, color }: CoreOptions): RenderOptions {
  const wanted = color && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb';
  return {
    format: json ? 'json' : 'text',
    colour: wanted && !json && isTerminal(1),
    directory: process.cwd(),
  };
}

function reportOpening(facts: ErrorFacts, { json }: CoreOptions): void {
  if (json) writeOut(`${JSON.stringify({ command: 'open', error: facts })}\n`);
  writeError(`mattock: ${facts.message}\n`);
  if (facts.remedy !== undefined) writeError(`mattock: ${facts.remedy}\n`);
  if (facts.trace !== undefined) writeError(`${facts.trace}\n`);
}

async function runCommands(options: CoreOptions): Promise<number> {
  const progress = new ProgressLine();
  const session = await openInline(openOptions(options), { progress: (...facts) => progress.show(...facts) });
  progress.clear();
  for (const warning of session.warnings) writeError(`mattock: ${warning}\n`);
  const runner = new Runner(session, renderOptions(options), progress);
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

/** Runs lines until one ends the session, and remembers whether one failed. */
class Runner {
  failed = false;
  ended = false;
  readonly #session: SessionClient;
  readonly #options: RenderOptions;
  readonly #progress: ProgressLine;

  constructor(session: SessionClient, options: RenderOptions, progress: ProgressLine) {
    this.#session = session;
    this.#options = options;
    this.#progress = progress;
  }

  async run(line: string): Promise<void> {
    if (this.ended) return;
    this.#progress.start();
    const outcome = await this.#session.execute(line, this.#options, (text) => {
      this.#progress.clear();
      writeOut(text);
    });
    this.#progress.clear();
    this.ended = outcome.exit;
    if (!outcome.ok) this.failed = true;
    if (outcome.error === undefined || this.#options.format === 'json') return;
    const style = makeStyle({ colour: this.#options.colour && isTerminal(2) });
    for (const text of renderError(outcome.error, line, style)) writeError(`${text}\n`);
  }
}
