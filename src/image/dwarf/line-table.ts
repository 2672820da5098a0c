import { indexOfBytes, type LinkedAddress, linkedAddress } from '../../base/index.ts';
import type { FunctionInfo, LineTable, Statement } from '../debug-info.ts';
import type { SourcePosition } from '../function-table.ts';
import type { FileNames } from './functions.ts';
import { LineCopies } from './line-copies.ts';
import { filePath, type LineHeader, lineUnitEnd, readLineHeader } from './line-header.ts';
import { type LineRows, ROW, runLineProgram } from './line-rows.ts';
import { encodeName } from './name-hash.ts';
import type { Unit, Units } from './units.ts';

const LINE = '.debug_line';
/** Decoded tables that are kept: a stack needs a handful, a search for a line must not keep them all. */
const KEPT_TABLES = 32;

/** One unit's line table. */
interface UnitLines {
  readonly header: LineHeader;
  /** The compilation unit that it belongs to. */
  readonly unit: Unit | undefined;
}

/** .debug_line. Only the headers of units that may matter are read, and only the programs of those that do. */
export class DwarfLines implements LineTable, FileNames {
  readonly #units: Units;
  readonly #unitAt: (pc: LinkedAddress) => Unit | undefined;
  readonly #functionAt: (pc: LinkedAddress) => FunctionInfo | undefined;
  readonly #tables = new Map<number, UnitLines>();
  readonly #rows = new Map<number, LineRows>();
  #offsets: readonly number[] | undefined;
  #owners: Map<number, Unit> | undefined;
  #files: readonly string[] | undefined;

  constructor(
    units: Units,
    find: {
      unitAt(pc: LinkedAddress): Unit | undefined;
      functionAt(pc: LinkedAddress): FunctionInfo | undefined;
    },
  ) {
    this.#units = units;
    this.#unitAt = find.unitAt;
    this.#functionAt = find.functionAt;
  }

  position(pc: LinkedAddress): SourcePosition | undefined {
    const table = this.#tableAt(pc);
    if (table === undefined) return undefined;
    const rows = this.#rowsOf(table);
    const row = rowAt(rows, pc);
    if (row < 0) return undefined;
    const file = this.#path(table, rows.files[row]!);
    return file === undefined ? undefined : { file, line: rows.lines[row]! };
  }

  addressesOf(file: string, line: number): readonly LinkedAddress[] {
    const copies = new LineCopies((pc) => this.#functionAt(pc));
    for (const table of this.#tablesWith(file)) {
      const indexes = this.#fileIndexes(table, file);
      if (indexes.size === 0) continue;
      const rows = this.#rowsOf(table);
      for (let row = 0; row < rows.count; row++) {
        if (rows.lines[row] !== line || !indexes.has(rows.files[row]!) || isEnd(rows, row)) continue;
        copies.add(linkedAddress(rows.addresses[row]!), isStatement(rows, row));
      }
    }
    return copies.firsts((entry) => this.#bodyStart(entry, 'same line'));
  }

  linesOf(file: string): readonly number[] {
    const lines = new Set<number>();
    for (const table of this.#tablesWith(file)) {
      const indexes = this.#fileIndexes(table, file);
      if (indexes.size === 0) continue;
      const rows = this.#rowsOf(table);
      for (let row = 0; row < rows.count; row++) {
        if (isStatement(rows, row) && indexes.has(rows.files[row]!)) lines.add(rows.lines[row]!);
      }
    }
    lines.delete(0);
    return [...lines].sort((a, b) => a - b);
  }

  /** Rows of no length are left out: the last of an address says what is there. */
  statements(from: LinkedAddress, to: LinkedAddress): readonly Statement[] {
    const table = this.#tableAt(from);
    if (table === undefined) return [];
    const rows = this.#rowsOf(table);
    const found: Statement[] = [];
    let marked = false;
    for (let row = Math.max(0, rowAt(rows, from)); row < rows.count; row++) {
      const address = rows.addresses[row]!;
      if (address >= to || isEnd(rows, row)) break;
      if (address < from) continue;
      marked ||= isStatement(rows, row);
      if (rows.addresses[row + 1] === address) continue;
      const file = marked ? this.#path(table, rows.files[row]!) : undefined;
      if (file !== undefined) {
        found.push({ address: linkedAddress(address), position: { file, line: rows.lines[row]! } });
      }
      marked = false;
    }
    return found;
  }

  prologueEnd(entry: LinkedAddress): LinkedAddress {
    return this.#bodyStart(entry, 'any line');
  }

  /**
   * The row marked so (cmd/internal/obj marks it in functions with a frame), else the first statement; but not where that
   * is on another line than the entry and `line` forbids it. gcc marks none: its second row is behind the prologue.
   */
  #bodyStart(entry: LinkedAddress, line: 'any line' | 'same line'): LinkedAddress {
    const table = this.#tableAt(entry);
    if (table === undefined) return entry;
    const rows = this.#rowsOf(table);
    const first = rowAt(rows, entry);
    if (first < 0) return entry;
    const end = this.#functionAt(entry)?.ranges.find((range) => entry >= range.from && entry < range.to)?.to;
    const isC = table.unit?.language === 'c';
    let statement: number | undefined;
    for (let row = first; row < rows.count && !isEnd(rows, row); row++) {
      const address = rows.addresses[row]!;
      if (end !== undefined && address >= end) break;
      if ((rows.flags[row]! & ROW.prologueEnd) !== 0) {
        if (line === 'any line' || rows.lines[row] === rows.lines[first]) return linkedAddress(address);
        if (statement !== undefined) break;
      }
      if ((isC ? address > entry : address >= entry) && isStatement(rows, row)) statement ??= address;
    }
    return statement === undefined ? entry : linkedAddress(statement);
  }

  files(): readonly string[] {
    if (this.#files === undefined) {
      const files = new Set<string>();
      for (const offset of this.#allOffsets()) {
        const table = this.#table(offset);
        for (let i = 0; i < table.header.files.length; i++) {
          const path = this.#path(table, i);
          if (path !== undefined && path !== '?') files.add(path);
        }
      }
      this.#files = [...files].sort();
    }
    return this.#files;
  }

  matching(suffix: string): readonly string[] {
    const wanted = suffix.startsWith('/') ? suffix : `/${suffix}`;
    return this.files().filter((file) => file === suffix || file.endsWith(wanted));
  }

  fileName(unit: Unit, index: number): string | undefined {
    const offset = unit.lineOffset;
    return offset === undefined ? undefined : this.#path(this.#table(offset, unit), index);
  }

  #tableAt(pc: LinkedAddress): UnitLines | undefined {
    const unit = this.#unitAt(pc);
    const offset = unit?.lineOffset;
    return offset === undefined || !this.#exists ? undefined : this.#table(offset, unit);
  }

