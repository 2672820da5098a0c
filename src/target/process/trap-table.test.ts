import { describe, expect, it } from 'vitest';
import { type ArchName, archNamed, type MachineCode } from '../../arch/index.ts';
import type { Kernel } from './kernel.ts';
import { TrapTable } from './trap-table.ts';

const START = 0x40_0000;
const PID = 1;

/** Text of one process, and of a copy of it. */
class Text {
  readonly bytes = new Map([
    [PID, new Uint8Array(256)],
    [2, new Uint8Array(256)],
  ]);

  constructor(instruction: readonly number[]) {
    for (const bytes of this.bytes.values())
      bytes.set(Array.from(bytes, (_, i) => instruction[i % instruction.length]!));
  }

  readonly kernel = {
    readMemory: (pid, address, into) => {
      const there = this.bytes.get(pid)!.subarray(address - START, address - START + into.length);
      into.set(there);
      return there.length;
    },
    readScattered: (pid, addresses, lengths, into) => {
      let at = 0;
      for (const [i, address] of addresses.entries())
        at += this.kernel.readMemory(pid, address, into.subarray(at, at + lengths[i]!));
      return at;
    },
    writeMemory: (pid, address, from) => {
      this.bytes.get(pid)!.set(from, address - START);
      return from.length;
    },
    forget: () => {},
  } as Pick<Kernel, 'readMemory' | 'readScattered' | 'writeMemory' | 'forget'> as Kernel;
}

describe.each<[ArchName, instruction: readonly number[], distance: number]>([
  // mov rbp, rsp; and str x30, [sp, #-16]!
  ['amd64', [0x48, 0x89, 0xe5], 3],
  ['arm64', [0xfe, 0x0f, 0x1f, 0xf8], 4],
])('traps of %s', (name, instruction, distance) => {
  async function stand() {
    const code: MachineCode = await archNamed(name).loadMachineCode();
    const text = new Text(instruction);
    const traps = new TrapTable(text.kernel, PID, code);
    const places = [0, 2, 5].map((index) => START + index * distance);
    for (const place of places) traps.add(place, false);
    const own = text.bytes.get(PID)!;
    return { code, text, traps, places, own, before: own.slice() };
  }

  it('stand in the text as long as it runs, and leave it as it was', async () => {
    const { code, traps, places, own, before } = await stand();
    expect(own).toEqual(before);
    traps.insertAll();
    const { bytes } = code.trap;
    const patched = before.slice();
    for (const place of places) patched.set(bytes, place - START);
    expect(own).toEqual(patched);
    traps.liftAll();
    expect(own).toEqual(before);
  });

  it('are in nothing that is read, wherever the reading begins and ends', async () => {
    const { traps, own, before } = await stand();
    traps.insertAll();
    for (const length of [1, 2, 3, 4, 7, 63, 64, 100]) {
      for (let at = 0; at < 24; at++) {
        const read = own.slice(at, at + length);
        traps.restore(START + at, read);
        expect(read, `${length} bytes at ${at}`).toEqual(before.slice(at, at + length));
      }
    }
  });

  it('leave what the program has put in their place', async () => {
    const { traps, places, own } = await stand();
    traps.insertAll();
    const other = instruction.map((byte) => byte ^ 1);
    own.set(other, places[1]! - START);
    traps.liftAll();
    expect([...own.subarray(places[1]! - START, places[1]! - START + other.length)]).toEqual(other);
    // And have that under them afterwards.
    traps.insertAll();
    traps.liftAll();
    expect([...own.subarray(places[1]! - START, places[1]! - START + other.length)]).toEqual(other);
  });

  it('are taken out of a copy of the process', async () => {
    const { text, traps, before } = await stand();
    traps.insertAll();
    const copy = text.bytes.get(2)!;
    copy.set(text.bytes.get(PID)!);
    traps.cleanCopy(2);
    expect(copy).toEqual(before);
  });

  it('are not set where nothing is', async () => {
    const { traps } = await stand();
    expect(() => traps.add(START + 256, true)).toThrow(/nothing is mapped/);
  });
});
