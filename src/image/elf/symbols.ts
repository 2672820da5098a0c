/**
 * Symbol tables (System V gABI, chapter 4, "Symbol Table"): .symtab and, in libraries and dynamically linked
 * programs, .dynsym. Kept as typed arrays; the order by address and the index by name are made when first needed.
 * Undefined symbols are left out, and so are sections, files and AArch64's mapping symbols ($x, $d). C++ names stay
 * mangled; versions (.gnu.version) are not read.
 */
import { DataError, decodeText, type LinkedAddress, linkedAddress } from '../../base/index.ts';
import type { ElfSymbol, SymbolTable } from '../function-table.ts';
import { sortedByAddress } from '../sort-by-address.ts';
import type { ElfFile } from './elf-file.ts';
import { type ElfSection, SHT_DYNSYM, SHT_SYMTAB } from './section-headers.ts';

// st_name uint32, st_info uint8, st_other uint8, st_shndx uint16, st_value uint64, st_size uint64
const SYMBOL_SIZE = 24;
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
const SHN_UNDEF = 0;
const STT_TLS = 6;
const STT_NOTYPE = 0;
const STT_FUNC = 2;
const TWO_32 = 2 ** 32;
const DOLLAR = 0x24;
/** How many smaller symbols may stand between an address and the beginning of the larger one that covers it. */
const MAX_NESTED = 32;

export function readSymbols(elf: ElfFile): SymbolTable {
  const find = (type: number) => elf.sections.find((section) => section.type === type);
  const tables = [find(SHT_SYMTAB), find(SHT_DYNSYM)]
    .filter((section) => section !== undefined)
    .map((section) => readTable(elf, section));
  return new ElfSymbolTable(tables, elf.sections);
}

/** One section's symbols, without those of no use. */
interface Table {
  readonly count: number;
  readonly names: Uint32Array;
  readonly info: Uint8Array;
  readonly addresses: Float64Array;
  readonly sizes: Float64Array;
  /** Section numbers. */
  readonly homes: Uint16Array;
  readonly strings: Uint8Array;
}

function readTable(elf: ElfFile, section: ElfSection): Table {
  const strings = elf.sections[section.fields.link];
  if (strings === undefined) {
    const where = { file: elf.source.name, section: section.name };
    throw new DataError(where, `names section ${section.fields.link} for its strings, which does not exist`);
  }
  return parseTable(elf.contents(section), elf.contents(strings));
}

function parseTable(bytes: Uint8Array, strings: Uint8Array): Table {
  const capacity = Math.floor(bytes.length / SYMBOL_SIZE);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names = new Uint32Array(capacity);
  const info = new Uint8Array(capacity);
  const addresses = new Float64Array(capacity);
  const sizes = new Float64Array(capacity);
  const homes = new Uint16Array(capacity);
  let count = 0;
  for (let i = 0, at = 0; i < capacity; i++, at += SYMBOL_SIZE) {
    const name = view.getUint32(at, true);
    const type = bytes[at + 4]! & 0xf;
    const home = view.getUint16(at + 6, true);
    if (home === SHN_UNDEF || KINDS[type] === undefined) continue;
    if (name >= strings.length || strings[name] === 0) continue;
    if (type === STT_NOTYPE && strings[name] === DOLLAR) continue;
    names[count] = name;
    info[count] = type;
    addresses[count] = view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * TWO_32;
    sizes[count] = view.getUint32(at + 16, true) + view.getUint32(at + 20, true) * TWO_32;
    homes[count] = home;
    count++;
  }
  return { count, names, info, addresses, sizes, homes, strings };
}

class ElfSymbolTable implements SymbolTable {
  readonly count: number;
  readonly #tables: readonly Table[];
  readonly #sections: readonly ElfSection[];
  #order: { readonly addresses: Float64Array; readonly items: Uint32Array } | undefined;
  #hash: Uint32Array | undefined;

