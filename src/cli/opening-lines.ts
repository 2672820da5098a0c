import type { CoreOptions } from './options.ts';

/** The lines to run before a person or a pipe says more. */
export function* openingLines({ quiet, init }: Pick<CoreOptions, 'quiet' | 'init'>): Iterable<string> {
  if (!quiet) yield 'verdict';
  if (init !== undefined) yield `source ${JSON.stringify(init)}`;
}
