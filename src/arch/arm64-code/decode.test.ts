import { describe, expect, it } from 'vitest';
import type { DecodedInstruction, WritableMachineState } from '../machine-code.ts';
import { PC, PSTATE } from './branches.ts';
import { arm64Code } from './decode.ts';

const AT = 0x40_1000;
const [N, Z, C, V] = [1n << 31n, 1n << 30n, 1n << 29n, 1n << 28n];

class Machine implements WritableMachineState {
  readonly registers = new Map<number, bigint>([[PC, BigInt(AT)]]);
  readonly memory = new Map<number, bigint>();

  register(dwarf: number): bigint {
    return this.registers.get(dwarf) ?? 0n;
  }

  setRegister(dwarf: number, value: bigint): void {
    this.registers.set(dwarf, value);
  }

  segmentBase(): bigint {
    throw new Error('there are no segments');
  }

  read(address: number, length: number): bigint | undefined {
    const value = this.memory.get(address);
    return value === undefined ? undefined : BigInt.asUintN(8 * length, value);
  }

  write(): boolean {
    return false;
  }
}

function decoded(word: number): DecodedInstruction {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, word, true);
  return arm64Code.decode(bytes, AT)!;
}

/** Where it leads, with these registers. */
function emulated(word: number, registers: Readonly<Record<number, bigint>> = {}, memory?: [number, bigint]) {
  const machine = new Machine();
  for (const [dwarf, value] of Object.entries(registers)) machine.setRegister(Number(dwarf), value);
  if (memory !== undefined) machine.memory.set(...memory);
  const done = decoded(word).emulate(machine);
  return { done, pc: Number(machine.register(PC)) - AT, machine };
}

describe('an instruction of arm64', () => {
  it('branches and calls, and says where it came from', () => {
    expect(emulated(0x14000004).pc).toBe(16); // b .+16
    expect(emulated(0x17ffffff).pc).toBe(-4); // b .-4
    const call = emulated(0x94000002); // bl .+8
    expect([call.pc, call.machine.register(30)]).toEqual([8, BigInt(AT + 4)]);
    const indirect = emulated(0xd63f0060, { 3: BigInt(AT + 64) }); // blr x3
    expect([indirect.pc, indirect.machine.register(30)]).toEqual([64, BigInt(AT + 4)]);
    // The register that holds the target may be the one that is written.
    const own = emulated(0xd63f03c0, { 30: BigInt(AT + 32) }); // blr x30
    expect([own.pc, own.machine.register(30)]).toEqual([32, BigInt(AT + 4)]);
    expect(emulated(0xd65f03c0, { 30: BigInt(AT + 400) }).pc).toBe(400); // ret
    expect(emulated(0xd61f0200, { 16: BigInt(AT - 8) }).pc).toBe(-8); // br x16
  });

  it.each<[condition: number, taken: readonly bigint[], not: readonly bigint[]]>([
    [0, [Z], [0n]], // eq
    [1, [0n], [Z]], // ne
    [2, [C], [0n]], // hs
    [3, [0n], [C]], // lo
    [4, [N], [0n]], // mi
    [5, [0n], [N]], // pl
    [6, [V], [0n]], // vs
    [7, [0n], [V]], // vc
    [8, [C], [0n, C | Z, Z]], // hi
    [9, [0n, C | Z, Z], [C]], // ls
    [10, [0n, N | V], [N, V]], // ge
    [11, [N, V], [0n, N | V]], // lt
    [12, [0n, N | V], [N, V, Z, Z | N | V]], // gt
    [13, [N, V, Z, Z | N | V], [0n, N | V]], // le
    [14, [0n, Z], []], // al
    [15, [0n, Z], []], // nv, which is al
  ])('branches on condition %i as the flags say', (condition, taken, not) => {
    const word = 0x54000080 | condition; // b.cond .+16
    for (const flags of taken) expect(emulated(word, { [PSTATE]: flags }).pc, `${flags}`).toBe(16);
    for (const flags of not) expect(emulated(word, { [PSTATE]: flags }).pc, `${flags}`).toBe(4);
  });

  it('branches on a register or one of its bits', () => {
    const high = 0x1_0000_0000n;
    expect(emulated(0x34000081, { 1: high }).pc).toBe(16); // cbz w1
    expect(emulated(0xb4000081, { 1: high }).pc).toBe(4); // cbz x1
    expect(emulated(0xb5000081, { 1: high }).pc).toBe(16); // cbnz x1
    expect(emulated(0xb400009f).pc).toBe(16); // cbz xzr
    expect(emulated(0xb6000081, { 1: high }).pc).toBe(4); // tbz x1, #32
    expect(emulated(0x37180081, { 1: 8n }).pc).toBe(16); // tbnz w1, #3
    expect(emulated(0x36180081, { 1: 8n }).pc).toBe(4); // tbz w1, #3
  });

  it('does what is relative to its place, which it cannot do elsewhere', () => {
    const adr = emulated(0x10000043); // adr x3, .+8
    expect([adr.pc, adr.machine.register(3)]).toEqual([4, BigInt(AT + 8)]);
    expect(emulated(0xb0000003).machine.register(3)).toBe(BigInt(0x40_2000)); // adrp x3, page + 1
    expect(emulated(0xf0ffffe3).machine.register(3)).toBe(BigInt(0x40_0000)); // adrp x3, page - 1
    const literal = emulated(0x58000041, {}, [AT + 8, 0x1122_3344_5566_7788n]); // ldr x1, .+8
    expect(literal.machine.register(1)).toBe(0x1122_3344_5566_7788n);
    const signed = emulated(0x98000041, {}, [AT + 8, 0x8000_0000n]); // ldrsw x1, .+8
    expect(signed.machine.register(1)).toBe(0xffff_ffff_8000_0000n);
    // Nothing is there; a vector is the CPU's.
    expect(emulated(0x58000041)).toMatchObject({ done: false, pc: 0 });
    expect(emulated(0x1c000041, {}, [AT + 8, 1n])).toMatchObject({ done: false, pc: 0 });
    for (const word of [0x10000043, 0xb0000003, 0x58000041, 0x1c000041, 0x14000004, 0x54000080, 0xd65f03c0])
      expect(decoded(word).relocate(AT + 4096), word.toString(16)).toBeUndefined();
  });

  it('is the same elsewhere if it says no distance', () => {
    for (const word of [0xf81f0ffe, 0xd503201f, 0xd4000001]) {
      const bytes = decoded(word).relocate(AT + 4096)!;
      expect(new DataView(bytes.buffer).getUint32(0, true)).toBe(word);
    }
    // A trap of the program's own stays where it is.
    expect(decoded(0xd4200000).relocate(AT + 4096)).toBeUndefined();
  });

  it('leaves to the CPU what only it can do', () => {
    expect(emulated(0xd71f0a30, { 17: BigInt(AT + 8) }).done).toBe(false); // braa x17, x16
    expect(emulated(0xd65f0bff, { 30: BigInt(AT + 8) }).done).toBe(false); // retaa
    expect(emulated(0x91000421).done).toBe(false); // add x1, x1, #1
  });

  it('says what it touches, before and behind', () => {
    const machine = new Machine();
    machine.setRegister(31, 0x8000n);
    const push = decoded(0xf81f0ffe); // str x30, [sp, #-16]!
    expect(push.accesses(machine)).toEqual([{ address: 0x7ff0, length: 8, access: 'write' }]);
    machine.setRegister(31, 0x7ff0n);
    expect(push.accessTo(0x7ff4, 1, machine)).toBe('write');
    expect(push.accessTo(0x7ff8, 8, machine)).toBeUndefined();
    const pop = decoded(0xf84107fe); // ldr x30, [sp], #16
    machine.setRegister(31, 0x8000n);
    expect(pop.accessTo(0x7ff0, 8, machine)).toBe('read');
    const chase = decoded(0xf9400400); // ldr x0, [x0, #8]
    machine.setRegister(0, 0x9000n);
    expect(chase.accesses(machine)).toEqual([{ address: 0x9008, length: 8, access: 'read' }]);
    // Where it was is overwritten: it may have been anywhere.
    expect(chase.accessTo(0x1234, 8, machine)).toBe('read');
    machine.setRegister(2, 0xffff_ffff_ffff_fffen);
    const indexed = decoded(0xb862d801); // ldr w1, [x0, w2, sxtw #2]
    expect(indexed.accesses(machine)).toEqual([{ address: 0x8ff8, length: 4, access: 'read' }]);
    const unsigned = decoded(0xb8624801); // ldr w1, [x0, w2, uxtw]
    expect(unsigned.accesses(machine)).toEqual([
      { address: 0x9000 + 0xffff_fffe, length: 4, access: 'read' },
    ]);
    const exchange = decoded(0xf8e18002); // swpal x1, x2, [x0]
    expect(exchange.accesses(machine)).toEqual([{ address: 0x9000, length: 8, access: 'read-write' }]);
    machine.setRegister(3, 0x9010n);
    expect(decoded(0xd50b7423).accesses(machine)).toEqual([{ address: 0x9000, length: 64, access: 'write' }]);
  });

  it('is no instruction where there are not four bytes in their place', () => {
    expect(arm64Code.decode(Uint8Array.of(0, 0, 0), AT)).toBeUndefined();
    expect(arm64Code.decode(Uint8Array.of(0, 0, 0x20, 0xd4), AT + 2)).toBeUndefined();
  });
});

