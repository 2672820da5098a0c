import { FORM } from './constants.ts';
import { fixedSize, isLeb, type OffsetSize, sizedForm } from './forms.ts';
import type { Sections } from './sections.ts';

/**
 * .debug_abbrev, DWARF 5 §7.5.3: for each code of a unit its tag, whether children follow, and the attributes
 * with their forms. Codes must be dense, as every producer writes them: a table with gaps wider than its own
 * length is refused, so that arrays indexed by code stay small.
 */
export interface Abbreviation {
  readonly code: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly names: readonly number[];
  readonly forms: readonly number[];
  /** How to skip each value: its size in bytes, or one of SKIP. */
  readonly skips: readonly number[];
  /** Values of DW_FORM_implicit_const, parallel to `forms`; 0 elsewhere. */
  readonly constants: readonly number[];
}

export const SKIP = { leb: -1, string: -2, other: -3 } as const;

/** One unit's abbreviations, by code. */
export type AbbreviationTable = readonly (Abbreviation | undefined)[];

const SECTION = '.debug_abbrev';
/** Tables may overlap only in damaged files; this bounds the work such a file can ask for. */
const READ_BUDGET_FACTOR = 4;
const READ_BUDGET_FLOOR = 1 << 16;

/** All tables of a binary, each parsed once. Go's linker writes a single one for all of its units. */
export class Abbreviations {
  readonly #sections: Sections;
  readonly #tables = { 4: new Map<number, AbbreviationTable>(), 8: new Map<number, AbbreviationTable>() };
  #bytesRead = 0;

  constructor(sections: Sections) {
    this.#sections = sections;
  }

  /** For a unit with offsets of that size, by which forms are named (forms.ts, sizedForm). */
  at(offset: number, offsetSize: OffsetSize): AbbreviationTable {
    const tables = this.#tables[offsetSize];
    let table = tables.get(offset);
    if (table === undefined) {
      table = this.#parse(offset, offsetSize);
      tables.set(offset, table);
    }
    return table;
  }

  #parse(offset: number, offsetSize: OffsetSize): AbbreviationTable {
    const reader = this.#sections.at(SECTION, offset);
    const table: (Abbreviation | undefined)[] = [];
    for (let declared = 1; ; declared++) {
      const at = reader.position;
      const code = reader.uleb128();
      if (code === 0) break;
      if (code > 4 * declared + 64) throw reader.error(`abbreviation code ${code} is out of sequence`, at);
      const tag = reader.uleb128();
      const hasChildren = reader.uint8() !== 0;
      const names: number[] = [];
      const forms: number[] = [];
      const constants: number[] = [];
      for (;;) {
        const name = reader.uleb128();
        const form = reader.uleb128();
        const constant = form === FORM.implicitConst ? reader.sleb128() : 0;
        if (name === 0 && form === 0) break;
        names.push(name);
        forms.push(sizedForm(form, offsetSize));
        constants.push(constant);
      }
      while (table.length < code) table.push(undefined);
      table[code] = { code, tag, hasChildren, names, forms, skips: forms.map(skipOf), constants };
    }
    this.#spend(reader.position - offset, offset);
    return table;
  }

  #spend(bytes: number, offset: number): void {
    this.#bytesRead += bytes;
    const budget = this.#sections.bytes(SECTION).length * READ_BUDGET_FACTOR + READ_BUDGET_FLOOR;
    if (this.#bytesRead > budget) {
      throw this.#sections.error(SECTION, offset, 'abbreviation tables overlap each other');
    }
  }
}

function skipOf(form: number): number {
  if (form === FORM.string) return SKIP.string;
  if (isLeb(form)) return SKIP.leb;
  // The size of DW_FORM_ref_addr depends on the unit's version.
  const size = form === FORM.refAddr ? -1 : fixedSize(form, 5);
  return size >= 0 ? size : SKIP.other;
}
