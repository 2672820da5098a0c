import { AT, ENCODING, TAG } from './constants.ts';
import { indexedAddress } from './die.ts';
import type { ExpressionUnit } from './expression-context.ts';
import type { Unit, Units } from './units.ts';

/** What the operations of a unit's expressions refer to. */
export class UnitOperations implements ExpressionUnit {
  readonly #units: Units;
  readonly #unit: Unit;

  constructor(units: Units, unit: Unit) {
    this.#units = units;
    this.#unit = unit;
  }

  get offsetSize(): 4 | 8 {
    return this.#unit.offsetSize;
  }

  indexedAddress(index: number): number {
    return indexedAddress(this.#unit, index);
  }

  baseType(offset: number): { size: number; signed: boolean } | undefined {
    const die = this.#units.die(this.#unit.offset + offset);
    if (die.tag !== TAG.baseType) return undefined;
    const encoding = die.plainNumber(AT.encoding);
    if (encoding === ENCODING.float || encoding === ENCODING.complexFloat) return undefined;
    const signed = encoding === ENCODING.signed || encoding === ENCODING.signedChar;
    return { size: die.plainNumber(AT.byteSize) ?? 0, signed };
  }

  procedure(offset: number, inUnit: boolean): Uint8Array | undefined {
    const die = this.#units.die(inUnit ? this.#unit.offset + offset : offset);
    return die.isBlock(AT.location) ? die.block(AT.location) : undefined;
  }
}
