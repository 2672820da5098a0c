import { describe, expect, it } from 'vitest';
import { AT, decode } from './testing/decode.ts';
import { Machine } from './testing/machine.ts';

describe('control flow', () => {
  it('goes to the whole address, if the CPU would', () => {
    const machine = new Machine();
    machine.registers[0] = 2n ** 64n - 0x1000n;
    const jump = decode('ff e0');
    expect(jump.target(machine)).toBeUndefined();
    expect(jump.emulate(machine)).toBe(true);
    expect(machine.registers[16]).toBe(2n ** 64n - 0x1000n);
    machine.registers[0] = 2n ** 47n;
    expect(jump.target(machine)).toBe(2 ** 47);
    expect(jump.emulate(machine)).toBe(false);
  });

  it.each(['66 e9 00 00 00 00', '66 c3', '66 e8 00 00 00 00', '66 74 00'])(
    'leaves %s to the vendors',
    (hex) => {
      const machine = new Machine();
      machine.map(0, new Uint8Array(4096));
      machine.registers[7] = 64n;
      expect(decode(hex).emulate(machine)).toBe(false);
      expect(decode(hex).target(machine)).toBeUndefined();
      expect(decode(hex).relocate(AT + 16)).toBeUndefined();
    },
  );

  it('calls with the padding that linkers put before calls of __tls_get_addr', () => {
    const machine = new Machine();
    machine.map(0, new Uint8Array(4096));
    machine.registers[7] = 64n;
    expect(decode('66 48 e8 10 00 00 00').emulate(machine)).toBe(true);
    expect(machine.registers[16]).toBe(BigInt(AT + 7 + 16));
  });

  it.each([
    ['cb', 'return'],
    ['48 cf', 'return'],
    ['ff 2f', 'jump'],
    ['ff 1f', 'call'],
    ['c7 f8 00 00 00 00', 'branch'],
  ])('does not do far or transactional %s', (hex, flow) => {
    const machine = new Machine();
    machine.map(0, new Uint8Array(4096));
    machine.registers.fill(64n);
    const decoded = decode(hex);
    expect([decoded.flow, decoded.target(machine), decoded.emulate(machine)]).toEqual([
      flow,
      undefined,
      false,
    ]);
    expect(decoded.relocate(AT + 16)).toBeUndefined();
  });
});
