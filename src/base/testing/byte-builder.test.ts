import { describe, expect, it } from 'vitest';
import { ByteBuilder } from './byte-builder.ts';

describe('ByteBuilder', () => {
  it('writes little-endian fields of every width', () => {
    const built = new ByteBuilder().u8(1, 2).u16(0x0403).u32(0x08070605).u64(0x100f0e0d0c0b0a09n).build();
    expect([...built]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  });

  it('takes negative values as two’s complement and refuses what does not fit', () => {
    expect([...new ByteBuilder().u16(-2).build()]).toEqual([0xfe, 0xff]);
    expect(() => new ByteBuilder().u8(256)).toThrow('does not fit');
  });

  it('writes LEB128 as the examples of DWARF 5 figures 22 and 23', () => {
    expect([...new ByteBuilder().uleb(127).uleb(128).uleb(12857).build()]).toEqual([
      127,
      0x80,
      1,
      57 + 0x80,
      100,
    ]);
    expect([...new ByteBuilder().sleb(2).sleb(-2).sleb(128).sleb(-129).build()]).toEqual([
      2, 0x7e, 0x80, 1, 0xff, 0x7e,
    ]);
    expect([...new ByteBuilder().uleb(1, 4).build()]).toEqual([0x81, 0x80, 0x80, 0]);
    expect([...new ByteBuilder().sleb(-1, 3).build()]).toEqual([0xff, 0xff, 0x7f]);
  });

  it('fills labels, holes and sizes, and grows', () => {
    const builder = new ByteBuilder();
    const built = builder
      .ref('end', 2)
      .sized(4, (b) => b.zeros(1000))
      .align(8)
      .label('end')
      .cstr('ok')
      .build();
    const view = new DataView(built.buffer);
    expect(view.getUint16(0, true)).toBe(1008);
    expect(view.getUint32(2, true)).toBe(1000);
    expect([...built.subarray(1008)]).toEqual([0x6f, 0x6b, 0]);
    expect(() => new ByteBuilder().ref('nowhere', 4).build()).toThrow('nowhere');
  });
});
