import { hex, MattockError, type RuntimeAddress, TargetFault } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { channelAt, queuedOffset } from '../golang/values/channels.ts';
import { capturedVariables, closureAt } from '../golang/values/functions.ts';
import { type DynamicValue, dynamicData, dynamicType } from '../golang/values/interfaces.ts';
import { mapEntries, mapLength } from '../golang/values/map-entries.ts';
import { targetOf, underlying } from '../golang/values/shapes.ts';
import { Source } from '../golang/values/source.ts';
import { durationText, timeText } from '../golang/values/time.ts';
import type {
  ArrayType,
  ChanType,
  EnumType,
  Field,
  FuncType,
  InterfaceType,
  IntType,
  MapType,
  PointerType,
  SliceType,
  StringType,
  StructType,
  Type,
} from '../image/index.ts';
import { bytesToText } from './byte-text.ts';
import { constantName } from './constant-names.ts';
import { floatText } from './number-text.ts';
import { type ShownParts, shownLeaf, shownNode } from './shown-node.ts';
import { isSmall } from './small-types.ts';
import { type Limits, SHORT_LIMITS, type ShownChild, type ShownValue } from './value.ts';

/** Unreadable elements after which a list is given up. */
const MAX_FAULTS = 3;
/** Lists within lists are shown beyond the limit of depth, as far as this: a list can hold itself. */
const MAX_NESTED_LISTS = 4;
/** Values that one `show` reads at most, if the limits do not ask for more. */
const MAX_NODES = 1_000_000;
const NODES_PER_ELEMENT = 100;

/**
 * Reads values to the limits. `level` counts the structs, lists and interfaces around a value; below
 * `maxVariableRecurse` + 1 contents are elided. Pointers do not count, except pointers to pointers and to
 * interfaces: so every walk ends, whatever memory holds.
 */
export class Loader {
  readonly #program: Program;
  readonly #limits: Limits;
  readonly #format: string;
  #budget: number;

  constructor(program: Program, limits: Limits, format = '') {
    this.#program = program;
    this.#limits = limits;
    this.#format = format;
    this.#budget = Math.max(MAX_NODES, NODES_PER_ELEMENT * limits.maxArrayValues);
  }

  node(parts: ShownParts): ShownValue {
    return shownNode(parts, this.#format);
  }

  unreadable(type: Type, address: RuntimeAddress | undefined, reason: string): ShownValue {
    return this.node({ type: type.name, kind: underlying(type).kind, address, unreadable: reason });
  }

  /** The value at `offset`, read as deep as the limits allow. What cannot be read says so in its node. */
  load(type: Type, source: Source, offset: number, level: number, skip = 0): ShownValue {
    if (--this.#budget < 0) return this.#elided(type, source.addressOf(offset));
    try {
      return this.#load(type, source, offset, level, skip);
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      return this.unreadable(type, source.addressOf(offset), error.message);
    }
  }

  #load(type: Type, source: Source, offset: number, level: number, skip: number): ShownValue {
    const real = underlying(type);
    switch (real.kind) {
      case 'bool':
        return this.#scalar(type, real, source, offset, source.uint8(offset) !== 0 ? 'true' : 'false');
      case 'int':
      case 'enum':
        return this.#integer(type, real, source, offset);
      case 'float':
        return this.#float(type, real, source, offset);
      case 'complex':
        return this.#complex(type, source, offset);
      case 'string':
        return this.#string(type, real, source, offset);
      case 'slice':
        return this.#slice(type, real, source, offset, level);
      case 'array':
        return this.#array(type, real, source, offset, level);
      case 'map':
        return this.#map(type, real, source, offset, level, skip);
      case 'chan':
        return this.#chan(type, real, source, offset, level);
      case 'interface':
        return this.#interface(type, real, source, offset, level);
      case 'func':
        return this.#func(type, real, source, offset, level);
      case 'pointer':
        return this.#pointer(type, real, source, offset, level);
      case 'struct':
        return this.#struct(type, real, source, offset, level);
      default:
        return this.unreadable(type, source.addressOf(offset), 'unknown type');
    }
  }

  #scalar(type: Type, real: Type, source: Source, offset: number, value: string): ShownValue {
    const address = source.addressOf(offset);
    return shownLeaf({ type: type.name, kind: real.kind, address, value }, this.#format);
  }

  #integer(type: Type, real: IntType | EnumType, source: Source, offset: number): ShownValue {
    const value = source.integer(offset, real.size, real.kind === 'enum' || real.signed);
    return this.#scalar(type, real, source, offset, this.integerText(type, real, value));
  }

