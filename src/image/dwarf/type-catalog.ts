import { type LinkedAddress, type SectionOffset, sectionOffset } from '../../base/index.ts';
import type { ArrayType, PointerType, SliceType, Type } from '../types.ts';
import { AT, TAG } from './constants.ts';
import type { NameIndex } from './name-index.ts';
import { RuntimeTypeScan } from './runtime-type-scan.ts';
import type { TypeReader } from './type-reader.ts';
import { KEEP } from './walk-program.ts';

const POINTER_SIZE = 8;
/** More types than that a program does not have; with an offset of 32 bits it makes an exact double. */
const ROWS = 2 ** 21;
const C_TAGS: Readonly<Record<string, number>> = {
  struct: TAG.structureType,
  union: TAG.unionType,
  enum: TAG.enumerationType,
};

/**
 * Types by name and by runtime type. A pointer, slice or array that the program does not mention has no DIE: then
 * it is made up around its element, with a negative offset.
 */
export class TypeCatalog {
  readonly #names: NameIndex;
  readonly #types: TypeReader;
  readonly #typesBase: () => number | undefined;
  readonly #byName = new Map<string, Type | undefined>();
  #byRuntimeType: { readonly offsets: Uint32Array; readonly dies: Uint32Array } | undefined;
  readonly #scanned = new Map<number, { readonly die: number | undefined }>();
  #scans: readonly RuntimeTypeScan[] | undefined;
  #madeUp = 0;

  constructor(names: NameIndex, types: TypeReader) {
    this.#names = names;
    this.#types = types;
    this.#typesBase = () => names.units.sections.typesBase;
  }

  named(name: string): Type | undefined {
    if (!this.#byName.has(name)) this.#byName.set(name, this.#find(name));
    return this.#byName.get(name);
  }

  ofRuntimeType(address: LinkedAddress): Type | undefined {
    const base = this.#typesBase();
    if (base === undefined) return undefined;
    const wanted = address - base;
    if (!(wanted > 0 && wanted < 2 ** 32)) return undefined;
    const scanned = this.#byRuntimeType === undefined ? this.#scanFor(wanted) : 'index';
    if (scanned !== 'index') return scanned === undefined ? undefined : this.#types.at(scanned);
    this.#byRuntimeType ??= this.#runtimeTypes();
    const { offsets, dies } = this.#byRuntimeType;
    let low = 0;
    let high = offsets.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (offsets[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return offsets[low] === wanted ? this.#types.at(dies[low]!) : undefined;
  }

  allNames(): string[] {
    const names = new Set<string>();
    for (const index of this.#names.all()) {
      for (const offset of index.dies(KEEP.type)) {
        const name = this.#names.units.die(offset).string(AT.name);
        if (name !== undefined) names.add(name);
      }
    }
    return [...names].sort();
  }

  #find(name: string): Type | undefined {
    const [offset] = this.#names.find(name, KEEP.type);
    if (offset !== undefined) return this.#types.at(offset);
    return this.#tagged(name) ?? this.#composed(name);
  }

  /** `struct foo`, `union foo`, `enum foo` of C. */
  #tagged(name: string): Type | undefined {
    const match = /^(struct|union|enum) (\w+)$/.exec(name);
    if (match === null) return undefined;
    const tag = C_TAGS[match[1]!];
    const offset = this.#names
      .find(match[2]!, KEEP.type)
      .find((candidate) => this.#names.units.die(candidate).tag === tag);
    return offset === undefined ? undefined : this.#types.at(offset);
  }

  #composed(name: string): Type | undefined {
    if (name.startsWith('*')) {
      const target = this.named(name.slice(1));
      return target === undefined ? undefined : { ...this.#made(target, name), kind: 'pointer', target };
    }
    const match = /^\[(\d*)\](.+)$/s.exec(name);
    if (match === null) return undefined;
    const element = this.named(match[2]!);
    if (element === undefined) return undefined;
    if (match[1] === '') {
      const slice: SliceType = {
        ...this.#made(element, name),
        size: 3 * POINTER_SIZE,
        kind: 'slice',
        element,
      };
      return slice;
    }
    const length = Number(match[1]);
    const array: ArrayType = {
      ...this.#made(element, name),
      size: length * element.size,
      kind: 'array',
      element,
      length,
    };
    return array;
  }

  #made(
    element: Type,
    name: string,
  ): Pick<PointerType, 'name' | 'size' | 'offset' | 'runtimeType' | 'fromC'> {
    const offset: SectionOffset = sectionOffset(--this.#madeUp);
    return { name, size: POINTER_SIZE, offset, runtimeType: undefined, fromC: element.fromC };
  }

  #scanFor(wanted: number): number | undefined | 'index' {
    const known = this.#scanned.get(wanted);
    if (known !== undefined) return known.die;
    this.#scans ??= this.#names.typeUnits.map((unit) => new RuntimeTypeScan(unit));
    let die: number | undefined;
    for (const scan of this.#scans) {
      const found = scan.find(wanted);
      if (found === 'index') return 'index';
      die ??= found;
      if (die !== undefined) break;
    }
    this.#scanned.set(wanted, { die });
    return die;
  }

  /** Go's linker puts all types into one unit: the first that has some has all. */
  #runtimeTypes(): { offsets: Uint32Array; dies: Uint32Array } {
    const offsets: number[] = [];
    const dies: number[] = [];
    for (const unit of this.#names.typeUnits) {
      this.#names.of(unit).eachRuntimeType((offset, die) => {
        offsets.push(offset);
        dies.push(die);
      });
      if (offsets.length > 0) break;
    }
    // Offset and row in one number: numbers sort faster than by a function.
    const keys = Float64Array.from(offsets, (offset, row) => offset * ROWS + row).sort();
    return {
      offsets: Uint32Array.from(keys, (key) => Math.floor(key / ROWS)),
      dies: Uint32Array.from(keys, (key) => dies[key % ROWS]!),
    };
  }
}
