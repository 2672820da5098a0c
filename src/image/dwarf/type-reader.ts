import { DataError, linkedAddress, type SectionOffset, sectionOffset } from '../../base/index.ts';
import type {
  AliasType,
  ArrayType,
  EnumType,
  Field,
  FuncType,
  OpaqueType,
  PointerType,
  StructType,
  Type,
} from '../types.ts';
import { AT, ENCODING, TAG } from './constants.ts';
import type { Die } from './die.ts';
import { childrenOf } from './die-tree.ts';
import { GO_KIND, GO_KIND_MASK } from './go-kind.ts';
import { readField } from './struct-field.ts';
import { arrayDimensions, POINTERS, TypeShapes } from './type-shape.ts';
import type { Units } from './units.ts';

type Common = Pick<Type, 'name' | 'size' | 'offset' | 'runtimeType' | 'fromC'>;

/**
 * Type DIEs (DWARF 5 chapter 5, and Go's attributes as cmd/link/internal/ld/dwarf.go writes them) to types, each
 * read once. Qualifiers (const, volatile, restrict, atomic) are dropped. A damaged type is `opaque` and says why.
 */
export class TypeReader {
  readonly #units: Units;
  readonly #shapes: TypeShapes;
  readonly #types = new Map<number, Type>();

  constructor(units: Units) {
    this.#units = units;
    this.#shapes = new TypeShapes(units);
  }

  /** The type at an offset of .debug_info. */
  at(offset: number): Type {
    let type = this.#types.get(offset);
    if (type === undefined) {
      // Whoever comes back here while it is being read goes in a circle.
      this.#types.set(offset, damaged(offset, 'the type refers to itself'));
      try {
        type = this.#read(offset);
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        type = damaged(offset, error.message);
      }
      this.#types.set(offset, type);
    }
    return type;
  }

  /** The type that a DIE's DW_AT_type names: C's void if there is none. */
  of(die: Die): Type {
    const offset = die.reference(AT.type);
    return offset === undefined ? VOID : this.at(offset);
  }