  /** An integer, with the name that its type has for it. */
  integerText(type: Type, real: Type, value: bigint): string {
    const name =
      real.kind === 'enum'
        ? real.values.find((named) => named.value === value)?.name
        : type.name === 'time.Duration'
          ? durationText(value)
          : constantName(this.#program, type.name, value);
    return name === undefined ? String(value) : `${name} (${value})`;
  }

  #float(type: Type, real: Type, source: Source, offset: number): ShownValue {
    const text =
      real.size === 4
        ? floatText(source.float32(offset), 32)
        : real.size === 8
          ? floatText(source.float64(offset), 64)
          : undefined;
    if (text === undefined) throw new TargetFault(`a float of ${real.size} bytes is not supported`);
    return this.#scalar(type, real, source, offset, text);
  }

  #complex(type: Type, source: Source, offset: number): ShownValue {
    const half = type.size / 2;
    const bits = half === 4 ? 32 : 64;
    const part = (at: number): number => (half === 4 ? source.float32(at) : source.float64(at));
    return this.complexNode(type, part(offset), part(offset + half), bits, source.addressOf(offset));
  }

  complexNode(
    type: Type,
    real: number,
    imaginary: number,
    bits: 32 | 64,
    address?: RuntimeAddress,
  ): ShownValue {
    const parts = [floatText(real, bits), floatText(imaginary, bits)] as const;
    const child = (name: string, value: string): ShownChild => ({
      name,
      value: this.node({ type: `float${bits}`, kind: 'float', value }),
    });
    return this.node({
      type: type.name,
      kind: 'complex',
      address,
      value: `(${parts[0]} + ${parts[1]}i)`,
      children: [child('real', parts[0]), child('imaginary', parts[1])],
    });
  }

  #string(type: Type, real: StringType, source: Source, offset: number): ShownValue {
    const base = source.pointer(offset);
    const length = source.int64(offset + 8);
    if (length < 0) throw new TargetFault(`invalid length: ${length}`);
    const count = Math.min(length, this.#limits.maxStringLength);
    const bytes = count === 0 ? EMPTY : this.#program.target.memory.read(base, count);
    return this.stringNode(type, real.kind, bytes, length, base, source.addressOf(offset));
  }

  stringNode(
    type: Type,
    kind: 'string',
    bytes: Uint8Array,
    length: number,
    base: RuntimeAddress | undefined,
    address: RuntimeAddress | undefined,
  ): ShownValue {
    return this.node({ type: type.name, kind, address, value: bytesToText(bytes), length, base });
  }

  #slice(type: Type, real: SliceType, source: Source, offset: number, level: number): ShownValue {
    const length = source.int64(offset + 8);
    const capacity = readable(() => source.int64(offset + 16));
    if (length < 0 || (typeof capacity === 'number' && capacity < length)) {
      throw new TargetFault(`invalid length ${length}, capacity ${capacity}`);
    }
    const base = readable(() => source.pointer(offset));
    const sizes = { length, capacity: typeof capacity === 'number' ? capacity : undefined };
    const address = source.addressOf(offset);
    if (typeof base !== 'number')
      return this.node({ type: type.name, kind: 'slice', address, ...sizes, unreadable: base.message });
    if (base === 0 && length > 0) throw new TargetFault(`length ${length} without an array`);
    const elements = Source.memory(this.#program.target.memory, base);
    const children = this.elements(real.element, elements, 0, length, level);
    return this.node({ type: type.name, kind: 'slice', address, ...sizes, base, children });
  }

  #array(type: Type, real: ArrayType, source: Source, offset: number, level: number): ShownValue {
    const { length } = real;
    const children = this.elements(real.element, source, offset, length, level);
    const address = source.addressOf(offset);
    return this.node({ type: type.name, kind: 'array', address, length, capacity: length, children });
  }

  /** Elements of a list, up to the limit. */
  elements(element: Type, source: Source, offset: number, length: number, level: number): ShownChild[] {
    const tooDeep = level > this.#limits.maxVariableRecurse + MAX_NESTED_LISTS;
    const count = tooDeep ? 0 : Math.min(length, this.#limits.maxArrayValues);
    const children: ShownChild[] = [];
    let faults = 0;
    for (let i = 0; i < count && faults <= MAX_FAULTS; i++) {
      const value = this.load(element, source, offset + i * element.size, level + 1);
      if (value.unreadable !== undefined) faults++;
      children.push({ name: String(i), value });
    }
    return children;
  }

  #map(type: Type, real: MapType, source: Source, offset: number, level: number, skip: number): ShownValue {
    const { memory } = this.#program.target;
    const base = source.pointer(offset);
    const length = mapLength(memory, real, base);
    const children: ShownChild[] = [];
    const wanted = level > this.#limits.maxVariableRecurse ? 0 : this.#limits.maxArrayValues;
    let index = 0;
    let faults = 0;
    for (const entry of wanted > 0 ? mapEntries(memory, real, base) : []) {
      if (index++ < skip) continue;
      const key = this.load(real.key, entry.key, entry.keyOffset, level + 1);
      const value = this.load(real.element, entry.element, entry.elementOffset, level + 1);
      children.push({ name: 'key', value: key }, { name: 'value', value });
      if (key.unreadable !== undefined || value.unreadable !== undefined) faults++;
      if (children.length >= 2 * wanted || faults > MAX_FAULTS) break;
    }
    return this.node({
      type: type.name,
      kind: 'map',
      address: source.addressOf(offset),
      length,
      base,
      children,
    });
  }

  #chan(type: Type, real: ChanType, source: Source, offset: number, level: number): ShownValue {
    const base = source.pointer(offset);
    const address = source.addressOf(offset);
    if (base === 0)
      return this.node({ type: type.name, kind: 'chan', address, length: 0, capacity: 0, base });
    const channel = channelAt(this.#program.target.memory, real, base);
    // The header is shown as a struct of its own, however deep the channel is, but its buffer counts.
    const children = channel.header.fields.map((field): ShownChild => {
      if (field.name !== 'buf') return { name: field.name, value: this.#field(field, channel.source, 0, 0) };
      const queued: ShownChild[] = [];
      const wanted = level > this.#limits.maxVariableRecurse ? 0 : this.#limits.maxArrayValues;
      for (let i = 0; i < Math.min(channel.length, wanted); i++) {
        const at = queuedOffset(channel, real, i);
        queued.push({ name: String(i), value: this.load(real.element, channel.buffer, at, level + 1) });
      }
      const value = this.node({
        type: `[]${real.element.name}`,
        kind: 'array',
        address: channel.buffer.address,
        length: channel.length,
        capacity: channel.capacity,
        children: queued,
      });
      return { name: 'buf', value };
    });
    const { length, capacity } = channel;
    return this.node({ type: type.name, kind: 'chan', address, length, capacity, base, children });
  }

  #interface(type: Type, real: InterfaceType, source: Source, offset: number, level: number): ShownValue {
    const address = source.addressOf(offset);
    const dynamic = dynamicType(this.#program, real, source, offset);
    if (dynamic === undefined) return this.node({ type: type.name, kind: 'interface', address, base: ZERO });
    const value = this.#dynamic(dynamic, source, offset, level);
    const children = [{ name: 'data', value }];
    return this.node({ type: type.name, kind: 'interface', address, base: dynamic.runtimeType, children });
  }

  #dynamic(
    dynamic: Pick<DynamicValue, 'type' | 'runtimeType'>,
    source: Source,
    offset: number,
    level: number,
  ): ShownValue {
    try {
      const data = dynamicData(this.#program, dynamic, source, offset);
      if (level <= this.#limits.maxVariableRecurse) {
        return this.load(dynamic.type, data.source, data.offset, level);
      }
      const pointed = targetOf(dynamic.type);
      if (this.#limits.followPointers !== false && (pointed ?? isSmall(dynamic.type))) {
        const small = pointed === undefined || isSmall(pointed);
        const loader = small ? this : new Loader(this.#program, SHORT_LIMITS, this.#format);
        return this.#asElided(loader.load(dynamic.type, data.source, data.offset, level));
      }
      return this.#elided(dynamic.type, data.source.addressOf(data.offset));
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      return this.unreadable(dynamic.type, undefined, error.message);
    }
  }

  /** What is small has its contents, although the limits stop before them. */
  #asElided(shown: ShownValue): ShownValue {
    const { type, kind, address, value, length, capacity, base, children, unreadable } = shown;
    return this.node({
      type,
      kind,
      address,
      value,
      length,
      capacity,
      base,
      children,
      unreadable,
      state: 'elided',
    });
  }

  #elided(type: Type, address: RuntimeAddress | undefined): ShownValue {
    return this.node({ type: type.name, kind: underlying(type).kind, address, state: 'elided' });
  }

  #func(type: Type, _real: FuncType, source: Source, offset: number, level: number): ShownValue {
    const address = source.addressOf(offset);
    const base = source.pointer(offset);
    if (base === 0) return this.node({ type: type.name, kind: 'func', address, base });
    const closure = closureAt(this.#program, base);
    if (closure.name === undefined) throw new TargetFault('no function', closure.entry);
    const children =
      level > this.#limits.maxVariableRecurse ? [] : this.#captured(closure.address, closure, level);
    return this.node({ type: type.name, kind: 'func', address, base, value: closure.name, children });
  }

  #captured(address: RuntimeAddress, closure: ReturnType<typeof closureAt>, level: number): ShownChild[] {
    const { memory } = this.#program.target;
    const object = Source.memory(memory, address);
    return capturedVariables(this.#program, closure).map((variable) => {
      const at = variable.closureOffset!;
      const target = variable.escaped ? targetOf(variable.type) : undefined;
      const value =
        target === undefined
          ? this.load(variable.type, object, at, level + 1)
          : this.#behind(target, object, at, level + 1);
      return { name: variable.name, value };
    });
  }

  /** A variable that is captured by reference: the word at `offset` points to it. */
  #behind(type: Type, source: Source, offset: number, level: number): ShownValue {
    try {
      return this.load(type, Source.memory(this.#program.target.memory, source.pointer(offset)), 0, level);
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      return this.unreadable(type, source.addressOf(offset), error.message);
    }
  }

  #pointer(type: Type, real: PointerType, source: Source, offset: number, level: number): ShownValue {
    return this.pointerNode(type, real, source.pointer(offset), source.addressOf(offset), level);
  }

  pointerNode(
    type: Type,
    real: PointerType,
    base: RuntimeAddress,
    address: RuntimeAddress | undefined,
    level: number,
  ): ShownValue {
    const { target } = real;
    if (target === undefined || underlying(target).kind === 'opaque') {
      const name = real.fromC ? type.name : 'unsafe.Pointer';
      return this.node({ type: name, kind: 'unsafe-pointer', address, base, value: hex(base) });
    }
    const text = this.#cString(type, real, base, address);
    if (text !== undefined) return text;
    const children = this.#target(target, base, level);
    return this.node({ type: type.name, kind: 'pointer', address, base, value: hex(base), children });
  }

  /** What a pointer points to, as its only child; none if it is not followed. */
  #target(target: Type, base: RuntimeAddress, level: number): ShownChild[] {
    const kind = underlying(target).kind;
    if (base === 0) return [{ name: '', value: this.node({ type: target.name, kind, state: 'absent' }) }];
    const { followPointers = true, maxVariableRecurse } = this.#limits;
    if (!followPointers || (kind === 'pointer' && level > maxVariableRecurse)) return [];
    const next = kind === 'pointer' || kind === 'interface' ? level + 1 : level;
    const value = this.load(target, Source.memory(this.#program.target.memory, base), 0, next);
    return [{ name: '', value }];
  }

  /** C's char * is shown as a string. */
  #cString(
    type: Type,
    real: PointerType,
    base: RuntimeAddress,
    address: RuntimeAddress | undefined,
  ): ShownValue | undefined {
    if (!real.fromC || real.target === undefined || base === 0) return undefined;
    const character = underlying(real.target);
    if (character.kind !== 'int' || character.size !== 1 || !character.name.includes('char'))
      return undefined;
    const limit = this.#limits.maxStringLength;
    const bytes = this.#program.target.memory.readUpTo(base, limit + 1);
    const end = bytes.indexOf(0);
    if (end < 0 && bytes.length <= limit) throw new TargetFault('a string has no end', base);
    const shown = bytes.subarray(0, end < 0 ? limit : end);
    return this.stringNode(type, 'string', shown, shown.length + (end < 0 ? 1 : 0), base, address);
  }

  #struct(type: Type, real: StructType, source: Source, offset: number, level: number): ShownValue {
    const address = source.addressOf(offset);
    const length = real.fields.length;
    const parts = { type: type.name, kind: 'struct', address, length } as const;
    const { maxStructFields, maxVariableRecurse, followPointers = true } = this.#limits;
    const elided = level > maxVariableRecurse && length > 0;
    const value =
      type.name === 'time.Time' && (followPointers || !elided)
        ? timeText(this.#program.target.memory, real, source, offset)
        : undefined;
    if (elided && !(followPointers && isSmall(real))) return this.node({ ...parts, value, state: 'elided' });
    const shown = maxStructFields < 0 ? real.fields : real.fields.slice(0, maxStructFields);
    source.cover(offset, Math.min(real.size, 4096));
    const children = shown.map(
      (field): ShownChild => ({ name: field.name, value: this.#field(field, source, offset, level) }),
    );
    if (elided) return this.node({ ...parts, state: 'elided', children });
    return this.node({ ...parts, children, value });
  }

  #field(field: Field, source: Source, offset: number, level: number): ShownValue {
    if (field.bits === undefined) return this.load(field.type, source, offset + field.offset, level + 1);
    return this.#bitField(field, field.bits, source, offset);
  }

  #bitField(
    field: Field,
    bits: { readonly offset: number; readonly size: number },
    source: Source,
    offset: number,
  ): ShownValue {
    const real = underlying(field.type);
    const first = field.offset + Math.floor(bits.offset / 8);
    const shift = bits.offset % 8;
    const bytes = Math.ceil((shift + bits.size) / 8);
    const address = source.addressOf(offset + first);
    try {
      const raw = source.integer(offset + first, bytes, false) >> BigInt(shift);
      const signed = real.kind === 'int' && real.signed;
      const value = signed ? BigInt.asIntN(bits.size, raw) : BigInt.asUintN(bits.size, raw);
      const text = real.kind === 'bool' ? String(value !== 0n) : this.integerText(field.type, real, value);
      return this.node({ type: field.type.name, kind: real.kind, address, value: text });
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      return this.unreadable(field.type, address, error.message);
    }
  }
}

const EMPTY = new Uint8Array(0);
const ZERO = 0 as RuntimeAddress;

/**
 * A part of a value, or why it cannot be read. The compiler drops what is not used any more: a slice whose capacity is
 * gone still has its elements, and one whose elements are gone its length.
 */
function readable<T>(read: () => T): T | MattockError {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    return error;
  }
}
