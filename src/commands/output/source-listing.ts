import { shared } from './json.ts';
import type { Style } from './style.ts';

/** Some lines of a source file, as data. */
export interface SourceListing {
  readonly file: string;
  /** The line that is marked, or 0. */
  readonly current: number;
  readonly lines: readonly { readonly number: number; readonly text: string }[];
}

/** Who steps comes by the same lines again and again. */
const keptListings = new WeakMap<readonly string[], Map<string, SourceListing>>();
const MOST_KEPT = 256;

export function sourceListing(
  file: string,
  lines: readonly string[],
  centre: number,
  around: number,
  current: number,
): SourceListing {
  let listings = keptListings.get(lines);
  if (listings === undefined || listings.size >= MOST_KEPT) {
    listings = new Map();
    keptListings.set(lines, listings);
  }
  const key = `${centre} ${around} ${current} ${file}`;
  let listing = listings.get(key);
  if (listing === undefined) {
    listing = shared(makeListing(file, lines, centre, around, current));
    listings.set(key, listing);
  }
  return listing;
}

function makeListing(
  file: string,
  lines: readonly string[],
  centre: number,
  around: number,
  current: number,
): SourceListing {
  const from = Math.max(1, centre - around);
  // A file that ends in a newline has no line behind it.
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  const to = Math.min(count, centre + around);
  const chosen = [];
  for (let number = from; number <= to; number++) chosen.push({ number, text: lines[number - 1]! });
  return { file, current, lines: chosen };
}

/** As Delve's list: `=>` before the current line. */
export function* renderListing(listing: SourceListing, style: Style, tab: string): Iterable<string> {
  const width = String(listing.lines.at(-1)?.number ?? 0).length;
  for (const { number, text } of listing.lines) {
    const current = number === listing.current;
    const mark = current ? style.paint('current', '=>') : '  ';
    const label = style.paint(current ? 'current' : 'line', `${String(number).padStart(width + 2)}:`);
    const code = text.trimEnd().replaceAll('\t', tab);
    yield `${mark}${label}${code === '' ? '' : `    ${current ? style.paint('current', code) : code}`}`;
  }
}
