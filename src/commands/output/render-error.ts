import type { ErrorFacts } from './error-facts.ts';
import { harmless, type Style } from './style.ts';

/**
 * An error for people: what is wrong, the place in the line that it is about, and what to do. `shown` is the
 * column where the line already stands on the screen (behind the prompt), so that the caret can stand under it.
 */
export function* renderError(
  error: ErrorFacts,
  line: string,
  style: Style,
  shown?: number,
): Iterable<string> {
  if (error.column !== undefined && error.column <= line.length) {
    const caret = style.paint('error', '^');
    if (shown === undefined) yield `    ${harmless(line)}`;
    yield `${' '.repeat((shown ?? 4) + error.column)}${caret}`;
  }
  yield `${style.paint('error', 'error:')} ${harmless(error.message)}`;
  if (error.remedy !== undefined) yield `  ${harmless(error.remedy)}`;
  if (error.trace !== undefined) yield* error.trace.split('\n').slice(1).map(harmless);
}
