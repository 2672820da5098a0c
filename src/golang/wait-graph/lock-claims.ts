/** That somebody holds a lock, as his code or his deferred calls tell. */
export interface Claim {
  readonly object: number;
  readonly member: number;
  /** Claims of a higher rank are believed first. */
  readonly rank: number;
  /** So many locks he holds at most. */
  readonly most: number;
  /** How it is known. */
  readonly how: string;
}

/**
 * The claims that are left when each exclusive lock has one holder, and nobody holds more than he has taken: of several
 * for one lock the best are kept; what only one claims is his, and if he has no more, he holds none of the others. Where
 * several remain for one lock, some are wrong, and none is believed.
 */
export function settleClaims(
  claims: readonly Claim[],
  isExclusive: (object: number) => boolean,
): readonly Claim[] {
  const settled = claims.filter(({ object }) => !isExclusive(object));
  const open = new Map<number, Claim[]>();
  for (const claim of claims) {
    if (!isExclusive(claim.object)) continue;
    const known = open.get(claim.object) ?? [];
    if ((known[0]?.rank ?? claim.rank) > claim.rank) continue;
    open.set(claim.object, [...known.filter(({ rank }) => rank === claim.rank), claim]);
  }
  const held = new Map<number, number>();
  for (const queue = [...open.keys()]; queue.length > 0; ) {
    const object = queue.shift()!;
    const [only, ...others] = open.get(object) ?? [];
    if (only === undefined || others.length > 0) continue;
    open.delete(object);
    settled.push(only);
    const count = (held.get(only.member) ?? 0) + 1;
    held.set(only.member, count);
    if (count < only.most) continue;
    for (const [other, rivals] of open) {
      const left = rivals.filter(({ member }) => member !== only.member);
      if (left.length === rivals.length) continue;
      open.set(other, left);
      queue.push(other);
    }
  }
  return settled;
}
