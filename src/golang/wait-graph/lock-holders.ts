import { MattockError } from '../../base/index.ts';
import type { GoProgram } from '../go-program.ts';
import type { Goroutine } from '../goroutine.ts';
import { GoroutineWords } from '../live-words/goroutine-words.ts';
import type { ObjectKind } from './graph.ts';
import { HeapObjects } from './heap-objects.ts';
import { References } from './references.ts';
import { type Candidates, type Member, serversOf } from './servers.ts';
import { WaitedObjects } from './waited-objects.ts';

/** A goroutine that waits, and holds what others wait for. */
export interface LockHolder {
  readonly kind: ObjectKind;
  readonly address: number;
  readonly goroutine: number;
  readonly confidence: 'certain' | 'likely';
  /** "has deferred its Unlock" */
  readonly how: string;
}

/** More goroutines than this are not looked at. */
const MOST_GOROUTINES = 20_000;
/** Objects of the heap that are looked into for what stacks lead to. */
const MOST_OBJECTS = 20_000;

/**
 * Who holds the locks and WaitGroups that goroutines wait for, among those that wait themselves: what they have on their
 * stacks does not change. The program may be running: of goroutines that do not stand still what is found is worth nothing.
 */
export function lockHolders(go: GoProgram, goroutines: Iterable<Goroutine>): readonly LockHolder[] {
  const heap = HeapObjects.of(go.runtime);
  const waited = new WaitedObjects(go, heap);
  const members: (Member & { readonly id: number })[] = [];
  if (go.list.length > MOST_GOROUTINES) return [];
  for (const goroutine of goroutines) {
    const { id, address, state, system, problem } = goroutine;
    if (system || state !== '_Gwaiting' || problem !== undefined) continue;
    if (note(goroutine, members.length, waited)) members.push({ id, address, system: false });
  }
  if (waited.all.length === 0) return [];
  const candidates: Candidates = candidatesOf(go, heap, waited, members);
  return serversOf(go, waited, members, candidates).flatMap((servers, object) => {
    const { kind, address, free } = waited.all[object]!;
    if (free) return [];
    return servers.flatMap(({ member, kind: role, confidence, how }) =>
      role !== 'held' || confidence === 'possible'
        ? []
        : [{ kind, address, goroutine: members[member]!.id, confidence, how }],
    );
  });
}

/** Notes what it waits for, if somebody may hold that; false: it has gone on meanwhile. */
function note(goroutine: Goroutine, index: number, waited: WaitedObjects): boolean {
  try {
    const on = goroutine.blockedOn;
    if (on?.kind === 'semaphore' && on.owner !== 'cond' && on.owner !== 'semaphore') waited.add(index, on);
    return true;
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    return false;
  }
}

function candidatesOf(
  go: GoProgram,
  heap: HeapObjects | undefined,
  waited: WaitedObjects,
  members: readonly Member[],
): Candidates {
  const candidates = waited.all.map(() => new Map<number, number>());
  const references = new References(go, new GoroutineWords(go), heap, waited, new Set(), MOST_OBJECTS);
  members.forEach(({ address }, i) => {
    for (const [object, steps] of references.of(address)) candidates[object]!.set(i, steps);
  });
  return candidates;
}
