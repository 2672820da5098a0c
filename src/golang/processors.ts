import { type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import type { GoRuntime } from './go-runtime.ts';
import { ALL_PS } from './runtime-facts/globals.ts';

/** A corrupted list is not followed for ever. */
const MAX_PROCESSORS = 1 << 16;

/** Addresses of every `runtime.p`, from allp; what is not readable ends it, and none where allp is not known. */
export function* processorAddresses(runtime: GoRuntime): Iterable<RuntimeAddress> {
  const { memory } = runtime;
  const slice = runtime.tryGlobal(ALL_PS);
  if (slice === undefined) return;
  const count = Math.min(memory.uint64(runtimeAddress(slice + 8)), MAX_PROCESSORS);
  const array = memory.pointer(slice);
  for (let i = 0; i < count; i++) {
    const slot = runtimeAddress(array + i * 8);
    if (memory.tryRead(slot, 8) === undefined) return;
    const p = memory.pointer(slot);
    if (p !== 0) yield p;
  }
}
