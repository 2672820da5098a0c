import { builtFixture } from '../support/builds.ts';
import { oracleProgram } from './delve.ts';
import { Tally } from './differences.ts';
import type { LiveRequest } from './live.ts';
import { delvePlaces, MattockPlaces, type PlaceQuestion } from './places.ts';

/** Lines that are asked of each file of the standard library; of the program's own all are. */
const LINES_PER_FILE = 12;
/** Behind the last line that has code there are some without. */
const BEHIND = 5;

/** Where both set breakpoints: every function that Delve knows, and lines with and without code. */
export function comparePlaces(request: LiveRequest): Tally {
  const { executable } = builtFixture(request);
  const mattock = new MattockPlaces(executable);
  const tally = new Tally();
  for (const { question, addresses } of delvePlaces(oracleProgram(), executable, linesOf(mattock))) {
    const ours = mattock.ask(question).addresses;
    tally.add('locations', `place ${nameOf(question)}`, hexes(addresses), hexes(ours));
  }
  return tally;
}

const nameOf = (question: PlaceQuestion): string =>
  'function' in question ? question.function : `${question.file}:${question.line}`;

const hexes = (addresses: readonly number[]): string =>
  addresses.length === 0 ? 'no code' : addresses.map((address) => `0x${address.toString(16)}`).join(' ');

function linesOf({ image }: MattockPlaces): { readonly file: string; readonly line: number }[] {
  const { lines } = image.debugInfo!;
  const random = seeded(7);
  return lines.files().flatMap((file) => {
    const last = lines.linesOf(file).at(-1);
    if (last === undefined) return [];
    const own = file.includes('/fixtures/');
    const count = own ? last + BEHIND : LINES_PER_FILE;
    return Array.from({ length: count }, (_, i) => ({
      file,
      line: own ? i + 1 : 1 + Math.floor(random() * (last + BEHIND)),
    }));
  });
}

/** Park and Miller's generator: the same lines in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