  constructor(tables: readonly Table[], sections: readonly ElfSection[]) {
    this.#tables = tables;
    this.#sections = sections;
    this.count = tables.reduce((sum, table) => sum + table.count, 0);
  }

  at(address: LinkedAddress): ElfSymbol | undefined {
    this.#order ??= this.#sort();
    const { addresses, items } = this.#order;
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (addresses[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    let unsized: ElfSymbol | undefined;
    for (let i = low - 1; i >= 0 && low - i <= MAX_NESTED; i--) {
      const [table, index] = this.#locate(items[i]!);
      const size = table.sizes[index]!;
      if (address - addresses[i]! < size) return symbolOf(table, index);
      // A label inside of a function ends with it.
      if (unsized !== undefined && unsized.address - addresses[i]! < size) return undefined;
      if (size === 0 && addresses[i] === addresses[low - 1] && this.#reaches(table, index, address)) {
        unsized = symbolOf(table, index);
      }
    }
    return unsized;
  }

  byName(name: string): ElfSymbol | undefined {
    this.#hash ??= this.#index();
    const wanted = new TextEncoder().encode(name);
    const mask = this.#hash.length - 1;
    for (let slot = hashOf(wanted, 0) & mask; this.#hash[slot] !== 0; slot = (slot + 1) & mask) {
      const [table, index] = this.#locate(this.#hash[slot]! - 1);
      if (isName(table.strings, table.names[index]!, wanted)) return symbolOf(table, index);
    }
    return undefined;
  }

  /** An assembler's label without a size goes on to the next symbol, but not out of its section. */
  #reaches(table: Table, index: number, address: number): boolean {
    const type = table.info[index];
    const home = this.#sections[table.homes[index]!];
    const isCode = type === STT_FUNC || type === STT_NOTYPE;
    return isCode && home !== undefined && address < home.address + home.fields.storedSize;
  }

  #locate(symbol: number): [Table, number] {
    const first = this.#tables[0]!;
    return symbol < first.count ? [first, symbol] : [this.#tables[1]!, symbol - first.count];
  }

  /** Symbols that have an address in memory, in its order. */
  #sort(): { addresses: Float64Array; items: Uint32Array } {
    const addresses = new Float64Array(this.count);
    const symbols = new Uint32Array(this.count);
    let count = 0;
    let before = 0;
    for (const table of this.#tables) {
      for (let i = 0; i < table.count; i++) {
        if (table.info[i] === STT_TLS) continue;
        addresses[count] = table.addresses[i]!;
        symbols[count++] = before + i;
      }
      before += table.count;
    }
    return sortedByAddress(addresses.subarray(0, count), symbols.subarray(0, count));
  }

  /** An open hash of symbol numbers + 1; of equal names the first one is found first. */
  #index(): Uint32Array {
    let size = 16;
    while (size < this.count * 2) size *= 2;
    const hash = new Uint32Array(size);
    const mask = size - 1;
    let symbol = 0;
    for (const { count, names, strings } of this.#tables) {
      for (let i = 0; i < count; i++) {
        let slot = hashOf(strings, names[i]!) & mask;
        while (hash[slot] !== 0) slot = (slot + 1) & mask;
        hash[slot] = ++symbol;
      }
    }
    return hash;
  }
}

function symbolOf(table: Table, index: number): ElfSymbol {
  const { strings } = table;
  const start = table.names[index]!;
  const end = strings.indexOf(0, start);
  return {
    name: decodeText(strings, start, end < 0 ? strings.length : end),
    address: linkedAddress(table.addresses[index]!),
    size: table.sizes[index]!,
    kind: KINDS[table.info[index]!] ?? 'other',
  };
}

/** A hash of the bytes up to a NUL or the end (FNV-1a). */
function hashOf(bytes: Uint8Array, start: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === 0) break;
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash ^ (hash >>> 15);
}

function isName(strings: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (strings[start + i] !== wanted[i]) return false;
  return (strings[start + wanted.length] ?? 0) === 0;
}
