import type { ErrorFacts } from '../commands/index.ts';
import type { RenderOptions } from '../engine/index.ts';
import { isTerminal, writeError, writeOut } from './standard-streams.ts';

/** How answers are to look. */
export function renderOptions({
  json,
  color,
}: {
  readonly json: boolean;
  readonly color: boolean;
}): RenderOptions {
  const wanted = color && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb';
  return {
    format: json ? 'json' : 'text',
    colour: wanted && !json && isTerminal(1),
    directory: process.cwd(),
  };
}

/** What kept the session from being opened. */
export function reportOpening(facts: ErrorFacts, { json }: { readonly json: boolean }): void {
  if (json) writeOut(`${JSON.stringify({ command: 'open', error: facts })}\n`);
  writeError(`mattock: ${facts.message}\n`);
  if (facts.remedy !== undefined) writeError(`mattock: ${facts.remedy}\n`);
  if (facts.trace !== undefined) writeError(`${facts.trace}\n`);
}
