/** How often is looked for what nothing tells of: the end of a leader, a wish to stop while the program is stopped. */
const SHORTEST_POLL_MS = 0.1;
export const LONGEST_POLL_MS = 5;

/** Times between looks, in milliseconds: what is to come comes soon, mostly. */
export function* pollTimes(): Generator<number> {
  for (let time = SHORTEST_POLL_MS; ; time = Math.min(time * 2, LONGEST_POLL_MS)) yield time;
}
