import { describe, expect, it } from 'vitest';
import { loadAmd64Code } from '../../arch/amd64-code/decode.ts';
import type { MachineState } from '../../arch/index.ts';
import { madeOf } from './made-of.ts';

const code = await loadAmd64Code();
const RAX = 0;
const RBX = 3;
const at = 0x1000;

const state = (registers: Readonly<Record<number, bigint>>): MachineState => ({
  register: (dwarf) => registers[dwarf] ?? 0n,
  segmentBase: () => 0n,
  read: () => undefined,
});
const bytes = (value: number): Uint8Array => Uint8Array.of(value, 0, 0, 0, 0, 0, 0, 0);
const made = (text: readonly number[], registers: Readonly<Record<number, bigint>>, before: number) =>
  madeOf(code.decode(Uint8Array.from(text), 0x400000)!, state(registers), at, bytes(before));

describe('what an instruction made of watched memory', () => {
  const registers = { [RAX]: BigInt(at - 0x10), [RBX]: 2n };
  it('follows for sums and differences', () => {
    expect(made([0x48, 0x01, 0x58, 0x10], registers, 100)).toEqual(bytes(102));
    expect(made([0x48, 0x29, 0x58, 0x10], registers, 100)).toEqual(bytes(98));
  });
  it('is the register that was stored', () => {
    expect(made([0x48, 0x89, 0x58, 0x10], registers, 100)).toEqual(bytes(2));
  });
  it('does not follow where a register was overwritten', () => {
    expect(made([0x48, 0x87, 0x58, 0x10], registers, 100)).toBeUndefined();
  });
  it('does not follow for what is atomic', () => {
    expect(made([0xf0, 0x48, 0x0f, 0xc1, 0x58, 0x10], registers, 100)).toBeUndefined();
  });
});
