import { type RuntimeAddress, UserError } from '../../base/index.ts';
import { builtin } from '../../expr/builtins.ts';
import { toInteger } from '../../expr/constant.ts';
import { convert } from '../../expr/convert.ts';
import type { BuiltinName } from '../../expr/operations.ts';
import { constantValue, scalarOf, scalarValue, untypedConstant } from '../../expr/scalar.ts';
import { UINT8 } from '../../expr/synthetic-types.ts';
import type { Program } from '../../golang/index.ts';
import { channelAt } from '../../golang/values/channels.ts';
import { mapLength } from '../../golang/values/map-entries.ts';
import { underlying } from '../../golang/values/shapes.ts';
import type { Type } from '../../image/index.ts';
import type { Read } from './condition.ts';
import { type Operand, readIntegerOperand, readScalar, typeOf } from './operand.ts';
import { inMemory, NotThere, type PlaceCode, partOfPlace, readWord, TooHard } from './place-code.ts';
import { behindPointer } from './select-code.ts';
import { readLength } from './text-code.ts';

type Placed = Extract<Operand, { kind: 'place' }>;

/** `*p`; `text` is how the user wrote p. */
export function dereferenceCode(operand: Operand, text: string): Operand {
  if (operand.kind === 'nil') throw new UserError('nil can not be dereferenced');
  const type = typeOf(operand);
  const real = type && underlying(type);
  if (real?.kind !== 'pointer') {
    throw new UserError(`${text} (type ${type?.name || 'constant'}) can not be dereferenced`);
  }
  if (real.target === undefined || operand.kind !== 'place') throw new TooHard();
  return { kind: 'place', type: real.target, place: behindPointer(operand.place) };
}

/** `x[i]` of arrays, pointers to arrays, slices and strings. */
export function indexCode(operand: Operand, index: Operand): Operand {
  if (operand.kind !== 'place') throw new TooHard();
  const list = throughArrayPointer(operand);
  const real = underlying(list.type);
  switch (real.kind) {
    case 'array':
      return arrayElement(list.place, real.element, real.length, index);
    case 'slice':
      return listElement(list.place, real.element, index);
    case 'string':
      return listElement(list.place, UINT8, index);
    case 'map':
      throw new TooHard();
    case 'pointer':
      throw new TooHard();
    default:
      throw new UserError(`${list.type.name} does not support indexing`);
  }
}

function throughArrayPointer(operand: Placed): Placed {
  const real = underlying(operand.type);
  if (real.kind !== 'pointer' || real.fromC || real.target === undefined) return operand;
  if (underlying(real.target).kind !== 'array') throw new TooHard();
  return { kind: 'place', type: real.target, place: behindPointer(operand.place) };
}

function arrayElement(place: PlaceCode, element: Type, length: number, index: Operand): Operand {
  if (index.kind === 'constant') {
    const at = constantIndex(index);
    if (at < 0 || at >= length) throw outOfRange(at, length);
    return { kind: 'place', type: element, place: partOfPlace(place, at * element.size, element.size) };
  }
  if (place.kind !== 'memory') throw new TooHard();
  const { base, offset } = place;
  const read = readIndex(index);
  const found = inMemory((thread, memory) => {
    const at = read(thread, memory);
    if (at < 0 || at >= length) throw outOfRange(at, length);
    return base(thread, memory) + at * element.size;
  }, offset);
  return { kind: 'place', type: element, place: found };
}

function listElement(place: PlaceCode, element: Type, index: Operand): Operand {
  const data = readWord(partOfPlace(place, 0, 8));
  const length = readLength(place);
  const read = readIndex(index);
  const found = inMemory((thread, memory) => {
    const at = read(thread, memory);
    const count = length(thread, memory);
    if (at < 0 || at >= count) throw outOfRange(at, count);
    return data(thread, memory) + at * element.size;
  });
  return { kind: 'place', type: element, place: found };
}

const outOfRange = (index: number, length: number): UserError =>
  new UserError(`index ${index} is out of range: the length is ${length}`);

