/**
 * Go strings are bytes, mostly UTF-8. As text a byte that is no UTF-8 becomes the lone surrogate U+DC00 + byte,
 * which no valid string contains: the bytes can be had back, and JSON carries it.
 */
const ESCAPE = 0xdc00;

export function bytesToText(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const byte = bytes[i]!;
    const length = sequenceLength(bytes, i);
    if (byte < 0x80) text += String.fromCharCode(byte);
    else if (length === 0) text += String.fromCharCode(ESCAPE + byte);
    else text += String.fromCodePoint(decode(bytes, i, length));
    i += Math.max(length, 1);
  }
  return text;
}

export function textToBytes(text: string): Uint8Array {
  if (!LONE_ESCAPE.test(text)) return utf8.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff) bytes.push(code - ESCAPE);
    else bytes.push(...utf8.encode(character));
  }
  return Uint8Array.from(bytes);
}

/** Code points of a Go string; U+FFFD for each byte that is no UTF-8, as `range` gives. */
export function runesOf(bytes: Uint8Array): number[] {
  const runes: number[] = [];
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes, i);
    runes.push(length === 0 ? 0xfffd : decode(bytes, i, length));
    i += Math.max(length, 1);
  }
  return runes;
}

const utf8 = new TextEncoder();
const LONE_ESCAPE = /(?<![\ud800-\udbff])[\udc80-\udcff]/;

/** Length of the valid UTF-8 sequence at `at`, 0 if there is none (unicode/utf8: no overlong forms, no surrogates). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (at + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  return length;
}

function decode(bytes: Uint8Array, at: number, length: number): number {
  if (length === 1) return bytes[at]!;
  let code = bytes[at]! & (0x7f >> length);
  for (let i = 1; i < length; i++) code = (code << 6) | (bytes[at + i]! & 0x3f);
  return code;
}

const SHORT_ESCAPES = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x0b, '\\v'],
  [0x5c, '\\\\'],
]);

/** unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space. A function: few starts need it. */
const isPrintable = (character: string): boolean => /^[ \p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character);

/** strconv.Quote of a Go string, given as `bytesToText` gives it. */
export function quote(text: string, mark: '"' | "'" = '"', asciiOnly = false): string {
  let quoted = mark as string;
  for (const character of text) quoted += escaped(character, mark, asciiOnly);
  return quoted + mark;
}

function escaped(character: string, mark: string, asciiOnly: boolean): string {
  const code = character.codePointAt(0)!;
  if (character === mark) return `\\${mark}`;
  const short = SHORT_ESCAPES.get(code);
  if (short !== undefined) return short;
  if (code >= 0x20 && code < 0x7f) return character;
  if (code >= ESCAPE && code <= ESCAPE + 0xff) return `\\x${hexDigits(code - ESCAPE, 2)}`;
  if (code < 0x80) return `\\x${hexDigits(code, 2)}`;
  if (!asciiOnly && isPrintable(character)) return character;
  return code < 0x10000 ? `\\u${hexDigits(code, 4)}` : `\\U${hexDigits(code, 8)}`;
}

const hexDigits = (value: number, width: number): string => value.toString(16).padStart(width, '0');