  get #exists(): boolean {
    return this.#units.sections.has(LINE);
  }

  /** `unit` is its owner, if that is known: finding it reads the beginnings of all units. */
  #table(offset: number, unit?: Unit): UnitLines {
    let table = this.#tables.get(offset);
    if (table === undefined) {
      const owner = unit ?? this.#ownerOf(offset);
      table = { header: readLineHeader(this.#units.sections, offset), unit: owner };
      this.#tables.set(offset, table);
    }
    return table;
  }

  #ownerOf(offset: number): Unit | undefined {
    this.#owners ??= new Map(this.#units.all.map((unit) => [unit.lineOffset ?? -1, unit]));
    return this.#owners.get(offset);
  }

  #rowsOf(table: UnitLines): LineRows {
    const { offset } = table.header;
    const rows = this.#rows.get(offset) ?? runLineProgram(this.#units.sections, table.header);
    this.#rows.delete(offset);
    this.#rows.set(offset, rows);
    for (const oldest of this.#rows.keys()) {
      if (this.#rows.size <= KEPT_TABLES) break;
      this.#rows.delete(oldest);
    }
    return rows;
  }

  #path(table: UnitLines, index: number): string | undefined {
    return filePath(table.header, index, table.unit?.compilationDirectory ?? '');
  }

  #fileIndexes(table: UnitLines, file: string): Set<number> {
    const indexes = new Set<number>();
    for (let i = 0; i < table.header.files.length; i++) if (this.#path(table, i) === file) indexes.add(i);
    return indexes;
  }

  /** Tables whose bytes have the file's name in them, and those that keep their names in another section. */
  *#tablesWith(file: string): Generator<UnitLines> {
    if (!this.#exists) return;
    const bytes = this.#units.sections.bytes(LINE);
    const name = encodeName(`${file.slice(file.lastIndexOf('/') + 1)}\0`);
    const namesElsewhere = this.#units.sections.find('.debug_line_str') !== undefined;
    const offsets = this.#allOffsets();
    let hit = indexOfBytes(bytes, name);
    for (let i = 0; i < offsets.length; i++) {
      const end = offsets[i + 1] ?? bytes.length;
      if (hit >= 0 && hit < offsets[i]!) hit = indexOfBytes(bytes, name, offsets[i]!);
      const isHit = hit >= 0 && hit < end;
      if (isHit || (namesElsewhere && this.#table(offsets[i]!).header.version >= 5))
        yield this.#table(offsets[i]!);
    }
  }

  #allOffsets(): readonly number[] {
    if (this.#offsets === undefined) {
      const offsets: number[] = [];
      const size = this.#units.sections.find(LINE)?.length ?? 0;
      // The shortest header takes more than 11 bytes: what is left is padding.
      for (let offset = 0; size - offset > 11; ) {
        offsets.push(offset);
        offset = lineUnitEnd(this.#units.sections, offset);
      }
      this.#offsets = offsets;
    }
    return this.#offsets;
  }
}

function isEnd(rows: LineRows, row: number): boolean {
  return (rows.flags[row]! & ROW.endSequence) !== 0;
}

function isStatement(rows: LineRows, row: number): boolean {
  return (rows.flags[row]! & (ROW.statement | ROW.endSequence)) === ROW.statement;
}

/** The row that holds a pc: the last of its sequence that begins at or below it; -1: none. */
function rowAt(rows: LineRows, pc: number): number {
  const { addresses, sequences } = rows;
  let low = 0;
  let high = sequences.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (addresses[sequences[middle]!.first]! <= pc) low = middle + 1;
    else high = middle;
  }
  const sequence = sequences[low - 1];
  if (sequence === undefined || pc >= addresses[sequence.end]!) return -1;
  low = sequence.first;
  high = sequence.end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (addresses[middle]! <= pc) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
