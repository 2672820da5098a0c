import { indexOfBytes } from '../../base/index.ts';
import type { AbbreviationTable } from './abbreviations.ts';
import { TAG } from './constants.ts';
import { readDie } from './die.ts';
import { encodeName, hashBytes } from './name-hash.ts';
import { NameScan } from './name-scan.ts';
import { isPlausible } from './plausible.ts';
import { covers, rangesOf } from './ranges.ts';
import { UnitIndex } from './unit-index.ts';
import type { Unit, Units } from './units.ts';
import { compileWalk, isTypeTag, KEEP, type WalkProgram, type Wanted } from './walk-program.ts';

/**
 * Names to DIEs. Units are walked when something in them is wanted: a Go type is in the unit of package runtime,
 * where Go's linker puts all of them (cmd/link/internal/ld/dwarf.go, movetomodule), a variable or constant mostly
 * in its package's. Only a name that is not there makes us search the bytes of .debug_info for it.
 */
export class NameIndex {
  readonly units: Units;
  readonly #indexes = new Map<string, UnitIndex>();
  readonly #programs = new Map<AbbreviationTable, Map<string, WalkProgram>>();
  readonly #scan = new NameScan();
  /** Of the units that have been read. */
  readonly #byPackage = new Map<string, Unit[]>();
  readonly #unread: Iterator<Unit>;
  #typeUnits: readonly Unit[] | undefined;
  #foreign: readonly Unit[] | undefined;

  constructor(units: Units) {
    this.units = units;
    this.#unread = units.inOrder();
  }

  /** What a walk over a unit found; the walk for constants is another one. */
  of(unit: Unit, keep: number = KEEP.type): UnitIndex {
    const wanted = wantedFor(keep);
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

  /**
   * Units in which Go's types are: the one of package runtime into which the linker has moved them, or else all that
   * the package has, those without code first.
   */
  get typeUnits(): readonly Unit[] {
    this.#typeUnits ??= this.#findTypeUnits();
    return this.#typeUnits;
  }

  #findTypeUnits(): readonly Unit[] {
    const all: Unit[] = [];
    for (const unit of this.#unitsOf('runtime')) {
      if (writerOf(unit) === 'linker') return [unit];
      all.push(unit);
    }
    return all.sort((a, b) => Number(a.hasCode) - Number(b.hasCode) || b.end - b.offset - (a.end - a.offset));
  }

  /** Units of the package that a name belongs to: several, since each assembly file has its own. */
  packageUnits(name: string): Iterable<Unit> {
    return this.#unitsOf(packageOf(name));
  }

  /** As `packageUnits`, up to the one of the package's Go files: there is one. */
  *sourceUnits(name: string): Generator<Unit> {
    for (const unit of this.packageUnits(name)) {
      yield unit;
      if (writerOf(unit) === 'compiler') return;
    }
  }

