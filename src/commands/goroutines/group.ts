import type { Goroutine } from '../../golang/index.ts';
import type { Session } from '../session/session.ts';
import type { Grouping } from './filter.ts';

export interface GoroutineGroup {
  readonly name: string;
  readonly total: number;
  /** The first of them. */
  readonly members: readonly Goroutine[];
}

/** Groups, the largest first; only `most` members of each are kept, so that a million goroutines need no memory. */
export function groupGoroutines(
  session: Session,
  goroutines: Iterable<Goroutine>,
  { nameOf }: Grouping,
  most: number,
): GoroutineGroup[] {
  const groups = new Map<string, { total: number; members: Goroutine[] }>();
  const count = session.program.goroutineCount();
  let done = 0;
  for (const g of goroutines) {
    if ((++done & 1023) === 0) {
      session.checkCancelled();
      session.host.progress('grouping goroutines', done, count);
    }
    const name = nameOf(g, session);
    let group = groups.get(name);
    if (group === undefined) {
      group = { total: 0, members: [] };
      groups.set(name, group);
    }
    group.total++;
    if (group.members.length < most) group.members.push(g);
  }
  return [...groups]
    .map(([name, group]) => ({ name, ...group }))
    .sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
}
