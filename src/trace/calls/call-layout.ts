import type { LinkedAddress, SectionOffset } from '../../base/index.ts';
import { type Assignment, assignCall } from '../../golang/calls/abi-internal.ts';
import { targetOf, underlying } from '../../golang/values/shapes.ts';
import type { FunctionInfo, Type, VariableInfo } from '../../image/index.ts';
import {
  GRAIN,
  LONGEST_SLOT,
  R8,
  R9,
  R10,
  R11,
  RAX,
  RBX,
  RCX,
  RDI,
  type Register,
  RSI,
} from '../../probe/index.ts';
import { CALL_RECORD } from './call-record.ts';

const WORD = 8;
/** Of a string or slice so many bytes are kept. */
export const MOST_CONTENTS = 64;
/** Aligned words that hold so many bytes, wherever they begin. */
const CONTENTS_BYTES = MOST_CONTENTS + WORD;
/** Of a value on the stack. */
const MOST_ON_STACK = 256;
/** Elements that contents are kept of. */
const LONGEST_ELEMENT = 64;

/** Where a word is as the probe runs: `stack` counts from RSP, which points to the return address. */
export type WordSource =
  | { readonly kind: 'register'; readonly register: Register }
  | { readonly kind: 'vector'; readonly vector: number }
  | { readonly kind: 'stack'; readonly offset: number };

/** A word that is copied into the record. */
export interface StoredWord {
  readonly at: number;
  readonly from: WordSource;
}

/** The beginning of what a string or slice points to. */
export interface StoredContents {
  readonly at: number;
  readonly pointer: WordSource;
  readonly length: WordSource;
  /** Of an element: its size is a power of two. */
  readonly shift: number;
  /** Where pointer and length stand in the record. */
  readonly pointerAt: number;
  readonly lengthAt: number;
}

/** An argument or result, as it stands in the record. */
export interface StoredValue {
  readonly name: string;
  readonly type: Type;
  readonly pieces: readonly { readonly at: number; readonly offset: number; readonly size: number }[];
  /** Bytes of it that are kept: the first. */
  readonly kept: number;
}

/** The record of a call, or of a return. */
export interface CallLayout {
  /** Of the whole slot. */
  readonly length: number;
  readonly words: readonly StoredWord[];
  readonly contents: readonly StoredContents[];
  readonly values: readonly StoredValue[];
  /** Return addresses: how many, and where. */
  readonly frames: number;
  readonly framesAt: number;
}

export interface CallLayouts {
  readonly entry: CallLayout;
  readonly exit: CallLayout;
}

/** What is known of a function; `info` is its DWARF. */
export interface CalledFunction {
  readonly info: FunctionInfo | undefined;
  readonly entry: LinkedAddress;
  /** Of Go: 26 of go1.26. */
  readonly minor: number;
}

/**
 * Without DWARF nothing is known of arguments, nor where it contradicts itself: a wrong pointer must not be followed, for
 * the program would pay for it.
 */
export function callLayouts(called: CalledFunction, frames: number): CallLayouts {
  const { info, entry, minor } = called;
  const variables = info?.variables ?? [];
  const parameters = withDictionary(declared(variables, 'parameter'), info?.name ?? '', minor);
  const results = declared(variables, 'result');
  const types = (list: readonly Named[]): Type[] => list.map(({ type }) => type);
  const places = assignCall('amd64', { parameters: types(parameters), results: types(results) });
  const agreement = agreementOf(parameters, places.parameters, variables, entry);
  const sure = minor >= FIRST_WITH_ALL_PARAMETERS || agreement === 'all';
  return {
    entry: new LayoutBuilder(frames, sure && agreement !== 'none').build(
      agreement === 'none' ? [] : parameters,
      places.parameters,
    ),
    // Results are all there, and begin anew with the registers.
    exit: new LayoutBuilder(0, true).build(results, places.results),
  };
}