describe('a trap of arm64', () => {
  it('is left behind by nobody, and told from others by its bits', () => {
    const { trap } = arm64Code;
    expect(trap.isTrap(trap.bytes)).toBe(true);
    expect(trap.isTrap(Uint8Array.of(0x20, 0, 0x20, 0xd4))).toBe(true); // brk #1
    expect(trap.isTrap(Uint8Array.of(0x1f, 0x20, 0x03, 0xd5))).toBe(false); // nop
    expect(decoded(0xd4200000).flow).toBe('trap');
  });
});

describe('a jump of arm64', () => {
  it('leads 128 MB to either side', () => {
    const leads = (to: number): number | undefined => {
      const bytes = arm64Code.jump(AT, to);
      return bytes && arm64Code.decode(bytes, AT)!.target(new Machine());
    };
    for (const to of [AT, AT + 4, AT - 4096, AT + 2 ** 27 - 4, AT - 2 ** 27]) expect(leads(to)).toBe(to);
    for (const to of [AT + 2 ** 27, AT - 2 ** 27 - 4, AT + 2]) expect(leads(to)).toBeUndefined();
  });
});

describe('the outline of arm64 code', () => {
  it('has every instruction with where it leads and what it addresses', () => {
    const words = [0xf81f0ffe, 0x10000043, 0x94000002, 0x8b010000, 0xd65f03c0];
    const bytes = new Uint8Array(4 * words.length + 2);
    const view = new DataView(bytes.buffer);
    for (const [i, word] of words.entries()) view.setUint32(4 * i, word, true);
    expect(
      arm64Code
        .outline(bytes, AT)
        .map(({ flow, target, addresses, movable }) => [flow, target, addresses, movable]),
    ).toEqual([
      ['next', undefined, undefined, false],
      ['next', undefined, AT + 12, false],
      ['call', AT + 16, undefined, false],
      ['next', undefined, undefined, true],
      ['return', undefined, undefined, false],
    ]);
  });
});
