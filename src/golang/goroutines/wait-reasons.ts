import { runtimeAddress } from '../../base/index.ts';
import type { GoRuntime } from '../go-runtime.ts';
import { WAIT_REASON_TEXTS } from '../runtime-facts/globals.ts';

const STRING_HEADER = 16;
const LONGEST_REASON = 100;

/** The runtime's own words for `g.waitreason`, from its array: so they are right for every version. */
export class WaitReasons {
  readonly #runtime: GoRuntime;
  readonly #texts: (string | undefined)[] = [];

  constructor(runtime: GoRuntime) {
    this.#runtime = runtime;
  }

  text(reason: number): string | undefined {
    if (!(reason in this.#texts)) this.#texts[reason] = this.#read(reason);
    return this.#texts[reason];
  }

  #read(reason: number): string | undefined {
    const array = this.#runtime.tryGlobal(WAIT_REASON_TEXTS);
    if (array === undefined) return this.#runtime.layouts.waitReason(reason);
    const text = this.#runtime.stringAt(runtimeAddress(array + reason * STRING_HEADER), LONGEST_REASON);
    // reason 0 is "", for a goroutine that waits without having said why.
    return text === '' ? undefined : text;
  }
}
