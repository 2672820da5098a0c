import { UserError } from '../../base/index.ts';
import { functionNamed } from '../../expr/functions.ts';
import { structOf, targetOf, underlying } from '../../golang/values/shapes.ts';
import type { Field, StructType, Type } from '../../image/index.ts';
import { type Operand, typeOf } from './operand.ts';
import { inMemory, type PlaceCode, partOfPlace, readWord, TooHard } from './place-code.ts';
import type { SiteFrame } from './site.ts';

const MAX_EMBEDDED = 1000;

type Placed = Extract<Operand, { kind: 'place' }>;

/** `x.name`: a field of a struct, through pointers and embedded fields (spec: Selectors). */
export function selectCode(site: SiteFrame, operand: Operand, name: string): Operand {
  if (operand.kind === 'goroutine') return goroutineField(site, name);
  if (operand.kind === 'nil') throw new UserError('nil has no members');
  const type = typeOf(operand);
  if (operand.kind !== 'place') {
    // Parts of a register, and what else `print` can make of a number.
    if (type !== undefined) throw new TooHard();
    throw new UserError(`a constant is not a struct: it has no ${name}`);
  }
  const { kind } = underlying(operand.type);
  if (kind === 'interface' || kind === 'func' || kind === 'chan') throw new TooHard();
  return findField(operand, name) ?? refuse(site, operand.type, name);
}

/** The field of a goroutine by which threads are told apart is found without looking for the goroutine. */
function goroutineField({ program }: SiteFrame, name: string): Operand {
  if (name !== 'goid') throw new TooHard();
  const field = structOf(program.typeNamed('runtime.g'))?.fields.find((one) => one.name === name);
  if (field === undefined) throw new TooHard();
  return {
    kind: 'scalar',
    type: field.type,
    read: (thread) => ({ kind: 'int', value: BigInt(program.goidOn(thread) ?? 0) }),
  };
}

/** The shallowest field of that name, breadth first. Nothing is read: pointers are followed when the program stops. */
function findField(operand: Placed, name: string): Operand | undefined {
  const queue: Placed[] = [operand];
  const seen = new Set<string>();
  for (let at = 0; at < queue.length && at < MAX_EMBEDDED; at++) {
    const candidate = queue[at]!;
    if (seen.has(candidate.type.name)) continue;
    seen.add(candidate.type.name);
    const struct = structBehind(candidate);
    if (struct === undefined) continue;
    for (const field of struct.type.fields) {
      if (field.name === name || (field.embedded && lastName(field) === name))
        return fieldCode(struct, field);
      if (field.embedded) queue.push(fieldCode(struct, field));
    }
  }
  return undefined;
}

interface StructCode {
  readonly type: StructType;
  readonly place: PlaceCode;
}

function structBehind({ type, place }: Placed): StructCode | undefined {
  const real = underlying(type);
  if (real.kind === 'struct') return { type: real, place };
  const pointed = structOf(targetOf(real));
  return pointed === undefined ? undefined : { type: pointed, place: behindPointer(place) };
}

function fieldCode({ place }: StructCode, field: Field): Placed {
  if (field.bits !== undefined) throw new TooHard();
  return { kind: 'place', type: field.type, place: partOfPlace(place, field.offset, field.type.size) };
}

/** An embedded field is known by its type's name without the package. */
const lastName = ({ name }: Field): string => name.slice(name.lastIndexOf('.') + 1);

/** What a pointer leads to. */
export function behindPointer(pointer: PlaceCode): PlaceCode {
  const read = readWord(partOfPlace(pointer, 0, 8));
  return inMemory((thread, memory) => {
    const address = read(thread, memory);
    if (address === 0) throw new UserError('nil pointer dereference');
    return address;
  });
}

function refuse({ program }: SiteFrame, type: Type, name: string): never {
  const named = targetOf(type) ?? type;
  const dot = named.name.lastIndexOf('.');
  const [home, own] = [named.name.slice(0, Math.max(dot, 0)), named.name.slice(dot + 1)];
  // A method, of which only `print` knows what to say.
  if (functionNamed(program, [`${home}.(*${own}).${name}`, `${home}.${own}.${name}`]) !== undefined)
    throw new TooHard();
  const isStruct = (structOf(type) ?? structOf(targetOf(type))) !== undefined;
  if (!isStruct) throw new UserError(`${type.name} is not a struct: it has no ${name}`);
  throw new UserError(`${type.name} has no member ${name}`);
}
