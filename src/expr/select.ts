import { UserError } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { capturedVariables, closureAt } from '../golang/values/functions.ts';
import { dynamicValue } from '../golang/values/interfaces.ts';
import { structOf, targetOf, underlying } from '../golang/values/shapes.ts';
import { Source } from '../golang/values/source.ts';
import type { Field, StructType, Type } from '../image/index.ts';
import { dereference, fixedAs, partOf, sourceOf } from './access.ts';
import { functionNamed } from './functions.ts';
import { arrayOf, basicType } from './synthetic-types.ts';
import type { Value } from './value.ts';

/** Embedded structs that are searched for a name at most. */
const MAX_EMBEDDED = 1000;

/**
 * `x.name`: a field of a struct, through pointers, embedded fields and what interfaces hold; a captured variable
 * of a closure; a field of a channel's header; a method.
 */
export function select(program: Program, operand: Value, name: string): Value {
  if (operand.storage.kind === 'register')
    return registerLanes(operand.storage.name, operand.storage.bytes, name);
  const value = held(program, operand);
  const captured = capturedVariable(program, value, name);
  if (captured !== undefined) return captured;
  const found = findMember(program, value, name);
  if (found !== undefined) return structOf(value.type) === undefined ? found : fixedAs(value, found);
  const type = value.type.name || 'a constant';
  const structLike = structOf(value.type) ?? structOf(targetOf(value.type));
  if (structLike === undefined) throw new UserError(`${type} is not a struct: it has no ${name}`);
  const owner = structOf(value.type) === undefined ? targetOf(value.type) : value.type;
  const remedy = `\`whatis ${owner?.name ?? type}\` shows those it has`;
  throw new UserError(`${type} has no member ${name}`, remedy);
}

/** `xmm0.float64`: the register as an array of such numbers. */
function registerLanes(register: string, bytes: Uint8Array, name: string): Value {
  const lane = basicType(name);
  if ((lane?.kind !== 'int' && lane?.kind !== 'float') || lane.size > bytes.length) {
    throw new UserError(`${register} can not be seen as ${name}`, 'take int8 to uint64, float32 or float64');
  }
  const type = arrayOf(Math.floor(bytes.length / lane.size), lane);
  const at = { kind: 'register', name: register } as const;
  const homes = [{ from: 0, to: bytes.length, at, shift: 0 }];
  return { type, storage: { kind: 'bytes', bytes, homes } };
}

/** What an interface holds, or the value itself. */
function held(program: Program, value: Value): Value {
  const real = underlying(value.type);
  if (real.kind !== 'interface') return value;
  const dynamic = dynamicValue(program, real, sourceOf(program, value), 0);
  if (dynamic === undefined) throw new UserError(`the ${value.type.name} is nil`);
  return { ...partOf(dynamic.source, dynamic.type, dynamic.offset), fixed: HELD };
}

/** Copies of an interface share what it holds, which may even be in read-only memory. */
export const HELD = 'what an interface holds is shared';

function capturedVariable(program: Program, value: Value, name: string): Value | undefined {
  if (underlying(value.type).kind !== 'func' || value.storage.kind === 'function') return undefined;
  const { memory } = program.target;
  const address = sourceOf(program, value).pointer(0);
  if (address === 0) throw new UserError('the function is nil');
  const closure = closureAt(program, address);
  const variable = capturedVariables(program, closure).find((captured) => captured.name === name);
  if (variable === undefined) return undefined;
  const object = Source.memory(memory, address);
  const at = variable.closureOffset!;
  const target = variable.escaped ? targetOf(variable.type) : undefined;
  if (target === undefined) return partOf(object, variable.type, at);
  return { type: target, storage: { kind: 'memory', address: object.pointer(at) } };
}

/** The shallowest member of that name, breadth first (spec: Selectors). */
function findMember(program: Program, value: Value, name: string): Value | undefined {
  const queue: Value[] = [value];
  const seen = new Set<string>();
  for (let at = 0; at < queue.length && at < MAX_EMBEDDED; at++) {
    const candidate = queue[at]!;
    if (seen.has(candidate.type.name)) continue;
    seen.add(candidate.type.name);
    const struct = structBehind(program, candidate);
    if (struct !== undefined) {
      const source = sourceOf(program, struct.value);
      for (const field of struct.type.fields) {
        if (field.name === name || shortName(field) === name) return fieldOf(source, field);
        if (field.embedded) queue.push(fieldOf(source, field));
      }
    }
    const method = methodOf(program, candidate.type, name);
    if (method?.storage.kind === 'function') {
      return { ...method, storage: { ...method.storage, receiver: candidate } };
    }
  }
  return undefined;
}

const fieldOf = (source: Source, field: Field): Value => partOf(source, field.type, field.offset);

/** An embedded field is known by its type's name without the package. */
function shortName(field: Field): string {
  return field.embedded ? field.name.slice(field.name.lastIndexOf('.') + 1) : field.name;
}

function structBehind(
  program: Program,
  value: Value,
): { readonly value: Value; readonly type: StructType } | undefined {
  const real = underlying(value.type);
  if (real.kind === 'struct') return { value, type: real };
  // A channel variable points to its hchan.
  const pointed = real.kind === 'chan' ? targetOf(real.pointer) : targetOf(real);
  const type = structOf(pointed);
  if (type === undefined || pointed === undefined) return undefined;
  if (real.kind !== 'chan') return { value: dereference(program, value), type };
  const address = sourceOf(program, value).pointer(0);
  if (address === 0) throw new UserError(`the ${value.type.name} is nil`);
  return { value: { type: pointed, storage: { kind: 'memory', address } }, type };
}

/** A method, as a function: `pkg.T.M` or `pkg.(*T).M`. */
function methodOf(program: Program, type: Type, name: string): Value | undefined {
  const receiver = underlying(type).kind === 'pointer' ? targetOf(type)?.name : type.name;
  if (receiver === undefined || !/^[^*[\](){} ]+\.[^./]+/.test(receiver)) return undefined;
  const dot = receiver.indexOf('.', receiver.lastIndexOf('/', receiver.search(/\[|$/)) + 1);
  const [home, own] = [receiver.slice(0, dot), receiver.slice(dot + 1)];
  return functionNamed(program, [`${home}.(*${own}).${name}`, `${home}.${own}.${name}`]);
}