  #read(offset: number): Type {
    const die = this.#shapes.unqualified(offset);
    if (die === undefined) return VOID;
    if (die.offset !== offset) return this.at(die.offset);
    const unit = this.#units.at(offset);
    return unit.isGo ? this.#readGo(die) : this.#readC(die, this.#common(die, true));
  }

  #common(die: Die, fromC: boolean): Common {
    const base = die.unit.sections.typesBase;
    const runtimeType = die.has(AT.goRuntimeType) ? die.address(AT.goRuntimeType)! : 0;
    return {
      name: fromC ? this.#shapes.cName(die) : (die.string(AT.name) ?? '?'),
      size: this.#shapes.size(die),
      offset: die.offset as SectionOffset,
      runtimeType: base === undefined || runtimeType === 0 ? undefined : linkedAddress(base + runtimeType),
      fromC,
    };
  }

  #readGo(die: Die): Type {
    const kind = (die.number(AT.goKind) ?? 0) & GO_KIND_MASK;
    const hasKind = kind !== 0;
    if (die.tag === TAG.typedef && !hasKind) return this.#readGoTypedef(die);
    const common = this.#common(die, false);
    const reader = this;
    switch (kind) {
      case GO_KIND.string:
        return { ...common, kind: 'string' };
      case GO_KIND.slice:
        return {
          ...common,
          kind: 'slice',
          get element() {
            return reader.#goType(die, AT.goElement);
          },
        };
      case GO_KIND.map:
        return {
          ...common,
          kind: 'map',
          get key() {
            return reader.#goType(die, AT.goKey);
          },
          get element() {
            return reader.#goType(die, AT.goElement);
          },
          get pointer() {
            return reader.#pointer(die);
          },
        };
      case GO_KIND.chan:
        return {
          ...common,
          kind: 'chan',
          get element() {
            return reader.#goType(die, AT.goElement);
          },
          get pointer() {
            return reader.#pointer(die);
          },
        };
      case GO_KIND.interface:
        return { ...common, size: 2 * 8, kind: 'interface', empty: this.#isEmptyInterface(die) };
      default:
        return this.#readC(die, common);
    }
  }

  /**
   * A typedef without a kind: the name that Go's linker gives a composite type beside its real DIE, which is the
   * same type; or `.paramN`, a type parameter that stands for its shape.
   */
  #readGoTypedef(die: Die): Type {
    const name = die.string(AT.name) ?? '?';
    const dictionaryIndex = die.number(AT.goDictIndex);
    const target = this.#typedefTarget(die);
    if (dictionaryIndex === undefined && target?.string(AT.name) === name) return this.at(target.offset);
    const alias = this.#alias(die, this.#common(die, false));
    return dictionaryIndex === undefined ? alias : withDictionaryIndex(alias, dictionaryIndex);
  }

  #readC(die: Die, common: Common): Type {
    const reader = this;
    switch (die.tag) {
      case TAG.baseType:
        return baseType(die, common);
      case TAG.typedef:
        return this.#alias(die, common);
      case TAG.structureType:
      case TAG.classType:
      case TAG.unionType:
        return this.#structure(die, common);
      case TAG.arrayType:
        return this.#array(die, common);
      case TAG.subroutineType:
        return this.#function(die, common);
      case TAG.enumerationType:
        return enumeration(die, common);
      default:
        if (!POINTERS.has(die.tag)) return { ...common, kind: 'opaque', problem: undefined };
        return {
          ...common,
          kind: 'pointer',
          get target() {
            const type = die.has(AT.type) ? reader.of(die) : undefined;
            return type === VOID ? undefined : type;
          },
        };
    }
  }

  #alias(die: Die, common: Common): AliasType {
    const reader = this;
    this.#typedefTarget(die);
    return {
      ...common,
      kind: 'alias',
      get underlying() {
        return reader.of(die);
      },
    };
  }

  /** What is behind typedefs; throws if they go in a circle. */
  #typedefTarget(die: Die): Die | undefined {
    let current: Die | undefined = die;
    for (let steps = 0; current?.tag === TAG.typedef && !current.has(AT.goKind); steps++) {
      if (steps > MAX_TYPEDEFS) throw die.error('typedefs refer to each other in a circle');
      const next: number | undefined = current.reference(AT.type);
      current = next === undefined ? undefined : this.#shapes.unqualified(next);
    }
    return current;
  }

  #structure(die: Die, common: Common): StructType {
    let fields: Field[] | undefined;
    const reader = this;
    return {
      ...common,
      kind: 'struct',
      union: die.tag === TAG.unionType,
      get fields() {
        if (fields === undefined) {
          fields = [];
          for (const child of childrenOf(die)) {
            if (child.tag === TAG.member || child.tag === TAG.inheritance)
              fields.push(readField(child, reader));
          }
        }
        return fields;
      },
    };
  }

  /** C's arrays of several dimensions are one DIE: arrays of arrays here. */
  #array(die: Die, common: Common): ArrayType {
    const lengths = arrayDimensions(die);
    const reader = this;
    const level = (index: number, size: number): ArrayType => ({
      ...common,
      size,
      kind: 'array',
      length: lengths[index]!,
      get element() {
        if (index === lengths.length - 1) return reader.of(die);
        return level(index + 1, lengths[index] === 0 ? 0 : size / lengths[index]!);
      },
    });
    return level(0, common.size);
  }

  #function(die: Die, common: Common): FuncType {
    let signature: { parameters: Type[]; results: Type[] } | undefined;
    const read = (): { parameters: Type[]; results: Type[] } => {
      signature ??= this.#signature(die);
      return signature;
    };
    return {
      ...common,
      kind: 'func',
      get parameters() {
        return read().parameters;
      },
      get results() {
        return read().results;
      },
    };
  }

  #signature(die: Die): { parameters: Type[]; results: Type[] } {
    const signature: { parameters: Type[]; results: Type[] } = { parameters: [], results: [] };
    if (die.has(AT.type)) signature.results.push(this.of(die));
    for (const child of childrenOf(die)) {
      if (child.tag !== TAG.formalParameter) continue;
      (child.flag(AT.variableParameter) ? signature.results : signature.parameters).push(this.of(child));
    }
    return signature;
  }

  /** The type that one of Go's attributes names. */
  #goType(die: Die, attribute: number): Type {
    const offset = die.reference(attribute);
    return offset === undefined
      ? damaged(die.offset, 'the type of its elements is missing')
      : this.at(offset);
  }

  /** What a map or channel variable holds. */
  #pointer(die: Die): PointerType {
    const type = this.of(die);
    if (type.kind === 'pointer') return type;
    return { ...this.#common(die, false), kind: 'pointer', target: undefined };
  }

  /** `interface {}` and its like are typedefs of runtime.eface, others of runtime.iface. */
  #isEmptyInterface(die: Die): boolean {
    const underlying = die.reference(AT.type);
    return underlying !== undefined && this.#units.die(underlying).string(AT.name) === 'runtime.eface';
  }
}

const MAX_TYPEDEFS = 40;

const VOID: OpaqueType = {
  kind: 'opaque',
  name: 'void',
  size: 0,
  offset: sectionOffset(0),
  runtimeType: undefined,
  fromC: true,
  problem: undefined,
};

function damaged(offset: number, problem: string): OpaqueType {
  return { ...VOID, name: '?', offset: sectionOffset(offset), fromC: false, problem };
}

function withDictionaryIndex(alias: AliasType, dictionaryIndex: number): AliasType {
  return Object.defineProperty(alias, 'dictionaryIndex', { value: dictionaryIndex, enumerable: true });
}

function baseType(die: Die, common: Common): Type {
  switch (die.number(AT.encoding)) {
    case ENCODING.boolean:
      return { ...common, kind: 'bool' };
    case ENCODING.float:
      return { ...common, kind: 'float' };
    case ENCODING.complexFloat:
      return { ...common, kind: 'complex' };
    case ENCODING.signed:
    case ENCODING.signedChar:
      return { ...common, kind: 'int', signed: true };
    case ENCODING.unsigned:
    case ENCODING.unsignedChar:
    case ENCODING.address:
    case ENCODING.utf:
      return { ...common, kind: 'int', signed: false };
    default:
      return { ...common, kind: 'opaque', problem: undefined };
  }
}

function enumeration(die: Die, common: Common): EnumType {
  let values: { name: string; value: bigint }[] | undefined;
  return {
    ...common,
    kind: 'enum',
    get values() {
      if (values === undefined) {
        values = [];
        for (const child of childrenOf(die)) {
          const value = child.tag === TAG.enumerator ? child.constant(AT.constValue) : undefined;
          if (typeof value === 'bigint') values.push({ name: child.string(AT.name) ?? '?', value });
        }
      }
      return values;
    },
  };
}