/** Before go1.22 parameters without a name are not in DWARF. */
const FIRST_WITH_ALL_PARAMETERS = 22;
/** Since go1.20 (cmd/compile/internal/noder/reader.go, shapeSig) a receiver stands before the dictionary. */
const FIRST_WITH_DICTIONARY_SECOND = 20;
const DICTIONARY = '.dict';

/** What code that is for several types takes besides, which DWARF seldom lists: `F[go.shape.int]`, `(*T[go.shape.int]).M`. */
function withDictionary(parameters: readonly Named[], name: string, minor: number): readonly Named[] {
  const shaped = name.includes('go.shape.');
  if (!shaped || parameters.some((each) => each.name === DICTIONARY)) return parameters;
  const behind = name.slice(name.lastIndexOf(']') + 1);
  // The closures of such a function have it among what they captured.
  const isMethod = /^\)?\.[^.]+$/.test(behind) && !/^\.func\d/.test(behind);
  if (behind !== '' && !isMethod) return parameters;
  const at = isMethod && minor >= FIRST_WITH_DICTIONARY_SECOND ? 1 : 0;
  return [...parameters.slice(0, at), { name: DICTIONARY, type: WORD_TYPE }, ...parameters.slice(at)];
}

const WORD_TYPE: Type = {
  kind: 'int',
  signed: false,
  name: 'uintptr',
  size: WORD,
  offset: -1 as SectionOffset,
  runtimeType: undefined,
  fromC: false,
};

/** Registers by their numbers in DWARF (System V amd64 psABI, figure 3.36). */
const BY_DWARF = 'rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip'.split(' ');
const XMM0 = 17;
const OP = { reg0: 0x50, reg31: 0x6f, piece: 0x93 } as const;

/**
 * Whether DWARF says of parameters in registers that they are where the calling convention has them: of all, of some (of
 * others it says nothing), or not.
 */
function agreementOf(
  parameters: readonly Named[],
  places: readonly Assignment[],
  variables: readonly VariableInfo[],
  entry: LinkedAddress,
): 'all' | 'some' | 'none' {
  let all = true;
  for (const [i, { name }] of parameters.entries()) {
    const place = places[i]!;
    if (place.kind !== 'registers' || name === DICTIONARY) continue;
    const location = variables.find((each) => each.name === name)?.locationAt(entry);
    const said = location?.kind === 'expression' ? registersIn(location.expression) : undefined;
    if (said === undefined) all = false;
    else if (said.join() !== place.pieces.map(({ register }) => register).join()) return 'none';
  }
  return all ? 'all' : 'some';
}

/** The registers of an expression that consists of nothing else. */
function registersIn(expression: Uint8Array): string[] | undefined {
  const found: string[] = [];
  for (let at = 0; at < expression.length; at++) {
    const op = expression[at]!;
    if (op >= OP.reg0 && op <= OP.reg31) {
      const number = op - OP.reg0;
      found.push(number < XMM0 ? BY_DWARF[number]! : `xmm${number - XMM0}`);
      // Of a register's size: one byte.
    } else if (op === OP.piece) at++;
    else return undefined;
  }
  return found.length > 0 ? found : undefined;
}

interface Named {
  readonly name: string;
  readonly type: Type;
}

/** The location of an escaped variable holds a pointer to it; what is passed is the value. One that was split is there twice. */
function declared(variables: readonly VariableInfo[], role: VariableInfo['role']): Named[] {
  const own = variables.filter((each) => each.role === role && each.closureOffset === undefined);
  return own
    .filter(({ name }, i) => name === '_' || own.findIndex((other) => other.name === name) === i)
    .map(({ name, type, escaped }) => ({ name, type: escaped ? (targetOf(type) ?? type) : type }));
}

const INTEGERS: Readonly<Record<string, Register>> = {
  rax: RAX,
  rbx: RBX,
  rcx: RCX,
  rdi: RDI,
  rsi: RSI,
  r8: R8,
  r9: R9,
  r10: R10,
  r11: R11,
};

