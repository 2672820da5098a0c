import { indexOfBytes } from '../../base/index.ts';
import type { AbbreviationTable } from './abbreviations.ts';
import { INFO } from './die.ts';
import { encodeName, hashBytes } from './name-hash.ts';
import { UnitIndex } from './unit-index.ts';
import type { Unit, Units } from './units.ts';
import { compileWalk, KEEP, type WalkProgram, type Wanted } from './walk-program.ts';

/**
 * Names to DIEs. Units are walked when something in them is wanted: a Go type is in the unit of package runtime,
 * where Go's linker puts all of them (cmd/link/internal/ld/dwarf.go, movetomodule), a variable or constant mostly
 * in its package's. Only a name that is not there makes us search the bytes of .debug_info for it.
 */
export class NameIndex {
  readonly units: Units;
  readonly #indexes = new Map<string, UnitIndex>();
  readonly #programs = new Map<AbbreviationTable, Map<string, WalkProgram>>();
  #byPackage: Map<string, Unit[]> | undefined;
  #typeUnits: readonly Unit[] | undefined;

  constructor(units: Units) {
    this.units = units;
  }

  /** What a walk over a unit found; the walk for constants is another one. */
  of(unit: Unit, keep: number = KEEP.type): UnitIndex {
    const wanted: Wanted = keep === KEEP.constant ? 'constants' : 'program';
    const key = `${wanted} ${unit.index}`;
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = new UnitIndex(unit, this.#program(unit, wanted));
      this.#indexes.set(key, index);
    }
    return index;
  }

  /** Indexes of all units: walks what has not been walked. */
  *all(keep: number = KEEP.type): Generator<UnitIndex> {
    for (const unit of this.units.all) yield this.of(unit, keep);
  }

  /** Units in which Go's types are, most likely first. */
  get typeUnits(): readonly Unit[] {
    this.#typeUnits ??= [...(this.#packages.get('runtime') ?? [])].sort(
      (a, b) => b.end - b.offset - (a.end - a.offset),
    );
    return this.#typeUnits;
  }

  /** DIEs of exactly this name. */
  find(name: string, keep: number): readonly number[] {
    const bytes = encodeName(name);
    const hash = hashBytes(bytes);
    const likely = keep === KEEP.type ? this.typeUnits : (this.#packages.get(packageOf(name)) ?? []);
    for (const unit of likely) {
      const found = this.of(unit, keep).find(bytes, hash, keep);
      if (found.length > 0) return found;
    }
    const found: number[] = [];
    for (const unit of this.#unitsThatSay(bytes)) found.push(...this.of(unit, keep).find(bytes, hash, keep));
    return found;
  }

  get #packages(): Map<string, Unit[]> {
    if (this.#byPackage === undefined) {
      this.#byPackage = new Map();
      for (const unit of this.units.all) {
        const { name } = unit;
        const units = this.#byPackage.get(name);
        if (units === undefined) this.#byPackage.set(name, [unit]);
        else units.push(unit);
      }
    }
    return this.#byPackage;
  }

  /** Units with the name's bytes in them, and, if .debug_str has it, those that keep their names there. */
  #unitsThatSay(name: Uint8Array): Set<Unit> {
    const units = new Set<Unit>();
    const needle = new Uint8Array(name.length + 1);
    needle.set(name);
    const { sections } = this.units;
    const info = sections.bytes(INFO);
    for (let at = indexOfBytes(info, needle, 0); at >= 0; ) {
      const unit = this.units.all.find((candidate) => at < candidate.end);
      if (unit === undefined) break;
      units.add(unit);
      at = indexOfBytes(info, needle, unit.end);
    }
    const strings = sections.find('.debug_str');
    if (strings !== undefined && indexOfBytes(strings, needle, 0) >= 0) {
      for (const unit of this.units.all) if (!unit.isGo) units.add(unit);
    }
    return units;
  }

  #program(unit: Unit, wanted: Wanted): WalkProgram {
    const table = unit.abbreviations;
    const programs = this.#programs.get(table) ?? new Map<string, WalkProgram>();
    this.#programs.set(table, programs);
    const key = `${wanted} ${unit.version}`;
    const program = programs.get(key) ?? compileWalk(table, unit.version, wanted);
    programs.set(key, program);
    return program;
  }
}

/** `net/http.DefaultClient` → `net/http`: the linker escapes dots in the last element of a path. */
function packageOf(name: string): string {
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1);
  return dot < 0 ? '' : name.slice(0, dot);
}
