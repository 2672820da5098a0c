import type { RegisterDescription } from '../../arch/index.ts';
import { type RuntimeAddress, TargetFault } from '../../base/index.ts';
import { type ByteSpan, OPTIMISED_OUT, type Place } from '../../golang/values/place.ts';
import type { Memory } from '../../target/index.ts';
import type { Read } from './condition.ts';

/** Where a value is, as far as it can be known before the program stops there. */
export type PlaceCode =
  | MemoryCode
  /** In registers, or partly: from its first byte on. */
  | { readonly kind: 'pieces'; readonly pieces: readonly PieceCode[] };

/** At a fixed distance from an address that is read each time. */
export interface MemoryCode {
  readonly kind: 'memory';
  readonly base: Read<number>;
  readonly offset: number;
}

/** Bytes [from, to) of a value. */
export interface PieceCode {
  readonly from: number;
  readonly to: number;
  readonly source: /** From byte `at` of the register on. */
    | { readonly kind: 'register'; readonly register: RegisterDescription; readonly at: number }
    | MemoryCode
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
    /** The compiler did not keep it. */
    | { readonly kind: 'missing' };
}

/** The value is known not to be there: nothing that is read at run time can change that. */
export class NotThere extends Error {}

/** It is there in a way for which there is no code: the general evaluator has to look. */
export class TooHard extends Error {}

export const inMemory = (base: Read<number>, offset = 0): MemoryCode => ({ kind: 'memory', base, offset });

/** `size` bytes of a value from `offset` on. */
export function partOfPlace(place: PlaceCode, offset: number, size: number): PlaceCode {
  if (place.kind === 'memory') return { ...place, offset: place.offset + offset };
  const pieces = place.pieces
    .filter(({ from, to }) => from < offset + size && to > offset)
    .map((piece) => clipped(piece, offset, size));
  const [only] = pieces;
  if (pieces.length === 1 && only!.source.kind === 'memory' && only!.from === 0 && only!.to >= size) {
    return only!.source;
  }
  return { kind: 'pieces', pieces };
}

function clipped({ from, to, source }: PieceCode, offset: number, size: number): PieceCode {
  const skipped = Math.max(0, offset - from);
  const part = { from: Math.max(0, from - offset), to: Math.min(to - offset, size) };
  switch (source.kind) {
    case 'register':
      return { ...part, source: { ...source, at: source.at + skipped } };
    case 'memory':
      return { ...part, source: { ...source, offset: source.offset + skipped } };
    case 'bytes':
      return { ...part, source: { kind: 'bytes', bytes: source.bytes.subarray(skipped) } };
    case 'missing':
      return { ...part, source };
  }
}

/** What holds all of a value of up to eight bytes, which is never divided. */
function wholePiece(place: Extract<PlaceCode, { kind: 'pieces' }>, size: number): PieceCode['source'] {
  const piece = place.pieces.find(({ from, to }) => from <= 0 && to >= size);
  if (piece === undefined && place.pieces.length > 0) throw new TooHard();
  if (piece === undefined || piece.source.kind === 'missing') throw new NotThere();
  return piece.source;
}

/** An integer of 1, 2, 4 or 8 bytes. */
export function readInteger(place: PlaceCode, size: number, signed: boolean): Read<bigint> {
  if (place.kind === 'memory') return integerInMemory(place, size, signed);
  const source = wholePiece(place, size);
  switch (source.kind) {
    case 'memory':
      return integerInMemory(source, size, signed);
    case 'register':
      return integerInRegister(source.register, source.at, size, signed);
    case 'bytes': {
      const value = littleEndian(source.bytes, 0, size, signed);
      return () => value;
    }
    case 'missing':
      throw new NotThere();
  }
}

function integerInMemory({ base, offset }: MemoryCode, size: number, signed: boolean): Read<bigint> {
  const at: Read<RuntimeAddress> = (thread, memory) => (base(thread, memory) + offset) as RuntimeAddress;
  switch (size) {
    case 8:
      return signed
        ? (thread, memory) => BigInt.asIntN(64, memory.bigUint64(at(thread, memory)))
        : (thread, memory) => memory.bigUint64(at(thread, memory));
    case 4:
      return signed
        ? (thread, memory) => BigInt(memory.int32(at(thread, memory)))
        : (thread, memory) => BigInt(memory.uint32(at(thread, memory)));
    case 2:
      return signed
        ? (thread, memory) => BigInt((memory.uint16(at(thread, memory)) << 16) >> 16)
        : (thread, memory) => BigInt(memory.uint16(at(thread, memory)));
    case 1:
      return signed
        ? (thread, memory) => BigInt((memory.uint8(at(thread, memory)) << 24) >> 24)
        : (thread, memory) => BigInt(memory.uint8(at(thread, memory)));
    default:
      throw new TooHard();
  }
}

