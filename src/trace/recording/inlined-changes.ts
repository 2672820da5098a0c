import type { LinkedAddress } from '../../base/index.ts';
import type { SchedulerFacts } from '../../golang/index.ts';
import { behindCheck, exchangeSites, type PatchSite, PROLOGUE_BYTES } from '../../probe/index.ts';

const CHANGE = 'runtime.casgstatus';

/** Where the state of a goroutine changes without a call. */
export interface InlinedChanges {
  readonly sites: readonly PatchSite[];
  /** Functions in which it does so in a place that cannot be patched. */
  readonly unseen: readonly string[];
}

/**
 * Programs that are built with a profile (-pgo) have casgstatus inlined where it was called often. Of its code the compare
 * and exchange of g.atomicstatus is patched. Functions that do not check their stack may have no room below it.
 */
export function inlinedChanges({ image, module, status }: SchedulerFacts): InlinedChanges {
  const { functions } = image;
  const sites: PatchSite[] = [];
  const unseen: string[] = [];
  if (functions === undefined) return { sites, unseen };
  const isCopy = (pc: LinkedAddress): boolean =>
    functions.inlining(pc)?.inlined.some(({ name }) => name === CHANGE) === true;
  const holders = new Set(functions.places.inlinedCopies(CHANGE).map((pc) => functions.find(pc)));
  for (const index of holders) {
    const entry = functions.entry(index);
    const code = image.bytesAt(entry, functions.end(index) - entry);
    const name = functions.name(index);
    const found = exchangeSites(name, module.toRuntime(entry), code, status).filter(({ address }) =>
      isCopy(module.toLinked(address)),
    );
    const checked = (behindCheck(code.subarray(0, PROLOGUE_BYTES)) ?? 0) > 0;
    if (found.length === 0 || !checked) unseen.push(name);
    else sites.push(...found);
  }
  return { sites, unseen };
}

/** What to say of those. */
export const unseenText = (unseen: readonly string[]): string =>
  `changes of state in ${unseen.join(', ')}, where ${CHANGE} is inlined (-pgo)`;
