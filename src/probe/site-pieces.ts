import type { PatchSite } from './patch-site.ts';
import type { ProbeTarget } from './port.ts';

/** What stands between sites that are written at once is written again: half a page, which is written anyway. */
const MOST_BETWEEN = 2048;

type ReadText = (address: number, length: number) => Uint8Array;

/** A stretch of text with sites in it. */
interface Piece {
  readonly start: number;
  readonly sites: readonly PatchSite[];
  /** As the program has it, and with the probes in. */
  readonly own: Uint8Array;
  readonly patched: Uint8Array;
}

/** Throws if a site may not be patched: there is neither the program's own code nor what a dead session left. */
export type CheckSite = (site: PatchSite, there: Uint8Array) => void;

/**
 * The text of sites, made ready while the program runs: a program has a hundred thousand functions, and while it is stopped
 * only what has changed since is looked at one by one.
 */
export class SitePieces {
  readonly #pieces: readonly Piece[];
  /** What is read while the program is stopped. */
  readonly #room: Uint8Array;

  /** `read` gives text as it is, or will be before these sites are patched. `sites` by address. */
  constructor(
    read: ReadText,
    sites: readonly PatchSite[],
    patchOf: (site: PatchSite) => Uint8Array,
    check: CheckSite,
  ) {
    this.#pieces = runsOf(sites).map((own) => pieceOf(read, own, patchOf, check));
    this.#room = new Uint8Array(this.#pieces.reduce((most, { own }) => Math.max(most, own.length), 0));
    // The memory is there then, and our own code warm.
    for (const { own } of this.#pieces) {
      this.#room.set(own);
      isSame(this.#room.subarray(0, own.length), own);
    }
  }

  /** Text from an address on with what of it is patched. */
  patched(address: number, text: Uint8Array): Uint8Array {
    const result = text.slice();
    const end = address + text.length;
    for (const { start, sites, patched } of this.#pieces) {
      if (start >= end || start + patched.length <= address) continue;
      for (let i = firstBehind(sites, address); i < sites.length && sites[i]!.address < end; i++) {
        const site = sites[i]!;
        const from = Math.max(site.address, address);
        const to = Math.min(site.address + site.original.length, end);
        result.set(patched.subarray(from - start, to - start), from - address);
      }
    }
    return result;
  }

  /** All threads are stopped. None is written if one may not be. */
  patch(target: Pick<ProbeTarget, 'readInto' | 'write'>, check: CheckSite): void {
    const texts = this.#pieces.map((piece) => {
      const { own, patched } = piece;
      const there = this.#read(target, piece);
      if (isSame(there, own)) return patched;
      return changed(piece, there, (site, at) => {
        check(site, there.subarray(at, at + site.original.length));
        return patched.subarray(at, at + site.original.length);
      });
    });
    this.#write(target, texts);
  }

  /** Gives the program its own text back. All threads are stopped. */
  restore(target: Pick<ProbeTarget, 'readInto' | 'write'>): void {
    const texts = this.#pieces.map((piece) => {
      const there = this.#read(target, piece);
      return isSame(there, piece.patched) ? piece.own : changed(piece, there, ({ original }) => original);
    });
    this.#write(target, texts);
  }

  #read(target: Pick<ProbeTarget, 'readInto'>, { start, own }: Piece): Uint8Array {
    const there = this.#room.subarray(0, own.length);
    target.readInto(start, there);
    return there;
  }

  #write(target: Pick<ProbeTarget, 'write'>, texts: readonly Uint8Array[]): void {
    for (const [i, text] of texts.entries()) target.write(this.#pieces[i]!.start, text);
  }
}

/** What is there now, with other bytes at the sites. */
function changed(
  { start, sites }: Piece,
  there: Uint8Array,
  bytesOf: (site: PatchSite, at: number) => Uint8Array,
): Uint8Array {
  const text = there.slice();
  for (const site of sites) text.set(bytesOf(site, site.address - start), site.address - start);
  return text;
}

/** The first that ends behind an address. */
function firstBehind(sites: readonly PatchSite[], address: number): number {
  let [low, high] = [0, sites.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sites[middle]!.address + sites[middle]!.original.length <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

function runsOf(sites: readonly PatchSite[]): PatchSite[][] {
  const runs: PatchSite[][] = [];
  let end = -Infinity;
  for (const site of sites) {
    if (site.address - end < MOST_BETWEEN) runs.at(-1)!.push(site);
    else runs.push([site]);
    end = site.address + site.original.length;
  }
  return runs;
}

function pieceOf(
  read: ReadText,
  sites: readonly PatchSite[],
  patchOf: (site: PatchSite) => Uint8Array,
  check: CheckSite,
): Piece {
  const start = sites[0]!.address;
  const last = sites.at(-1)!;
  const own = read(start, last.address + last.original.length - start).slice();
  const patched = own.slice();
  for (const site of sites) {
    const at = site.address - start;
    check(site, own.subarray(at, at + site.original.length));
    own.set(site.original, at);
    patched.set(patchOf(site), at);
  }
  return { start, sites, own, patched };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  const { length } = b;
  if (a.length !== length) return false;
  let at = 0;
  if (a.byteOffset % WORD === 0 && b.byteOffset % WORD === 0) {
    const words = Math.floor(length / WORD);
    const [x, y] = [wordsOf(a, words), wordsOf(b, words)];
    for (let i = 0; i < words; i++) if (x[i] !== y[i]) return false;
    at = words * WORD;
  }
  for (; at < length; at++) if (a[at] !== b[at]) return false;
  return true;
}

const WORD = 4;
const wordsOf = ({ buffer, byteOffset }: Uint8Array, count: number): Int32Array =>
  new Int32Array(buffer, byteOffset, count);
