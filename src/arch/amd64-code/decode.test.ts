import { describe, expect, it } from 'vitest';
import { AT, code, decode } from './testing/decode.ts';
import { Machine } from './testing/machine.ts';

describe('decode', () => {
  it.each([
    ['55', 1, 'next'],
    ['e8 00 00 00 00', 5, 'call'],
    ['ff 55 08', 3, 'call'],
    ['eb 02', 2, 'jump'],
    ['ff e0', 2, 'jump'],
    ['74 02', 2, 'branch'],
    ['e3 02', 2, 'branch'],
    ['c3', 1, 'return'],
    ['cc', 1, 'trap'],
    ['0f 0b', 2, 'trap'],
    ['f4', 1, 'trap'],
    ['0f 05', 2, 'syscall'],
    ['cd 80', 2, 'syscall'],
    ['cd 03', 2, 'trap'],
    ['0f 01 d9', 3, 'next'],
    ['66 66 2e 0f 1f 84 00 00 00 00 00', 11, 'next'],
    // Bytes behind the fifteenth are not looked at.
    [`90${'ff'.repeat(40)}`, 1, 'next'],
  ])('%s', (hex, length, flow) => {
    expect(decode(hex)).toMatchObject({ address: AT, length, flow });
  });

  it.each(['', '06', 'ff', 'e8 00 00', '66'.repeat(15), 'c5 f8'])('no instruction: "%s"', (hex) => {
    expect(code.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'), AT)).toBeUndefined();
  });
});

describe('relocate', () => {
  it('mends what is relative to the instruction pointer', () => {
    // lea rax,[rip+0x10]
    expect(decode('48 8d 05 10 00 00 00').relocate(AT + 0x100)).toEqual(
      Uint8Array.from(Buffer.from('488d0510ffffff', 'hex')),
    );
    // cmp dword ptr [rip+0x10],0x12345678: the displacement is not the last of it
    expect(decode('81 3d 10 00 00 00 78 56 34 12').relocate(AT - 0x100)).toEqual(
      Uint8Array.from(Buffer.from('813d1001000078563412', 'hex')),
    );
  });

  it('refuses a place that is too far', () => {
    const lea = decode('48 8d 05 00 00 00 00');
    expect(lea.relocate(AT + 0x8000_0000)).toBeDefined();
    expect(lea.relocate(AT + 0x8000_0001)).toBeUndefined();
    expect(lea.relocate(0x7f00_0000_0000)).toBeUndefined();
  });

  it.each([
    'e8 00 00 00 00',
    'c3',
    '74 00',
    'ff e0',
    'cc',
    '0f 0b',
    'e2 00',
    '0f 34',
    '67 8b 05 00 00 00 00',
  ])('refuses %s', (hex) => {
    expect(decode(hex).relocate(AT + 64)).toBeUndefined();
  });

  it.each(['0f 05', '48 89 44 24 08', '44 0f 11 7c 24 10', 'f3 a4', '0f a2'])('copies %s', (hex) => {
    expect(decode(hex).relocate(0x7f00_0000_0000)).toEqual(
      Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')),
    );
  });
});

describe('emulate', () => {
  it('pushes', () => {
    const machine = new Machine();
    const stack = new Uint8Array(64);
    machine.map(0x1000, stack);
    machine.registers[7] = 0x1020n;
    machine.registers[6] = 0x1122334455667788n;
    expect(decode('55').emulate(machine)).toBe(true);
    expect(machine.registers[7]).toBe(0x1018n);
    expect(machine.read(0x1018, 8)).toBe(0x1122334455667788n);
    expect(machine.registers[16]).toBe(BigInt(AT + 1));
  });

  it('pushes the flags that a program has', () => {
    const machine = new Machine();
    machine.map(0x1000, new Uint8Array(64));
    machine.registers[7] = 0x1020n;
    machine.registers[49] = 0x10246n;
    expect(decode('9c').emulate(machine)).toBe(true);
    expect(machine.registers[7]).toBe(0x1018n);
    expect(machine.read(0x1018, 8)).toBe(0x246n);
  });

  it('calls and returns', () => {
    const machine = new Machine();
    machine.map(0x1000, new Uint8Array(64));
    machine.registers[7] = 0x1020n;
    const call = decode('e8 10 00 00 00');
    expect(call.target(machine)).toBe(AT + 0x15);
    expect(call.emulate(machine)).toBe(true);
    expect(machine.registers[16]).toBe(BigInt(AT + 0x15));
    const ret = decode('c2 08 00');
    expect(ret.target(machine)).toBe(AT + 5);
    expect(ret.emulate(machine)).toBe(true);
    expect(machine.registers[16]).toBe(BigInt(AT + 5));
    expect(machine.registers[7]).toBe(0x1028n);
  });

  it.each(['55', '5d', 'e8 00 00 00 00', 'c3', 'c9', '48 8b 00', '48 89 00', '48 01 00', 'ff 10', 'ff 20'])(
    'changes nothing where there is no memory: %s',
    (hex) => {
      const machine = new Machine();
      machine.registers.fill(0xdead0000n);
      const before = machine.registers.slice();
      expect(decode(hex).emulate(machine)).toBe(false);
      expect(machine.registers).toEqual(before);
    },
  );
});
