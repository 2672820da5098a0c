import { archNamed } from '../../arch/index.ts';
import { type CalledFunction, type PassedValue, passedValues } from '../../golang/calls/passed-values.ts';
import { underlying } from '../../golang/values/shapes.ts';
import type { Type } from '../../image/index.ts';
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
  /** Bytes of it that are kept: the first. 0 of one whose place is not known. */
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
  /** Where the dictionary is that says what a generic function was called with; 0: it has none. */
  readonly dictionaryAt: number;
}

/** Of a call of which nothing is kept but that it was. */
export const NO_VALUES: CallLayout = {
  length: GRAIN,
  words: [],
  contents: [],
  values: [],
  frames: 0,
  framesAt: 0,
  dictionaryAt: 0,
};

/** What the compiler calls it (cmd/compile/internal/noder/reader.go). */
const DICTIONARY = '.dict';

export interface CallLayouts {
  readonly entry: CallLayout;
  readonly exit: CallLayout;
}

/**
 * Without DWARF nothing is known of arguments. Of a value whose place is not sure nothing is kept: a wrong pointer must
 * not be followed, for the program would pay for it.
 */
export function callLayouts(called: CalledFunction, frames: number): CallLayouts {
  const { parameters, results } = passedValues(archNamed('amd64'), called);
  return {
    entry: new LayoutBuilder(frames).build(parameters),
    exit: new LayoutBuilder(0).build(results),
  };
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
  readonly #words: StoredWord[] = [];
  readonly #contents: StoredContents[] = [];
  #end: number;

  constructor(frames: number) {
    this.#frames = frames;
    this.#end = CALL_RECORD.values + frames * WORD;
  }

  build(list: readonly PassedValue[]): CallLayout {
    const values = list.map((each) => this.#value(each));
    // Contents take what is left.
    for (const { type, pieces, kept } of values) this.#contentsOf(type, 0, { pieces, kept });
    return {
      length: Math.ceil(this.#end / GRAIN) * GRAIN,
      words: this.#words,
      contents: this.#contents,
      values,
      frames: this.#frames,
      framesAt: CALL_RECORD.values,
      dictionaryAt: values.find(({ name }) => name === DICTIONARY)?.pieces[0]?.at ?? 0,
    };
  }

  #value({ name, type, place }: PassedValue): StoredValue {
    if (place === undefined) return { name, type, pieces: [], kept: 0 };
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
