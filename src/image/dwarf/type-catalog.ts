import { type LinkedAddress, type SectionOffset, sectionOffset } from '../../base/index.ts';
import type { ArrayType, PointerType, SliceType, Type } from '../types.ts';
import { AT, TAG } from './constants.ts';
import type { NameIndex } from './name-index.ts';
import type { TypeReader } from './type-reader.ts';
import { KEEP } from './walk-program.ts';

const POINTER_SIZE = 8;
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
    this.#byRuntimeType ??= this.#runtimeTypes();
    const { offsets, dies } = this.#byRuntimeType;
    const wanted = address - base;
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

  #runtimeTypes(): { offsets: Uint32Array; dies: Uint32Array } {
    const offsets: number[] = [];
    const dies: number[] = [];
    for (const unit of this.#names.typeUnits) {
      this.#names.of(unit).eachRuntimeType((offset, die) => {
        offsets.push(offset);
        dies.push(die);
      });
    }
    const order = Uint32Array.from(offsets.keys()).sort((a, b) => offsets[a]! - offsets[b]!);
    return { offsets: order.map((i) => offsets[i]!), dies: order.map((i) => dies[i]!) };
  }
}
