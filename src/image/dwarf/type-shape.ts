import { AT, TAG } from './constants.ts';
import type { Die } from './die.ts';
import { childrenOf } from './die-tree.ts';
import { GO_KIND, GO_KIND_MASK } from './go-kind.ts';
import type { Units } from './units.ts';

/**
 * Names and sizes of types, worked out from their DIEs. Go's linker gives every type both; for C a name such as
 * `struct point *` has to be put together, and an array's size to be multiplied. Chains are followed to a limit,
 * since damaged ones may be circles.
 */
const MAX_CHAIN = 40;
/** Types that may go into one C name: function types can branch. */
const MAX_NAME_PARTS = 200;
const POINTER_SIZE = 8;

const QUALIFIERS: ReadonlySet<number> = new Set([
  TAG.constType,
  TAG.volatileType,
  TAG.restrictType,
  TAG.atomicType,
]);
export const POINTERS: ReadonlySet<number> = new Set([
  TAG.pointerType,
  TAG.referenceType,
  TAG.rvalueReferenceType,
]);

const C_KEYWORDS: Readonly<Record<number, string>> = {
  [TAG.structureType]: 'struct',
  [TAG.classType]: 'class',
  [TAG.unionType]: 'union',
  [TAG.enumerationType]: 'enum',
};

export class TypeShapes {
  readonly #units: Units;
  #nameParts = 0;

  constructor(units: Units) {
    this.#units = units;
  }

  /** The type behind const, volatile and the like; undefined: void. A complete type for a mere signature. */
  unqualified(offset: number): Die | undefined {
    let die = this.#units.die(offset);
    for (let steps = 0; ; steps++) {
      if (steps > MAX_CHAIN) throw die.error('types refer to each other in a circle');
      let next: number | undefined;
      if (QUALIFIERS.has(die.tag)) {
        next = die.reference(AT.type);
        if (next === undefined) return undefined;
      } else if (die.has(AT.signature)) next = die.reference(AT.signature)!;
      else return die;
      die = this.#units.die(next);
    }
  }

  /** A C type's name as C writes it, without qualifiers. */
  cName(die: Die, depth = 0): string {
    if (depth === 0) this.#nameParts = 0;
    if (++this.#nameParts > MAX_NAME_PARTS || depth > MAX_CHAIN) return '…';
    const name = die.string(AT.name);
    const keyword = C_KEYWORDS[die.tag];
    if (keyword !== undefined) return name === undefined ? `${keyword} {...}` : `${keyword} ${name}`;
    if (name !== undefined) return name;
    if (POINTERS.has(die.tag)) {
      const target = this.#target(die);
      if (target?.tag === TAG.subroutineType) return this.#cFunction(target, '(*)', depth + 1);
      return `${this.#cNameOf(die, depth)} *`;
    }
    if (die.tag === TAG.arrayType) {
      const dimensions = arrayDimensions(die).map((length) => `[${length}]`);
      return `${this.#cNameOf(die, depth)} ${dimensions.join('')}`;
    }
    return die.tag === TAG.subroutineType ? this.#cFunction(die, '', depth) : '?';
  }

  size(die: Die, depth = 0): number {
    const given = die.plainNumber(AT.byteSize);
    if (given !== undefined) return given;
    const kind = (die.plainNumber(AT.goKind) ?? 0) & GO_KIND_MASK;
    if (POINTERS.has(die.tag) || kind === GO_KIND.map || kind === GO_KIND.chan) return POINTER_SIZE;
    if (depth > MAX_CHAIN) throw die.error('the sizes of types depend on each other in a circle');
    if (die.tag === TAG.arrayType) {
      const target = this.#target(die);
      const length = arrayDimensions(die).reduce((product, dimension) => product * dimension, 1);
      return target === undefined ? 0 : length * this.size(target, depth + 1);
    }
    if (die.tag !== TAG.typedef && die.tag !== TAG.enumerationType) return 0;
    const target = this.#target(die);
    return target === undefined ? 0 : this.size(target, depth + 1);
  }

  #target(die: Die): Die | undefined {
    const target = die.reference(AT.type);
    return target === undefined ? undefined : this.unqualified(target);
  }

  #cNameOf(die: Die, depth: number): string {
    const target = this.#target(die);
    return target === undefined ? 'void' : this.cName(target, depth + 1);
  }

  #cFunction(die: Die, inner: string, depth: number): string {
    const parameters: string[] = [];
    for (const child of childrenOf(die)) {
      if (this.#nameParts > MAX_NAME_PARTS) {
        parameters.push('…');
        break;
      }
      if (child.tag === TAG.formalParameter) parameters.push(this.#cNameOf(child, depth));
      else if (child.tag === TAG.unspecifiedParameters) parameters.push('...');
    }
    return `${this.#cNameOf(die, depth)} ${inner}(${parameters.join(', ') || 'void'})`;
  }
}

/** Lengths of an array, outermost first: DW_AT_count, or the upper bound (C's last index); unknown ones are 0. */
export function arrayDimensions(die: Die): number[] {
  const lengths: number[] = [];
  for (const child of childrenOf(die)) {
    if (child.tag !== TAG.subrangeType) continue;
    const count = child.plainNumber(AT.count);
    const bound = child.plainNumber(AT.upperBound);
    lengths.push(count ?? (bound === undefined ? 0 : Math.max(0, lastIndex(bound) + 1)));
    if (lengths.length >= MAX_CHAIN) break;
  }
  return lengths.length === 0 ? [0] : lengths;
}

/** gcc writes the bound -1 of a `[0]` array as a number of all ones. */
function lastIndex(bound: number): number {
  return bound === 0xffffffff || bound >= 2 ** 63 ? -1 : bound;
}
