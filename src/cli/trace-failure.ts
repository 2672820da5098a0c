import { errorFacts } from '../commands/index.ts';
import { reportOpening } from './rendering.ts';
import { BrokenPipe, OutputFailure } from './standard-streams.ts';

/** Does what a subcommand of `trace` is for and gives the exit status; what goes wrong is told. */
export async function statusOf(
  work: () => void | Promise<void>,
  { json }: { readonly json: boolean } = { json: false },
): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    if (error instanceof BrokenPipe) return 0;
    if (error instanceof OutputFailure) throw error;
    reportOpening(errorFacts(error), { json });
    return 1;
  }
}
