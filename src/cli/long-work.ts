import { setFlagsFromString } from 'node:v8';

/** Pieces of output: some hundred lines of a list, made by code that V8 has not optimised yet. */
const LONG = 3;

/**
 * A session starts with code optimised late (bin/load-bundle.js), since most is over before that pays. What has written
 * much will write more, so from then on it is optimised as early as V8 does by itself.
 */
export class LongWork {
  #written = 0;

  wrote(): void {
    if (++this.#written === LONG) setFlagsFromString('--interrupt-budget=132000');
  }
}
