/**
 * Symbol tables (System V gABI, chapter 4, "Symbol Table"): .symtab and, in libraries and dynamically linked
 * programs, .dynsym. Kept as typed arrays; the order by address and the index by name are made when first needed.
 * Undefined symbols are left out, and so are sections, files and AArch64's mapping symbols ($x, $d). C++ names stay
 * mangled; versions (.gnu.version) are not read.
 */
import { DataError, decodeText, type LinkedAddress, linkedAddress } from '../../base/index.ts';
import { type AddressIndex, AddressIndexBuilder } from '../address-index.ts';
import type { ElfSymbol, SymbolTable } from '../function-table.ts';
import { lazy } from '../lazy.ts';
import type { ElfFile } from './elf-file.ts';
import { type ElfSection, SHT_DYNSYM, SHT_SYMTAB } from './section-headers.ts';
import { SymbolNames } from './symbol-names.ts';
import {
  addressOf,
  homeOf,
  isCode,
  kindOf,
  nameOf,
  readSymbolWords,
  STT_TLS,
  type SymbolWords,
  sizeOf,
  typeOf,
} from './symbol-words.ts';

/** How many smaller symbols may stand between an address and the beginning of the larger one that covers it. */
const MAX_NESTED = 32;

export function readSymbols(elf: ElfFile): SymbolTable {
  const find = (type: number) => elf.sections.find((section) => section.type === type);
  const tables = [find(SHT_SYMTAB), find(SHT_DYNSYM)]
    .filter((section) => section !== undefined)
    .map((section) => readTable(elf, section));
  return new ElfSymbolTable(tables, elf.sections);
}

function readTable(elf: ElfFile, section: ElfSection): SymbolWords {
  const strings = elf.sections[section.fields.link];
  if (strings === undefined) {
    const where = { file: elf.source.name, section: section.name };
    throw new DataError(where, `names section ${section.fields.link} for its strings, which does not exist`);
  }
  return readSymbolWords(elf.contents(section), elf.contents(strings));
}

/** Symbols are numbered through both tables. */
class ElfSymbolTable implements SymbolTable {
  readonly count: number;
  readonly #tables: readonly SymbolWords[];
  readonly #sections: readonly ElfSection[];
  readonly #byAddress = lazy(() => indexAddresses(this.#tables));
  readonly #names = lazy(() => new SymbolNames(this.#tables));

  constructor(tables: readonly SymbolWords[], sections: readonly ElfSection[]) {
    this.#tables = tables;
    this.#sections = sections;
    this.count = tables.reduce((sum, table) => sum + table.count, 0);
  }

  at(address: LinkedAddress): ElfSymbol | undefined {
    const order = this.#byAddress();
    const last = order.last(address);
    let unsized: ElfSymbol | undefined;
    for (let i = last; i >= 0 && last - i < MAX_NESTED; i--) {
      const [table, index] = this.#locate(order.item(i));
      const start = order.address(i);
      const size = sizeOf(table, index);
      if (address - start < size) return symbolOf(table, index);
      // A label inside of a function ends with it.
      if (unsized !== undefined && unsized.address - start < size) return undefined;
      if (size === 0 && start === order.address(last) && this.#reaches(table, index, address)) {
        unsized = symbolOf(table, index);
      }
    }
    return unsized;
  }

  byName(name: string): ElfSymbol | undefined {
    const wanted = new TextEncoder().encode(name);
    for (const candidate of this.#names().candidates(wanted)) {
      const [table, index] = this.#locate(candidate);
      if (isName(table.strings, nameOf(table, index), wanted)) return symbolOf(table, index);
    }
    return undefined;
  }

  *functions(): Iterable<ElfSymbol> {
    for (const table of this.#tables) {
      for (let i = 0; i < table.count; i++) if (kindOf(table, i) === 'function') yield symbolOf(table, i);
    }
  }

  /** An assembler's label without a size goes on to the next symbol, but not out of its section. */
  #reaches(table: SymbolWords, index: number, address: number): boolean {
    const home = this.#sections[homeOf(table, index)];
    return isCode(table, index) && home !== undefined && address < home.address + home.fields.storedSize;
  }

  #locate(symbol: number): [SymbolWords, number] {
    const first = this.#tables[0]!;
    return symbol < first.count ? [first, symbol] : [this.#tables[1]!, symbol - first.count];
  }
}

/** Symbols that have an address in memory, in its order. */
function indexAddresses(tables: readonly SymbolWords[]): AddressIndex {
  const builder = new AddressIndexBuilder(tables.reduce((sum, { count }) => sum + count, 0));
  let first = 0;
  for (const table of tables) {
    for (let i = 0; i < table.count; i++) {
      if (typeOf(table, i) !== STT_TLS) builder.add(first + i, addressOf(table, i));
    }
    first += table.count;
  }
  return builder.build();
}

function symbolOf(table: SymbolWords, index: number): ElfSymbol {
  const { strings } = table;
  const start = nameOf(table, index);
  const end = strings.indexOf(0, start);
  return {
    name: decodeText(strings, start, end < 0 ? strings.length : end),
    address: linkedAddress(addressOf(table, index)),
    size: sizeOf(table, index),
    kind: kindOf(table, index),
  };
}

function isName(strings: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (strings[start + i] !== wanted[i]) return false;
  return (strings[start + wanted.length] ?? 0) === 0;
}
