import { beforeAll, describe, expect, it } from 'vitest';
import type { Disassembler } from '../arch.ts';
import { arm64 } from '../arm64.ts';
import { parseOperands } from '../arm64-operands.ts';
import { addressed } from './address.ts';
import { type MemoryOperand, memoryOperand } from './memory-operand.ts';

/** What Capstone says of the same words, over all loads and stores there are. */

const WORDS = 20_000;
const SEED = 0x2545_f491;
/** Of memory tags, of authenticated addresses, of whole copies, of prefetches: not known here, or nothing that anybody notices. */
const NOT_KNOWN = /^(st2?z?2?gm?|stgp|ldgm?|stzgm|stz2g|st2g|ldraa|ldrab|cpy\w*|set[gmpe]\w*|prfu?m|rprfm)$/;
const BYTES: Readonly<Record<string, number>> = { b: 1, h: 2, s: 4, w: 4, d: 8, x: 8, q: 16 };

let disassembler: Disassembler;
beforeAll(async () => {
  disassembler = await arm64.loadDisassembler();
});

/** xorshift32, with the bits that make it a load or store. */
function* words(): Generator<number> {
  let state = SEED;
  for (let i = 0; i < WORDS; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const word = ((state & 0xf5ffffff) | 0x08000000) >>> 0;
    yield word;
    // Many have a register that must be the last.
    yield (word | 0x7c00) >>> 0;
  }
}

function shown(word: number): { readonly name: string; readonly operands: readonly Operand[] } | undefined {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, word, true);
  const { text, flow } = disassembler.disassemble(bytes, 0x1000, { flavour: 'gnu' })[0]!;
  if (flow === 'invalid') return undefined;
  const [, name, rest] = /^(\S+)\s*(.*)$/.exec(text)!;
  return { name: name!, operands: parseOperands(rest!) };
}

type Operand = ReturnType<typeof parseOperands>[number];
type Memory = Extract<Operand, { kind: 'memory' }>;

const memoryOf = (operands: readonly Operand[]): Memory | undefined =>
  operands.find((operand): operand is Memory => operand.kind === 'memory');

/** In the words of the disassembler. */
function told({ base, index, displacement, writeBack, access }: MemoryOperand, isPost: boolean) {
  return {
    base,
    offset: BigInt(isPost ? (writeBack ?? 0) : displacement),
    index: index?.register,
    shift: index?.shift ?? 0,
    isStore: access === 'write',
  };
}

function expected({ base, offset, index, shift, mode }: Memory, name: string) {
  return {
    base: base.number,
    offset: offset ?? 0n,
    // A register behind the brackets is added afterwards.
    index: mode === 'post' ? undefined : index?.number,
    shift: shift?.amount ?? 0,
    isStore: /^st/.test(name) && !isAtomic(name),
  };
}

/** stadd is ldadd without a result. */
const isAtomic = (name: string): boolean =>
  /^(ld|st)(add|clr|eor|set|smax|smin|umax|umin)(a|l|al)?[bh]?$|^(swp|cas)/.test(name);

/** As far as the name and the first register say. */
function bytesOf(name: string, operands: readonly Operand[]): number | undefined {
  const size = /^(?:ldr|str|ldur|stur|ldtr|sttr|ldapur|stlur|ldrs|ldurs|ldtrs|ldapurs)(b|h|w)?$/.exec(name);
  const pair = /^(ldp|stp|ldnp|stnp)$/.test(name);
  if (name === 'ldpsw') return 8;
  const register = operands[0];
  if (register?.kind !== 'register' || (size === null && !pair)) return undefined;
  const own = BYTES[register.register.class];
  if (own === undefined) return undefined;
  if (pair) return 2 * own;
  return size![1] === undefined ? own : BYTES[size![1]];
}

describe('what loads and stores address', () => {
  it('is what the disassembler shows', () => {
    const differences: string[] = [];
    const seen = new Set<string>();
    for (const word of words()) {
      const instruction = shown(word);
      const operand = memoryOperand(word);
      if (instruction === undefined) continue;
      const { name, operands } = instruction;
      const memory = memoryOf(operands);
      if (NOT_KNOWN.test(name) || memory === undefined) continue;
      if (addressed(word, 0x1000) !== undefined) continue;
      const wanted = expected(memory, name);
      const got = operand && told(operand, memory.mode === 'post');
      const bytes = bytesOf(name, operands);
      if (
        got === undefined ||
        (Object.keys(wanted) as (keyof typeof wanted)[]).some((key) => {
          // A post-index by a register adds what is not known before.
          if (key === 'offset' && memory.mode === 'post' && memory.index !== undefined) return false;
          return got[key] !== wanted[key];
        }) ||
        (bytes !== undefined && bytes !== operand!.length)
      ) {
        differences.push(
          `${word.toString(16)} ${name} ${JSON.stringify(operands, big)} ${JSON.stringify(operand)}`,
        );
      }
      seen.add(name);
    }
    expect(differences.slice(0, 20)).toEqual([]);
    for (const name of ['ldr', 'strb', 'ldpsw', 'stp', 'stxr', 'casal', 'ldadd', 'ld4', 'st1', 'ldapur'])
      expect(seen, name).toContain(name);
  });

  it('has the length of structures in vectors, of pairs that are exclusive, and of what is cleared', () => {
    const lengthOf = (word: number) => memoryOperand(word)?.length;
    expect(lengthOf(0x4c9f2000)).toBe(64); // ld1? st1 {v0.16b-v3.16b}, [x0], #64
    expect(lengthOf(0x0c40a000)).toBe(16); // ld1 {v0.8b, v1.8b}, [x0]
    expect(lengthOf(0x4d40c800)).toBe(4); // ld1r {v0.4s}, [x0]
    expect(lengthOf(0x4d60e400)).toBe(4 * 2); // ld4r {v0.8h…v3.8h}, [x0]
    expect(lengthOf(0xc87f0440)).toBe(16); // ldxp x0, x1, [x2]
    expect(lengthOf(0x48207c82)).toBe(16); // casp x0, x1, x2, x3, [x4]
    expect(memoryOperand(0xd50b7423)).toMatchObject({ base: 3, length: 64, access: 'write', block: 64 });
  });
});

const big = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