  /** DIEs of exactly this name. */
  find(name: string, keep: number): readonly number[] {
    const bytes = encodeName(name);
    const hash = hashBytes(bytes);
    for (const unit of keep === KEEP.type ? this.typeUnits : this.packageUnits(name)) {
      const found = this.#findIn(unit, bytes, hash, keep);
      if (found.length > 0) return found;
    }
    const found: number[] = [];
    // Go's types are where they are likely, or nowhere; C's are in C's units.
    const rest = keep === KEEP.type && this.typeUnits.length > 0 ? this.#foreignUnits : this.units.all;
    for (const unit of this.#unitsThatSay(bytes, rest))
      found.push(...this.of(unit, keep).find(bytes, hash, keep));
    return found;
  }

  /** The subprogram of this name that covers a pc, if it can be had without a walk over its unit. */
  functionNamed(name: string, pc: number): number | undefined {
    const covering = (unit: Unit) => (offset: number) => {
      const die = readDie(unit, offset);
      return die !== undefined && covers(rangesOf(die), pc);
    };
    // Of a generic function DWARF names the shapes (`F[go.shape.int]`) where pclntab writes `F[...]`.
    const generic = name.indexOf('[...]');
    const text = encodeName(generic < 0 ? `${name}\0` : name.slice(0, generic + 1));
    const isSubprogram = (tag: number) => tag === TAG.subprogram;
    for (const unit of this.#functionUnits(name)) {
      let abstract: number | undefined;
      const found = this.#scan.find(unit, text, {
        isWanted: isSubprogram,
        accept: (offset) => {
          if (covering(unit)(offset)) return true;
          abstract ??= offset;
          return false;
        },
        areTogether: false,
      });
      if (typeof found === 'number') return found;
      if (abstract === undefined) continue;
      // Inlinable functions have their name in an abstract entry, and the code in another that refers to it.
      const copy = this.#scan.find(unit, reference(abstract), {
        isWanted: isSubprogram,
        accept: covering(unit),
        areTogether: false,
      });
      if (typeof copy === 'number') return copy;
    }
    return undefined;
  }

  /**
   * Units that may hold a function: its package's, but before those of assembly files are looked for (which may read all
   * units) the runtime's, which has what other packages call by go:linkname (`time.Sleep`, `os/signal.signal_recv`).
   */
  *#functionUnits(name: string): Generator<Unit> {
    const seen = new Set<Unit>();
    for (const units of [this.sourceUnits(name), this.sourceUnits('runtime.'), this.packageUnits(name)])
      for (const unit of units) {
        if (seen.has(unit)) continue;
        seen.add(unit);
        yield unit;
      }
  }

  #findIn(unit: Unit, name: Uint8Array, hash: number, keep: number): readonly number[] {
    const wanted = wantedFor(keep);
    if (!this.#indexes.has(`${wanted} ${unit.index}`)) {
      const isWanted = keep === KEEP.type ? isTypeTag : (tag: number) => tag === TAG_OF_KEEP[keep];
      const terminated = new Uint8Array(name.length + 1);
      terminated.set(name);
      const found = this.#scan.find(unit, terminated, {
        isWanted,
        accept: (offset) => isPlausible(this.units, unit, offset),
        areTogether: keep === KEEP.variable,
      });
      if (found !== 'index') return found === undefined ? [] : [found];
    }
    return this.of(unit, keep).find(name, hash, keep);
  }

  /** In the order of the file, which is read on when those that are known have been seen. */
  *#unitsOf(name: string): Generator<Unit> {
    let seen = 0;
    do {
      const known = this.#byPackage.get(name) ?? [];
      while (seen < known.length) yield known[seen++]!;
    } while (this.#readOn());
  }

  #readOn(): boolean {
    const { done, value: unit } = this.#unread.next();
    if (done) return false;
    const units = this.#byPackage.get(unit.name);
    if (units === undefined) this.#byPackage.set(unit.name, [unit]);
    else units.push(unit);
    return true;
  }

  get #foreignUnits(): readonly Unit[] {
    this.#foreign ??= this.units.all.filter((unit) => !unit.isGo);
    return this.#foreign;
  }

  /** Those of `units` with the name's bytes in them or, if .debug_str has the name, with their names there. */
  #unitsThatSay(name: Uint8Array, units: readonly Unit[]): Set<Unit> {
    const found = new Set<Unit>();
    if (units.length === 0) return found;
    const needle = new Uint8Array(name.length + 1);
    needle.set(name);
    const { sections } = this.units;
    const { info } = sections;
    let at = -1;
    for (const unit of units) {
      // One search serves all units in front of its hit.
      if (at < unit.offset) at = indexOfBytes(info, needle, unit.offset);
      if (at < 0) break;
      if (at < unit.end) found.add(unit);
    }
    const strings = sections.find('.debug_str');
    if (strings !== undefined && indexOfBytes(strings, needle) >= 0) {
      for (const unit of this.#foreignUnits) found.add(unit);
    }
    return found;
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

const TAG_OF_KEEP: Readonly<Record<number, number>> = {
  [KEEP.variable]: TAG.variable,
  [KEEP.constant]: TAG.constant,
};

/**
 * Who wrote what a unit of Go holds, all of which say that it was the compiler. Of an assembly file there are functions
 * with nothing below them; into the last of package runtime the linker moves all types, behind those.
 */
function writerOf(unit: Unit): 'compiler' | 'linker' | 'assembler' {
  let { hasChildren, next } = unit.root;
  for (let depth = hasChildren ? 1 : 0; depth > 0 && next < unit.end; ) {
    const die = readDie(unit, next);
    if (die === undefined) {
      depth--;
      next++;
      continue;
    }
    if (depth === 1 && isTypeTag(die.tag)) return 'linker';
    if (depth > 1 || die.tag === TAG.constant || die.tag === TAG.variable) return 'compiler';
    ({ hasChildren, next } = die);
    if (hasChildren) depth++;
  }
  return 'assembler';
}

function wantedFor(keep: number): Wanted {
  return keep === KEEP.constant ? 'constants' : 'program';
}

function reference(offset: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, offset, true);
  return bytes;
}

/** `net/http.DefaultClient` → `net/http`: the linker escapes dots in the last element of a path. */
function packageOf(name: string): string {
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1);
  return dot < 0 ? '' : name.slice(0, dot);
}
