import type { Life } from '../spans.ts';
import type { Subject } from './subject.ts';

/**
 * The `go` statements that goroutines come from, as places. Of one that was there before the trace it is not known; if
 * all others that began in its function come from one statement, it is taken for that one too.
 */
export class GoStatements {
  readonly #subject: Subject;
  /** By the function that goroutines begin in; 0: from several. */
  readonly #byEntry = new Map<string, number>();

  constructor(subject: Subject) {
    this.#subject = subject;
    for (const { entry, createdAt } of subject.lives.goroutines) {
      const site = subject.places.site(createdAt);
      if (entry === undefined || site === 0) continue;
      const known = this.#byEntry.get(entry);
      this.#byEntry.set(entry, known === undefined || known === site ? site : 0);
    }
  }

  /** Id of the place; 0: not known. */
  of({ entry, createdAt }: Life): number {
    const site = this.#subject.places.site(createdAt);
    return site === 0 && entry !== undefined ? (this.#byEntry.get(entry) ?? 0) : site;
  }
}
