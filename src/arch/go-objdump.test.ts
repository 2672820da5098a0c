import { describe, expect, it } from 'vitest';
import type { ArchName, Instruction } from './arch.ts';
import { archNamed } from './arch-named.ts';
import {
  buildSample,
  goMinorVersion,
  type ObjdumpFunction,
  objdump,
  symbolizer,
} from './testing/go-objdump.ts';

/**
 * Every instruction of a Go program against `go tool objdump`: the same text, but for these differences, in which we
 * say what the bytes mean and Go's decoder does not.
 */
interface Difference {
  readonly name: string;
  readonly applies: (go: string, ours: Instruction) => boolean;
}

const vex = (bytes: Uint8Array) => bytes[0] === 0xc4 || bytes[0] === 0xc5 || bytes[0] === 0x62;

const differences: Readonly<Record<ArchName, readonly Difference[]>> = {
  amd64: [
    { name: 'Go prints ?', applies: (go) => go === '?' },
    { name: 'x86asm misreads VEX and EVEX', applies: (_, ours) => vex(ours.bytes) },
    {
      name: 'x86asm takes a distance backwards for an unsigned one and finds no symbol there',
      applies: (go, ours) => /0x[89a-f][0-9a-f]{7}\(IP\)/.test(go) && /\(SB\)/.test(ours.text),
    },
    {
      name: 'x86asm takes the constant of a MOVL for an address, which only 32-bit code has',
      applies: (go, ours) =>
        /^(MOV[BWLQ]|PUSHL) \$\D/.test(go) && /^(MOV[BWLQ]|PUSHL) \$-?0x/.test(ours.text),
    },
  ],
  arm64: [
    { name: 'Go prints ?', applies: (go) => go === '?' },
    {
      name: 'arm64asm forgets the .P of these loads and stores, and reverses the stores',
      applies: (go, ours) => /^V?(LD[1-4]R?|ST[1-4]) /.test(go) && /^V(LD|ST)[1-4]R?(\.P)? /.test(ours.text),
    },
  ],
};

describe.skipIf(goMinorVersion() < 26).each(['amd64', 'arm64'] as const)('go tool objdump for %s', (name) => {
  it('prints the same', async () => {
    const binary = buildSample(name);
    const symbolize = symbolizer(binary);
    const disassembler = await archNamed(name).loadDisassembler();
    const tally = { same: 0, beside: 0, explained: new Map<string, number>(), unexplained: [] as string[] };
    for (const fn of objdump(binary, name)) {
      const ours = disassembler.disassemble(fn.bytes, fn.address, { flavour: 'go', symbolize });
      compare(fn, ours, differences[name], tally);
    }
    expect(tally.unexplained).toEqual([]);
    expect(tally.same).toBeGreaterThan(100_000);
    const sensible = tally.same + sum(tally.explained) - (tally.explained.get('Go prints ?') ?? 0);
    expect(tally.same / sensible).toBeGreaterThan(0.99);
  });
});

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

interface Tally {
  same: number;
  /** Lines of Go's within one of our instructions, behind one that Go misread. */
  beside: number;
  readonly explained: Map<string, number>;
  readonly unexplained: string[];
}

function compare(
  fn: ObjdumpFunction,
  instructions: readonly Instruction[],
  allowed: readonly Difference[],
  tally: Tally,
): void {
  const byAddress = new Map(instructions.map((instruction) => [instruction.address, instruction]));
  let misread = false;
  for (const { address, text } of fn.lines) {
    const ours = byAddress.get(address);
    if (ours === undefined) {
      if (misread) tally.beside++;
      else
        tally.unexplained.push(
          `${fn.name} ${address.toString(16)}: ${text} stands in no instruction of ours`,
        );
      continue;
    }
    misread = vex(ours.bytes);
    if (ours.text === text) {
      tally.same++;
      continue;
    }
    const difference = allowed.find(({ applies }) => applies(text, ours));
    if (difference !== undefined) {
      tally.explained.set(difference.name, (tally.explained.get(difference.name) ?? 0) + 1);
      misread ||= text === '?';
    } else {
      const bytes = Buffer.from(ours.bytes).toString('hex');
      tally.unexplained.push(`${fn.name} ${address.toString(16)} ${bytes}: ${text} | ${ours.text}`);
    }
  }
}
