import { runtimeAddress } from '../../base/index.ts';
import type { BlockedOn } from '../goroutine.ts';
import type { GoroutineFields } from '../goroutines/goroutine-fields.ts';
import { PollDesc } from '../runtime-facts/structs.ts';
import { parkedWords, tryWord } from './parked-words.ts';

const MAX_FD = 2 ** 31;

/**
 * The descriptor that a goroutine in "IO wait" waits for. Poll descriptors in use are in no list (pollcache links
 * the free ones), but poll_runtime_pollWait keeps its own in its frame (runtime/netpoll.go), and a descriptor names
 * the goroutine in rg or wg: so the word on the stack that leads to this very goroutine is the right one.
 */
export function pollWait(fields: GoroutineFields, g: number): BlockedOn | undefined {
  const layout = fields.runtime.layouts.tryOf(PollDesc);
  if (layout === undefined) return undefined;
  for (const word of parkedWords(fields, g)) {
    const reads = tryWord(fields, word + layout.reader) === g;
    const writes = !reads && tryWord(fields, word + layout.writer) === g;
    if (!reads && !writes) continue;
    const fd = tryWord(fields, word + layout.fd);
    if (fd === undefined || fd >= MAX_FD) continue;
    return { kind: 'io', fd, mode: reads ? 'read' : 'write', pollDesc: runtimeAddress(word) };
  }
  return undefined;
}