/** The low bytes of a register, or those from `at` on. */
export function integerInRegister(
  register: RegisterDescription,
  at: number,
  size: number,
  signed: boolean,
): Read<bigint> {
  const { name, dwarf } = register;
  if (at + size > register.bits / 8 || size > 8) throw new TooHard();
  const bits = size * 8;
  return ({ registers }) => {
    const word = at === 0 && dwarf !== undefined ? registers.get(dwarf) : undefined;
    // Numbers are exact that far; the bytes always are, but take longer.
    if (word !== undefined && word <= Number.MAX_SAFE_INTEGER) {
      const value = BigInt(word);
      return signed ? BigInt.asIntN(bits, value) : size === 8 ? value : BigInt.asUintN(bits, value);
    }
    const bytes = registers.bytes(name);
    if (bytes === undefined) throw unknownRegister(name);
    return littleEndian(bytes, at, size, signed);
  };
}

export const unknownRegister = (name: string): TargetFault =>
  new TargetFault(`register ${name} is not known in this frame`);

/** A pointer or length: a word as a number. */
export function readWord(place: PlaceCode): Read<number> {
  const source = place.kind === 'memory' ? place : wholePiece(place, 8);
  switch (source.kind) {
    case 'memory': {
      const { base, offset } = source;
      return (thread, memory) => memory.uint64((base(thread, memory) + offset) as RuntimeAddress);
    }
    case 'register': {
      const { register, at } = source;
      const { dwarf } = register;
      if (dwarf === undefined || at !== 0) throw new TooHard();
      return ({ registers }) => {
        const word = registers.get(dwarf);
        if (word === undefined) throw unknownRegister(register.name);
        return word;
      };
    }
    case 'bytes': {
      const value = Number(littleEndian(source.bytes, 0, 8, false));
      return () => value;
    }
    case 'missing':
      throw new NotThere();
  }
}

/** A float of 4 or 8 bytes. */
export function readFloat(place: PlaceCode, size: number): Read<number> {
  const source = place.kind === 'memory' ? place : wholePiece(place, size);
  switch (source.kind) {
    case 'memory': {
      const { base, offset } = source;
      return (thread, memory) => float(bytesAt(memory, base(thread, memory) + offset, size), 0, size);
    }
    case 'register': {
      const { register, at } = source;
      if (at + size > register.bits / 8) throw new TooHard();
      return ({ registers }) => {
        const bytes = registers.bytes(register.name);
        if (bytes === undefined) throw unknownRegister(register.name);
        return float(bytes, at, size);
      };
    }
    case 'bytes': {
      const value = float(source.bytes, 0, size);
      return () => value;
    }
    case 'missing':
      throw new NotThere();
  }
}

const bytesAt = (memory: Memory, address: number, size: number): Uint8Array =>
  memory.read(address as RuntimeAddress, size);

function float(bytes: Uint8Array, at: number, size: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, size);
  return size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
}

function littleEndian(bytes: Uint8Array, at: number, size: number, signed: boolean): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i] ?? 0);
  return signed ? BigInt.asIntN(size * 8, value) : value;
}

/** A value's place as it is now, for the general evaluator. */
export function placeNow(place: PlaceCode, size: number): Read<Place> {
  if (place.kind === 'memory') {
    const { base, offset } = place;
    return (thread, memory) => ({
      kind: 'memory',
      address: (base(thread, memory) + offset) as RuntimeAddress,
    });
  }
  if (size > LARGEST_JOINED) throw new TooHard();
  const parts = place.pieces.map(({ from, to, source }) => ({ from, to, read: pieceNow(source, to - from) }));
  const end = place.pieces.at(-1)?.to ?? 0;
  return (thread, memory) => {
    const bytes = new Uint8Array(size);
    const missing: ByteSpan[] = size - end >= 8 ? [{ from: end, to: size }] : [];
    for (const { from, to, read } of parts) {
      const part = read(thread, memory);
      if (part === undefined) missing.push({ from, to });
      else bytes.set(part.subarray(0, to - from), from);
    }
    const gone = missing.reduce((total, span) => total + span.to - span.from, 0);
    return gone === size && size > 0
      ? { kind: 'none', reason: OPTIMISED_OUT }
      : { kind: 'bytes', bytes, missing };
  };
}

const LARGEST_JOINED = 1 << 12;

function pieceNow(source: PieceCode['source'], length: number): Read<Uint8Array | undefined> {
  switch (source.kind) {
    case 'memory': {
      const { base, offset } = source;
      return (thread, memory) =>
        memory.tryRead((base(thread, memory) + offset) as RuntimeAddress, length)?.slice();
    }
    case 'register': {
      const { register, at } = source;
      return ({ registers }) => registers.bytes(register.name)?.slice(at, at + length);
    }
    case 'bytes':
      return () => source.bytes;
    case 'missing':
      return () => undefined;
  }
}
