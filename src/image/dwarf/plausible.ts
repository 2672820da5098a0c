import { AT } from './constants.ts';
import { type Die, readDie } from './die.ts';
import { GO_KIND, GO_KIND_MASK } from './go-kind.ts';
import type { Unit, Units } from './units.ts';

const OP_ADDR = 0x03;

/**
 * Whether what stands at an offset that was found by its bytes is a DIE: addresses and numbers can look like the
 * code and name of one, but hardly go on as Go's types, variables and constants do.
 */
export function isPlausible(units: Units, unit: Unit, offset: number): boolean {
  const die = readDie(unit, offset);
  if (die === undefined || die.next > unit.end) return false;
  const references = [AT.type, AT.goElement, AT.goKey];
  if (!references.every((attribute) => !die.has(attribute) || isReference(units, die, attribute)))
    return false;
  if (die.has(AT.goRuntimeType) && die.address(AT.goRuntimeType)! >= 2 ** 32) return false;
  if (die.has(AT.goKind) && (die.number(AT.goKind)! & GO_KIND_MASK) > GO_KIND.unsafePointer) return false;
  return !die.isBlock(AT.location) || die.block(AT.location)![0] === OP_ADDR;
}

function isReference(units: Units, die: Die, attribute: number): boolean {
  return die.isReference(attribute) && units.has(die.reference(attribute)!);
}
