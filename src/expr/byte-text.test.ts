import { describe, expect, test } from 'vitest';
import { random } from '../base/testing/mutate.ts';
import { bytesToText, quote, runesOf, textToBytes } from './byte-text.ts';

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

test('bytes come back from text, whatever they are', () => {
  const next = random(7);
  for (let round = 0; round < 3000; round++) {
    const original = Uint8Array.from({ length: next() % 12 }, () =>
      next() % 3 === 0 ? 0x80 + (next() % 128) : next() % 128,
    );
    expect(textToBytes(bytesToText(original))).toEqual(original);
  }
});

test('valid UTF-8 is plain text', () => {
  const text = 'aé世😀\u0000\ufffd';
  expect(bytesToText(new TextEncoder().encode(text))).toBe(text);
  expect(textToBytes(text)).toEqual(new TextEncoder().encode(text));
});

describe('what is no UTF-8 is escaped byte by byte', () => {
  test.each<[string, Uint8Array, string]>([
    ['a stray continuation', bytes(0x80), '"\\x80"'],
    ['an overlong form', bytes(0xc0, 0x80), '"\\xc0\\x80"'],
    ['an overlong form of three', bytes(0xe0, 0x80, 0x80), '"\\xe0\\x80\\x80"'],
    ['a surrogate', bytes(0xed, 0xa0, 0x80), '"\\xed\\xa0\\x80"'],
    ['beyond U+10FFFF', bytes(0xf4, 0x90, 0x80, 0x80), '"\\xf4\\x90\\x80\\x80"'],
    ['cut off', bytes(0xe4, 0xb8), '"\\xe4\\xb8"'],
    ['between characters', bytes(0x61, 0xff, 0xc3, 0xa9), '"a\\xffé"'],
  ])('%s', (_, input, quoted) => {
    expect(quote(bytesToText(input))).toBe(quoted);
  });
});

test('runes are as range gives them', () => {
  expect(runesOf(bytes(0x61, 0xff, 0xc3, 0xa9))).toEqual([0x61, 0xfffd, 0xe9]);
});
