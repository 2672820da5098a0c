import { type LinkedAddress, linkedAddress } from '../../base/index.ts';
import type { Constant, GlobalVariable } from '../debug-info.ts';
import { constantsOf } from './constant-scan.ts';
import { AT } from './constants.ts';
import { type Die, indexedAddress } from './die.ts';
import type { NameIndex } from './name-index.ts';
import type { TypeReader } from './type-reader.ts';
import { KEEP } from './walk-program.ts';

const OP_ADDR = 0x03;
const OP_ADDRX = 0xa1;

/** Variables and constants at the level of units. Variables without a fixed address (thread-local) are left out. */
export class Globals {
  readonly #names: NameIndex;
  readonly #types: TypeReader;
  readonly #byName = new Map<string, GlobalVariable | undefined>();
  #byAddress: { readonly addresses: Float64Array; readonly dies: Uint32Array } | undefined;

  constructor(names: NameIndex, types: TypeReader) {
    this.#names = names;
    this.#types = types;
  }

  named(name: string): GlobalVariable | undefined {
    if (!this.#byName.has(name)) this.#byName.set(name, this.#find(name));
    return this.#byName.get(name);
  }

  /** The variable that covers an address. */
  at(address: LinkedAddress): GlobalVariable | undefined {
    this.#byAddress ??= this.#addresses();
    const { addresses, dies } = this.#byAddress;
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (addresses[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    const found = low === 0 ? undefined : this.#variable(this.#names.units.die(dies[low - 1]!));
    if (found === undefined) return undefined;
    return address < found.address + Math.max(1, found.type.size) ? found : undefined;
  }

  variableNames(): string[] {
    const names = new Set<string>();
    for (const die of this.#dies(KEEP.variable)) {
      const name = addressOf(die) === undefined ? undefined : die.string(AT.name);
      if (name !== undefined) names.add(name);
    }
    return [...names].sort();
  }

  constantNamed(name: string): Constant | undefined {
    for (const offset of this.#names.find(name, KEEP.constant)) {
      const constant = this.#constant(this.#names.units.die(offset));
      if (constant !== undefined) return constant;
    }
    return undefined;
  }

  constantNames(): string[] {
    const names = new Set<string>();
    for (const die of this.#dies(KEEP.constant)) names.add(die.string(AT.name) ?? '');
    return [...names].sort();
  }

  /**
   * Constants of a named type, in the order of the file: what an enumeration prints as. Only those of the type's
   * own package, which is where enumerations are declared: to look for others would mean to read everything.
   */
  constantsOfType(typeName: string, type: number): readonly Constant[] {
    const { units } = this.#names;
    const found: Constant[] = [];
    for (const unit of this.#names.sourceUnits(typeName)) {
      const offsets = constantsOf(unit, type) ?? this.#names.of(unit, KEEP.constant).dies(KEEP.constant);
      for (const offset of offsets) {
        const die = units.die(offset);
        const constant = die.reference(AT.type) === type ? this.#constant(die) : undefined;
        if (constant !== undefined) found.push(constant);
      }
    }
    return found;
  }

  #find(name: string): GlobalVariable | undefined {
    for (const offset of this.#names.find(name, KEEP.variable)) {
      const variable = this.#variable(this.#names.units.die(offset));
      if (variable !== undefined) return variable;
    }
    return undefined;
  }

  #variable(die: Die): GlobalVariable | undefined {
    const address = addressOf(die);
    if (address === undefined) return undefined;
    const types = this.#types;
    const { units } = this.#names;
    return {
      name: die.string(AT.name) ?? '',
      address,
      unit: units.at(die.offset),
      get type() {
        return types.of(die);
      },
    };
  }

  #constant(die: Die): Constant | undefined {
    const value = die.constant(AT.constValue);
    if (typeof value !== 'bigint') return undefined;
    const types = this.#types;
    return {
      name: die.string(AT.name) ?? '',
      value,
      get type() {
        return types.of(die);
      },
    };
  }

  *#dies(keep: number): Generator<Die> {
    const { units } = this.#names;
    for (const index of this.#names.all(keep)) {
      for (const offset of index.dies(keep)) yield units.die(offset);
    }
  }

  #addresses(): { addresses: Float64Array; dies: Uint32Array } {
    const addresses: number[] = [];
    const dies: number[] = [];
    for (const die of this.#dies(KEEP.variable)) {
      const address = addressOf(die);
      if (address === undefined) continue;
      addresses.push(address);
      dies.push(die.offset);
    }
    const order = Uint32Array.from(addresses.keys()).sort((a, b) => addresses[a]! - addresses[b]!);
    return { addresses: Float64Array.from(order, (i) => addresses[i]!), dies: order.map((i) => dies[i]!) };
  }
}

/** Of DW_OP_addr or DW_OP_addrx alone. */
function addressOf(die: Die): LinkedAddress | undefined {
  const expression = die.isBlock(AT.location) ? die.block(AT.location)! : undefined;
  if (expression === undefined) return undefined;
  if (expression[0] === OP_ADDR && expression.length === 9) {
    const view = new DataView(expression.buffer, expression.byteOffset, expression.byteLength);
    return linkedAddress(view.getUint32(1, true) + view.getUint32(5, true) * 2 ** 32);
  }
  if (expression[0] !== OP_ADDRX) return undefined;
  let index = 0;
  for (let i = 1, scale = 1; i < expression.length; i++, scale *= 128)
    index += (expression[i]! & 0x7f) * scale;
  return indexedAddress(die.unit, index);
}
