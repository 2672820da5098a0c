/**
 * One section's symbols as the file has them, in 32-bit words: st_name; st_info (kind in the lower four bits),
 * st_other, st_shndx; st_value, 2 words; st_size, 2 words. Those of no use are passed over by `kept`.
 */
import type { ElfSymbol } from '../function-table.ts';

const SYMBOL_SIZE = 24;
const SYMBOL_WORDS = 6;
const TWO_32 = 2 ** 32;
const DOLLAR = 0x24;
const SHN_UNDEF = 0;
const STT_NOTYPE = 0;
const STT_FUNC = 2;
export const STT_TLS = 6;
const KINDS: readonly (ElfSymbol['kind'] | undefined)[] = [
  'other', // STT_NOTYPE
  'object',
  'function',
  undefined, // STT_SECTION
  undefined, // STT_FILE
  'object', // STT_COMMON
  'tls',
  undefined,
  undefined,
  undefined,
  'function', // STT_GNU_IFUNC
];

export interface SymbolWords {
  readonly count: number;
  readonly words: Uint32Array;
  /** Where each kept symbol's words begin. */
  readonly kept: Uint32Array;
  readonly strings: Uint8Array;
}

export function readSymbolWords(bytes: Uint8Array, strings: Uint8Array): SymbolWords {
  // Typed arrays ask for a word boundary.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const all = Math.floor(bytes.length / SYMBOL_SIZE);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, all * SYMBOL_WORDS);
  const kept = new Uint32Array(all);
  const end = strings.length;
  let count = 0;
  for (let at = 0; at < words.length; at += SYMBOL_WORDS) {
    const name = words[at]!;
    const second = words[at + 1]!;
    const type = second & 0xf;
    if (second >>> 16 === SHN_UNDEF || KINDS[type] === undefined) continue;
    if (name >= end || strings[name] === 0) continue;
    if (type === STT_NOTYPE && strings[name] === DOLLAR) continue;
    kept[count++] = at;
  }
  return { count, words, kept: kept.slice(0, count), strings };
}

export const typeOf = (symbols: SymbolWords, index: number): number =>
  symbols.words[symbols.kept[index]! + 1]! & 0xf;

/** The number of the section that it is in. */
export const homeOf = (symbols: SymbolWords, index: number): number =>
  symbols.words[symbols.kept[index]! + 1]! >>> 16;

export const nameOf = (symbols: SymbolWords, index: number): number => symbols.words[symbols.kept[index]!]!;

export const addressOf = (symbols: SymbolWords, index: number): number => word64(symbols, index, 2);

export const sizeOf = (symbols: SymbolWords, index: number): number => word64(symbols, index, 4);

export const kindOf = (symbols: SymbolWords, index: number): ElfSymbol['kind'] =>
  KINDS[typeOf(symbols, index)] ?? 'other';

export function isCode(symbols: SymbolWords, index: number): boolean {
  const type = typeOf(symbols, index);
  return type === STT_FUNC || type === STT_NOTYPE;
}

function word64({ words, kept }: SymbolWords, index: number, field: number): number {
  const at = kept[index]! + field;
  return words[at]! + words[at + 1]! * TWO_32;
}