function constantIndex({ constant }: Extract<Operand, { kind: 'constant' }>): number {
  const whole = toInteger(constant);
  if (whole === undefined) throw new UserError(`an integer is expected, not ${constant.kind}`);
  return Number(whole);
}

function readIndex(index: Operand): Read<number> {
  if (index.kind === 'constant') {
    const at = constantIndex(index);
    return () => at;
  }
  if (index.kind === 'length') return index.read;
  const read = readIntegerOperand(index);
  if (read === undefined)
    throw new UserError(`an integer is expected, not ${typeOf(index)?.name ?? index.kind}`);
  return (thread, memory) => Number(read(thread, memory));
}

/** T(x) of numbers and bools. */
export function convertCode(program: Program, operand: Operand, type: Type): Operand {
  const real = underlying(type);
  if (real.kind !== 'int' && real.kind !== 'float' && real.kind !== 'bool' && real.kind !== 'string')
    throw new TooHard();
  if (operand.kind === 'constant') {
    const scalar = scalarOf(program, convert(program, constantValue(operand.constant), type));
    if (scalar === undefined) throw new TooHard();
    return { kind: 'scalar', type, read: () => scalar };
  }
  const from = typeOf(operand);
  if (from === undefined || real.kind === 'string') throw new TooHard();
  const read = readScalar(operand);
  return {
    kind: 'scalar',
    type,
    read(thread, memory) {
      const scalar = scalarOf(program, convert(program, scalarValue(from, read(thread, memory)), type));
      if (scalar === undefined) throw new UserError(`can not convert ${from.name} to ${type.name}`);
      return scalar;
    },
  };
}

/** `len(x)` and `cap(x)`; the other builtins of constants only. */
export function builtinCode(program: Program, name: BuiltinName, operands: readonly Operand[]): Operand {
  const constants = operands.flatMap((operand) => (operand.kind === 'constant' ? [operand.constant] : []));
  if (constants.length === operands.length) {
    const constant = untypedConstant(builtin(program, name, constants.map(constantValue)));
    if (constant === undefined) throw new TooHard();
    return { kind: 'constant', constant };
  }
  const [operand] = operands;
  if ((name !== 'len' && name !== 'cap') || operand?.kind !== 'place') throw new TooHard();
  return measureCode(name, operand);
}

function measureCode(name: 'len' | 'cap', operand: Placed): Operand {
  const pointed = underlying(operand.type);
  const isArrayPointer =
    pointed.kind === 'pointer' && pointed.target !== undefined && underlying(pointed.target).kind === 'array';
  const { type, place } = isArrayPointer ? throughArrayPointer(operand) : operand;
  const real = underlying(type);
  const word = (): Read<number> => readWord(partOfPlace(place, 0, 8));
  if (real.kind === 'array' && !isArrayPointer) {
    return { kind: 'constant', constant: { kind: 'int', value: BigInt(real.length) } };
  }
  if (real.kind === 'slice' && name === 'cap') return { kind: 'length', read: readCapacity(place) };
  if (real.kind === 'slice' || (real.kind === 'string' && name === 'len')) {
    return { kind: 'length', read: readLength(place) };
  }
  if (real.kind === 'map' && name === 'len') {
    const pointer = word();
    return {
      kind: 'length',
      read: (thread, memory) => mapLength(memory, real, pointer(thread, memory) as RuntimeAddress),
    };
  }
  if (real.kind === 'chan') {
    const pointer = word();
    return {
      kind: 'length',
      read(thread, memory) {
        const address = pointer(thread, memory) as RuntimeAddress;
        if (address === 0) return 0;
        const channel = channelAt(memory, real, address);
        return name === 'len' ? channel.length : channel.capacity;
      },
    };
  }
  if (isArrayPointer) throw new TooHard();
  throw new UserError(`invalid argument of type ${operand.type.name} for ${name}`);
}

/** The length will do where the compiler dropped the capacity. */
function readCapacity(place: PlaceCode): Read<number> {
  try {
    return readLength(partOfPlace(place, 8, 16));
  } catch (error) {
    if (error instanceof NotThere) return readLength(place);
    throw error;
  }
}
