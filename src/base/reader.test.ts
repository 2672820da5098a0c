import { describe, expect, it } from 'vitest';
import { DataError } from './errors.ts';
import { decodeText, Reader } from './reader.ts';
import { ByteBuilder } from './testing/byte-builder.ts';

const where = { file: 'app', section: '.test' };
const reader = (bytes: Uint8Array | readonly number[]) => new Reader(Uint8Array.from(bytes), where);
const build = (fill: (b: ByteBuilder) => void) => {
  const builder = new ByteBuilder();
  fill(builder);
  return reader(builder.build());
};

/** Runs a read that must fail with a DataError at the cursor and leave the cursor alone. */
function failsInPlace(r: Reader, read: () => unknown, problem: string): void {
  const before = r.position;
  expect(read).toThrow(DataError);
  expect(read).toThrow(problem);
  expect(read).toThrow(`app .test at offset 0x${before.toString(16)}`);
  expect(r.position).toBe(before);
}

describe('Reader', () => {
  it('reads integers of every width, little-endian', () => {
    const r = build((b) =>
      b
        .u8(0xfe, 0xff)
        .u16(0xfffe)
        .u32(0xfffffffe)
        .u32(-5)
        .u64(-7)
        .u64(2 ** 52 + 1),
    );
    expect(r.uint8()).toBe(0xfe);
    expect(r.int8()).toBe(-1);
    expect(r.uint16()).toBe(0xfffe);
    expect(r.uint32()).toBe(0xfffffffe);
    expect(r.int32()).toBe(-5);
    expect(r.int64()).toBe(-7);
    expect(r.uint64()).toBe(2 ** 52 + 1);
    expect(r.atEnd).toBe(true);
  });

  it('rounds 64-bit values above 2^53 as a number and keeps them as a bigint', () => {
    const r = build((b) => b.u64(0xffffffffffffffffn).u64(0xffffffffffffffffn));
    expect(r.uint64()).toBe(2 ** 64);
    expect(r.bigUint64()).toBe(0xffffffffffffffffn);
  });

  it('names file, section and offset when it runs out, and does not move', () => {
    const r = reader([1, 2, 3]);
    r.uint8();
    failsInPlace(r, () => r.uint32(), 'needs 4 bytes, has 2');
    failsInPlace(r, () => r.bigUint64(), 'needs 8 bytes');
    failsInPlace(r, () => r.take(3), 'needs 3 bytes');
    failsInPlace(r, () => r.take(-1), 'needs -1 bytes');
    failsInPlace(r, () => r.take(Number.NaN), 'needs NaN bytes');
    failsInPlace(r, () => r.cString(), 'a string has no end');
    failsInPlace(r, () => r.seek(4), 'points to 4');
    failsInPlace(r, () => r.seek(-1), 'points to -1');
    failsInPlace(r, () => r.seek(0.5), 'points to 0.5');
    failsInPlace(r, () => r.skip(2 ** 60), 'outside its 3 bytes');
    expect(r.uint16()).toBe(0x0302);
  });

  it('takes views, windows, strings and alignment', () => {
    const r = build((b) => b.u8(9).align(4).cstr('héllo').u8(1, 2, 3));
    r.uint8();
    expect(r.align(4).position).toBe(4);
    expect(r.cString()).toBe('héllo');
    const window = r.window(2, '.part');
    expect(window.uint16()).toBe(0x0201);
    expect(() => window.uint8()).toThrow('app .part at offset 0x2');
    expect(r.remaining).toBe(1);
    expect(r.take(1).buffer).toBe(r.bytes.buffer);
  });

  it('reads from a view into a larger buffer', () => {
    const whole = Uint8Array.from([9, 9, 1, 0, 9]);
    expect(new Reader(whole.subarray(2, 4), where).uint16()).toBe(1);
    expect(() => new Reader(whole.subarray(2, 4), where, 3)).toThrow(DataError);
  });
});

describe('LEB128', () => {
  it.each([0, 1, 127, 128, 16383, 16384, 2 ** 31, 2 ** 32, 2 ** 49, 2 ** 53 - 1])('reads %d', (value) => {
    const r = build((b) => b.uleb(value).sleb(value).sleb(-value));
    expect(r.uleb128()).toBe(value);
    expect(r.sleb128()).toBe(value);
    expect(r.sleb128() + 0).toBe(-value + 0);
    expect(r.atEnd).toBe(true);
  });

  it('accepts padded forms', () => {
    const r = build((b) => b.uleb(5, 2).uleb(5, 10).sleb(-3, 5).sleb(-1, 10).sleb(7, 12));
    expect([r.uleb128(), r.uleb128(), r.sleb128(), r.sleb128(), r.sleb128()]).toEqual([5, 5, -3, -1, 7]);
    expect(r.atEnd).toBe(true);
  });

  it('refuses numbers without an end, beyond 2^53, or absurdly long', () => {
    const unterminated = reader([0x80, 0x80]);
    failsInPlace(unterminated, () => unterminated.uleb128(), 'no end');
    const longUnterminated = reader(new Array(12).fill(0xff));
    failsInPlace(longUnterminated, () => longUnterminated.sleb128(), 'no end');
    const large = build((b) => b.uleb(2n ** 53n));
    failsInPlace(large, () => large.uleb128(), 'out of range');
    const negative = build((b) => b.sleb(-(2n ** 63n)));
    failsInPlace(negative, () => negative.sleb128(), 'out of range');
    const endless = reader(new Array(1000).fill(0x80));
    failsInPlace(endless, () => endless.uleb128(), 'longer than 20 bytes');
    expect(reader([]).remaining).toBe(0);
  });
});

describe('decodeText', () => {
  it('decodes short ASCII, short UTF-8 and long text alike', () => {
    const encoder = new TextEncoder();
    for (const text of ['', 'main.main', 'main.π', 'x'.repeat(100), `${'x'.repeat(40)}·fm`]) {
      expect(decodeText(encoder.encode(text))).toBe(text);
    }
  });

  it('keeps to its bounds and replaces invalid bytes', () => {
    expect(decodeText(Uint8Array.from([65, 66, 67, 68]), 1, 3)).toBe('BC');
    expect(decodeText(Uint8Array.from([65, 0xff]))).toBe('A\ufffd');
  });
});
