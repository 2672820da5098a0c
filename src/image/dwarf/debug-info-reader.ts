import type { LinkedAddress } from '../../base/index.ts';
import type {
  Constant,
  DebugInfo,
  FunctionInfo,
  GlobalVariable,
  LineTable,
  UnitInfo,
} from '../debug-info.ts';
import type { Type } from '../types.ts';
import { contains, FunctionReader } from './functions.ts';
import { Globals } from './globals.ts';
import { DwarfLines } from './line-table.ts';
import { NameIndex } from './name-index.ts';
import { type DebugSource, Sections } from './sections.ts';
import { TypeCatalog } from './type-catalog.ts';
import { TypeReader } from './type-reader.ts';
import { UnitRanges } from './unit-ranges.ts';
import { type Unit, Units } from './units.ts';

/** DWARF of a binary; undefined if it has no .debug_info. Nothing is read before it is asked for. */
export function openDebugInfo(source: DebugSource): DebugInfo | undefined {
  const sections = new Sections(source);
  return !sections.reachInfo(0) ? undefined : new DwarfDebugInfo(sections);
}

class DwarfDebugInfo implements DebugInfo {
  readonly lines: LineTable;
  readonly #units: Units;
  readonly #names: NameIndex;
  readonly #types: TypeReader;
  readonly #catalog: TypeCatalog;
  readonly #globals: Globals;
  readonly #functions: FunctionReader;
  readonly #byOffset = new Map<number, FunctionInfo>();
  #ranges: UnitRanges | undefined;

  constructor(sections: Sections) {
    this.#units = new Units(sections);
    this.#names = new NameIndex(this.#units);
    this.#types = new TypeReader(this.#units);
    this.#catalog = new TypeCatalog(this.#names, this.#types);
    this.#globals = new Globals(this.#names, this.#types);
    const lines = new DwarfLines(this.#units, {
      unitAt: (pc) => this.#unitAt(pc),
      functionAt: (pc) => this.functionAt(pc),
    });
    this.lines = lines;
    this.#functions = new FunctionReader(this.#units, this.#types, lines);
  }

  units(): readonly UnitInfo[] {
    return this.#units.all;
  }

  typeNamed(name: string): Type | undefined {
    return this.#catalog.named(name);
  }

  typeOfRuntimeType(address: LinkedAddress): Type | undefined {
    return this.#catalog.ofRuntimeType(address);
  }

  typeNames(): readonly string[] {
    return this.#catalog.allNames();
  }

  functionAt(pc: LinkedAddress): FunctionInfo | undefined {
    const offset = this.#functionOffset(pc);
    if (offset === undefined) return undefined;
    let info = this.#byOffset.get(offset);
    if (info === undefined) {
      info = this.#functions.read(offset);
      this.#byOffset.set(offset, info);
    }
    return contains(info, pc) ? info : undefined;
  }

  globalNamed(name: string): GlobalVariable | undefined {
    return this.#globals.named(name);
  }

  globalNames(): readonly string[] {
    return this.#globals.variableNames();
  }

  globalAt(address: LinkedAddress): GlobalVariable | undefined {
    return this.#globals.at(address);
  }

  constantNamed(name: string): Constant | undefined {
    return this.#globals.constantNamed(name);
  }

  constantNames(): readonly string[] {
    return this.#globals.constantNames();
  }

  constantsOfType(typeName: string): readonly Constant[] {
    const type = this.#catalog.named(typeName);
    return type === undefined ? [] : this.#globals.constantsOfType(typeName, type.offset);
  }

  #functionOffset(pc: LinkedAddress): number | undefined {
    const named = this.#namedFunction(pc);
    if (named !== undefined) return named;
    const unit = this.#unitByRanges(pc);
    return unit === undefined ? undefined : this.#names.of(unit).functionBelow(pc);
  }

  #namedFunction(pc: LinkedAddress): number | undefined {
    const name = this.#units.sections.functionName(pc);
    return name === undefined ? undefined : this.#names.functionNamed(name, pc);
  }

  /** The ranges tell it at once, but must be read for all units: the first few are found by their functions. */
  #unitAt(pc: LinkedAddress): Unit | undefined {
    const named = this.#ranges === undefined ? this.#namedFunction(pc) : undefined;
    return named === undefined ? this.#unitByRanges(pc) : this.#units.at(named);
  }

  #unitByRanges(pc: LinkedAddress): Unit | undefined {
    this.#ranges ??= new UnitRanges(this.#units.all);
    return this.#ranges.find(pc);
  }
}
