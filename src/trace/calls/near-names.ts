/** So many letters may be wrong, left out or too many. */
const MOST_WRONG = 2;
const MOST_NAMES = 3;

/** Names that nearly are what was typed, the nearest first; what begins with a path may be left out, and capitals do not count. */
export function nearNames(typed: string, names: Iterable<string>): readonly string[] {
  const wanted = typed.toLowerCase();
  const found = new Map<string, number>();
  for (const name of names) {
    const distance = Math.min(
      ...[name, withoutPath(name)].map((each) => distanceOf(wanted, each.toLowerCase())),
    );
    if (distance <= MOST_WRONG) found.set(name, distance);
  }
  return [...found]
    .sort(([, a], [, b]) => a - b)
    .slice(0, MOST_NAMES)
    .map(([name]) => name);
}

const withoutPath = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** Levenshtein's, Infinity where it is beyond what counts. */
function distanceOf(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MOST_WRONG) return Infinity;
  let before = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = before[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(changed, before[j]! + 1, row[j - 1]! + 1));
    }
    if (Math.min(...row) > MOST_WRONG) return Infinity;
    before = row;
  }
  return before[b.length]!;
}
