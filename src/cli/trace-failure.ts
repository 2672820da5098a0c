import { errorFacts } from '../commands/index.ts';
import { reportOpening } from './rendering.ts';
import { BrokenPipe, OutputFailure } from './standard-streams.ts';

/** Does what a subcommand of `trace` is for and gives the exit status; what goes wrong is told. */
export const statusOf = (work: () => void | Promise<void>, format?: Format): Promise<number> =>
  ownStatusOf(async () => {
    await work();
    return 0;
  }, format);

interface Format {
  readonly json: boolean;
}

/** The same for what has a status of its own. */
export async function ownStatusOf(
  work: () => Promise<number>,
  { json }: Format = { json: false },
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BrokenPipe) return 0;
    if (error instanceof OutputFailure) throw error;
    reportOpening(errorFacts(error), { json });
    return 1;
  }
}
