import type { MattockError } from '../../base/index.ts';
import type { Goroutine } from '../../golang/index.ts';

/** What came of a command that called functions; `problem`: why it came to nothing. */
export interface FinishedCall {
  readonly goroutine: Goroutine['id'];
  readonly result: unknown;
  readonly problem: MattockError | undefined;
}
