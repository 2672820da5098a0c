/** So often at least: what comes at once after a quiet time has to find room. */
const LONGEST_MS = 40;
/** Many CPUs fill the ring in less: of each, so much of the longest pause. */
const CPU_MS = 160;
const SHORTEST_MS = 10;
/** Bytes in one pause, of a ring that has 64 MB: it was too long, and could be longer. */
const MUCH = 4 << 20;
const LITTLE = 1 << 20;

/**
 * How long the ring can be left alone. Most of what a look costs is the waking up, which on a busy machine finds nothing of
 * ours in the caches: so it is looked at seldom for as long as little comes.
 */
export class DrainPause {
  readonly #longest: number;
  #bytes = 0;
  #pause = SHORTEST_MS;

  constructor(cpus: number) {
    this.#longest = Math.max(SHORTEST_MS, Math.min(LONGEST_MS, CPU_MS / cpus));
  }

  /** Milliseconds to the next look; `bytes` came from the beginning on. */
  next(bytes: number): number {
    const came = bytes - this.#bytes;
    this.#bytes = bytes;
    if (came > MUCH) this.#pause = SHORTEST_MS;
    else if (came < LITTLE) this.#pause = Math.min(this.#longest, this.#pause * 2);
    return this.#pause;
  }
}
