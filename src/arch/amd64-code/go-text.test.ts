import { beforeAll, describe, expect, it } from 'vitest';
import { amd64 } from '../amd64.ts';
import type { Disassembler } from '../arch.ts';
import type { DecodedInstruction, MachineCode } from '../machine-code.ts';
import { buildSample, goMinorVersion, type ObjdumpFunction, objdump } from '../testing/go-objdump.ts';
import { Machine } from './testing/machine.ts';

/** Every instruction of a Go program. */

/** Memory wherever it is asked for, full of one address. */
class Anywhere extends Machine {
  override read(_address: number, length: number): bigint {
    return BigInt.asUintN(length * 8, 0x40_0000n);
  }

  override write(): boolean {
    return true;
  }
}

interface Way {
  readonly decoded: DecodedInstruction;
  readonly emulated: boolean;
  readonly moved: boolean;
}

describe.skipIf(goMinorVersion() < 26)('the text of a Go program', () => {
  let code: MachineCode;
  let disassembler: Disassembler;
  let functions: ObjdumpFunction[];

  beforeAll(async () => {
    code = await amd64.loadMachineCode();
    disassembler = await amd64.loadDisassembler();
    functions = objdump(buildSample('amd64'), 'amd64');
  });

  function wayOf(bytes: Uint8Array, address: number): Way | undefined {
    const decoded = code.decode(bytes, address);
    if (decoded === undefined) return undefined;
    const machine = new Anywhere();
    machine.registers.fill(0x10_0000n);
    machine.bases.fs = 0x10_0000n;
    const emulated = decoded.emulate(machine);
    return { decoded, emulated, moved: decoded.relocate(address + 0x1000_0000) !== undefined };
  }

  it('is cut into the same instructions that lead to the same places', () => {
    const state = new Anywhere();
    const differences: string[] = [];
    for (const { name, bytes, address } of functions) {
      for (const shown of disassembler.disassemble(bytes, address, { flavour: 'intel' })) {
        const decoded = code.decode(bytes.subarray(shown.address - address), shown.address);
        const same =
          decoded === undefined
            ? shown.flow === 'invalid'
            : decoded.length === shown.length &&
              decoded.flow === shown.flow &&
              (shown.target === undefined || decoded.target(state) === shown.target);
        if (!same) differences.push(`${name} ${shown.address.toString(16)} ${shown.text}`);
      }
    }
    expect(differences).toEqual([]);
  });

  it('can be executed without the bytes in their place, but for traps', () => {
    const tally = { instructions: 0, entries: 0, entriesEmulated: 0, emulated: 0 };
    const left: string[] = [];
    for (const { name, bytes, address } of functions) {
      for (let at = 0; at < bytes.length; ) {
        const way = wayOf(bytes.subarray(at), address + at);
        if (way === undefined || (!way.emulated && !way.moved))
          left.push(`${name}+${at} ${way?.decoded.flow}`);
        tally.instructions++;
        if (way?.emulated) tally.emulated++;
        if (at === 0) tally.entries++;
        if (at === 0 && way?.emulated) tally.entriesEmulated++;
        at += way?.decoded.length ?? 1;
      }
    }
    const unexpected = left.filter((what) => !/ (trap|return|undefined)$/.test(what));
    expect(unexpected).toEqual([]);
    expect(left.length / tally.instructions).toBeLessThan(0.001);
    expect(tally.entriesEmulated / tally.entries).toBeGreaterThan(0.95);
    expect(tally.emulated / tally.instructions).toBeGreaterThan(0.9);
  });
});
