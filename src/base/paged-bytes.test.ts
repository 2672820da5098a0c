import { describe, expect, it } from 'vitest';
import { type ByteSource, BytesSource } from './byte-source.ts';
import { DataError } from './errors.ts';
import { PagedBytes } from './paged-bytes.ts';

const PAGE = 65536;
const content = new Uint8Array(3 * PAGE + 100).map((_, i) => (i * 7 + (i >> 8)) & 0xff || 1);
const view = new DataView(content.buffer);

/** Counts what is read. */
function counted(bytes: Uint8Array): ByteSource & { total: number } {
  return {
    name: 'app',
    size: bytes.length,
    total: 0,
    read(offset, length) {
      this.total += length;
      return bytes.subarray(offset, offset + length);
    },
  };
}

describe('PagedBytes', () => {
  it('reads only the pages that are touched', () => {
    const source = counted(content);
    const paged = new PagedBytes(source, 10, content.length - 10, '.table');
    expect(source.total).toBe(0);
    expect(paged.uint32(5)).toBe(view.getUint32(15, true));
    expect(paged.uint8(6)).toBe(content[16]);
    expect(source.total).toBe(PAGE);
  });

  it('reads across page borders, and the same after whole()', () => {
    const paged = new PagedBytes(new BytesSource('app', content), 0, content.length, '.table');
    const check = () => {
      for (const at of [0, PAGE - 3, PAGE - 1, PAGE, 2 * PAGE - 2, content.length - 4]) {
        expect(paged.uint32(at)).toBe(view.getUint32(at, true));
        expect(paged.int32(at)).toBe(view.getInt32(at, true));
      }
      expect(Buffer.compare(paged.bytes(PAGE - 5, PAGE + 10), content.subarray(PAGE - 5, 2 * PAGE + 5))).toBe(
        0,
      );
    };
    check();
    expect(Buffer.compare(paged.whole(), content)).toBe(0);
    check();
  });

  it('reads strings that span pages', () => {
    const bytes = new Uint8Array(2 * PAGE + 20).fill(65);
    bytes[3] = 0;
    bytes[2 * PAGE + 5] = 0;
    const paged = new PagedBytes(new BytesSource('app', bytes), 0, bytes.length, '.names');
    expect(paged.cString(0)).toBe('AAA');
    expect(paged.cString(4)).toBe('A'.repeat(2 * PAGE + 1));
    expect(() => paged.cString(2 * PAGE + 6)).toThrow('app .names at offset 0x20006: a string has no end');
  });

  it('is cut to what the file has, and names what is outside', () => {
    const paged = new PagedBytes(new BytesSource('app', content.subarray(0, 50)), 40, 100, '.table');
    expect(paged.length).toBe(10);
    for (const read of [
      () => paged.uint8(10),
      () => paged.uint32(7),
      () => paged.uint8(-1),
      () => paged.uint8(2 ** 40),
      () => paged.uint8(Number.NaN),
      () => paged.bytes(5, 6),
      () => paged.bytes(-1, 1),
      () => paged.bytes(5, 2 ** 60),
      () => paged.cString(10),
    ]) {
      expect(read).toThrow(DataError);
    }
    expect(new PagedBytes(new BytesSource('app', content), content.length + 5, 8, '.t').length).toBe(0);
    paged.whole();
    expect(() => paged.uint8(10)).toThrow(DataError);
    expect(() => paged.uint32(7)).toThrow(DataError);
    expect(() => paged.uint8(-1)).toThrow(DataError);
  });
});
