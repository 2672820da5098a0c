import { hex } from '../../base/index.ts';
import { underlying } from '../../golang/values/shapes.ts';
import type { Type } from '../../image/index.ts';

/** The smallest part of a value that holds all that changed. */
export interface ChangedPart {
  readonly name: string;
  readonly type: Type;
  /** From the beginning of the value. */
  readonly offset: number;
}

/**
 * Words of the values that Go keeps as headers (internal/unsafeheader; runtime/runtime2.go, iface and eface), which it
 * writes one by one: in between the header is of two values.
 */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  string: ['data', 'length'],
  slice: ['array', 'length', 'capacity'],
  interface: ['type', 'data'],
};
const WORD = 8;
/** Types are finite, but those of damaged debug information may go in a circle. */
const DEEPEST = 64;

/** From the first to the last byte that changed; undefined if nothing did. */
export function changedBytes(
  before: Uint8Array,
  after: Uint8Array,
): { readonly start: number; readonly end: number } | undefined {
  const differs = (byte: number, at: number): boolean => byte !== before[at];
  const start = after.findIndex(differs);
  return start < 0 ? undefined : { start, end: after.findLastIndex(differs) + 1 };
}

/** Of arrays the first element that changed is taken, of structs the field in which all changed is. */
export function changedPart(
  expression: string,
  whole: Type,
  { start, end }: { readonly start: number; readonly end: number },
): ChangedPart {
  let part: ChangedPart = { name: expression, type: whole, offset: 0 };
  for (let depth = 0; depth < DEEPEST; depth++) {
    const inner = innerPart(part, start, end);
    if (inner === undefined) break;
    part = inner;
  }
  return part;
}

function innerPart({ name, type, offset }: ChangedPart, start: number, end: number): ChangedPart | undefined {
  const own = underlying(type);
  const operand = /^[*&<-]/.test(name) ? `(${name})` : name;
  if (own.kind === 'array' && own.length > 1 && own.element.size > 0) {
    const { element } = own;
    const index = Math.floor((start - offset) / element.size);
    return { name: `${operand}[${index}]`, type: element, offset: offset + index * element.size };
  }
  if (own.kind !== 'struct') return undefined;
  const field = own.fields.find((one) => {
    const at = offset + one.offset;
    return one.bits === undefined && at <= start && end <= at + one.type.size;
  });
  return field && { name: `${operand}.${field.name}`, type: field.type, offset: offset + field.offset };
}

/** Which words of a header changed, and which did not; undefined if that is no header, or all of it changed. */
export function changedWords(
  type: Type,
  before: Uint8Array,
  after: Uint8Array,
): { readonly changed: readonly string[]; readonly kept: readonly string[] } | undefined {
  const words = HEADERS[underlying(type).kind];
  if (words === undefined || after.length !== words.length * WORD) return undefined;
  const differs = (index: number): boolean =>
    after.subarray(index * WORD, (index + 1) * WORD).some((byte, at) => byte !== before[index * WORD + at]);
  const changed = words.filter((_, index) => differs(index));
  const kept = words.filter((_, index) => !differs(index));
  return changed.length === 0 || kept.length === 0 ? undefined : { changed, kept };
}

/** What a header says, where what it leads to cannot be read: `length 5, data 0x0`. */
export function headerText(type: Type, bytes: Uint8Array): string | undefined {
  const words = HEADERS[underlying(type).kind];
  if (words === undefined || bytes.length !== words.length * WORD) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return words
    .map((word, index) => {
      const value = view.getBigUint64(index * WORD, true);
      const isNumber = word === 'length' || word === 'capacity';
      return `${word} ${isNumber ? BigInt.asIntN(64, value) : hex(value)}`;
    })
    .join(', ');
}