function sourceOf(register: string): WordSource {
  const number = INTEGERS[register];
  if (number !== undefined) return { kind: 'register', register: number };
  return { kind: 'vector', vector: Number(register.slice('xmm'.length)) };
}

class LayoutBuilder {
  readonly #frames: number;
  readonly #follow: boolean;
  readonly #words: StoredWord[] = [];
  readonly #contents: StoredContents[] = [];
  #end: number;

  /** `follow`: pointers are surely what they seem. */
  constructor(frames: number, follow: boolean) {
    this.#frames = frames;
    this.#follow = follow;
    this.#end = CALL_RECORD.values + frames * WORD;
  }

  build(list: readonly Named[], places: readonly Assignment[]): CallLayout {
    const values = list.map((each, i) => this.#value(each, places[i]!));
    // Contents take what is left.
    if (this.#follow)
      for (const { type, pieces, kept } of values) this.#contentsOf(type, 0, { pieces, kept });
    return {
      length: Math.ceil(this.#end / GRAIN) * GRAIN,
      words: this.#words,
      contents: this.#contents,
      values,
      frames: this.#frames,
      framesAt: CALL_RECORD.values,
    };
  }

  #value({ name, type }: Named, place: Assignment): StoredValue {
    if (place.kind === 'registers') {
      const pieces = place.pieces.map(({ register, offset, size }) => ({
        at: this.#store(sourceOf(register)),
        offset,
        size,
      }));
      return { name, type, pieces, kept: type.size };
    }
    const room = Math.max(0, LONGEST_SLOT - this.#end);
    const kept = Math.min(type.size, MOST_ON_STACK, room);
    // The record's words are where the stack's are: those that the value shares with its neighbours too.
    const first = place.offset - (place.offset % WORD);
    const at = this.#end;
    for (let offset = first; offset < place.offset + kept; offset += WORD) {
      this.#store({ kind: 'stack', offset: offset + WORD });
    }
    return { name, type, pieces: [{ at: at + place.offset - first, offset: 0, size: kept }], kept };
  }

  #store(from: WordSource): number {
    const at = this.#end;
    this.#words.push({ at, from });
    this.#end += WORD;
    return at;
  }

  /** Of the strings and slices in a value of this type. */
  #contentsOf(type: Type, offset: number, value: Pick<StoredValue, 'pieces' | 'kept'>): void {
    const real = underlying(type);
    if (real.kind === 'struct') {
      for (const field of real.fields) this.#contentsOf(field.type, offset + field.offset, value);
    } else if (real.kind === 'array' && real.length === 1) this.#contentsOf(real.element, offset, value);
    else if (real.kind === 'string') this.#content(1, offset, value);
    else if (real.kind === 'slice') this.#content(real.element.size, offset, value);
  }

  #content(element: number, offset: number, { pieces, kept }: Pick<StoredValue, 'pieces' | 'kept'>): void {
    const shift = Math.log2(element);
    if (element > LONGEST_ELEMENT || !Number.isInteger(shift) || offset + 2 * WORD > kept) return;
    if (this.#end + CONTENTS_BYTES > LONGEST_SLOT) return;
    const place = (at: number): number | undefined => {
      const piece = pieces.find((each) => each.offset <= at && at + WORD <= each.offset + each.size);
      return piece && piece.at + at - piece.offset;
    };
    const pointerAt = place(offset);
    const lengthAt = place(offset + WORD);
    if (pointerAt === undefined || lengthAt === undefined) return;
    const from = (at: number): WordSource | undefined => this.#words.find((word) => word.at === at)?.from;
    const pointer = from(pointerAt);
    const length = from(lengthAt);
    if (pointer === undefined || length === undefined) return;
    this.#contents.push({ at: this.#end, pointer, length, shift, pointerAt, lengthAt });
    this.#end += CONTENTS_BYTES;
  }
}
