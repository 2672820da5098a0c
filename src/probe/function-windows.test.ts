import { describe, expect, it } from 'vitest';
import { archNamed } from '../arch/index.ts';
import { functionWindows } from './function-windows.ts';

const ADDRESS = 0x40_1000;
const code = await archNamed('amd64').loadMachineCode();

const CHECK = '49 3b 66 10 76 20';
const PROLOGUE = '55 48 89 e5 48 83 ec 18';
const EPILOGUE = '48 83 c4 18 5d c3';

function windows(
  hex: string,
  jumpTable: readonly number[] = [],
  seesFaults = false,
  mayTrap = false,
): ReturnType<typeof functionWindows> {
  const bytes = Uint8Array.from(hex.trim().split(/\s+/), (byte) => Number.parseInt(byte, 16));
  const instructions = code.outline(bytes, ADDRESS);
  return functionWindows({
    name: 'main.f',
    address: ADDRESS,
    bytes,
    instructions,
    jumpTable: () => jumpTable.map((offset) => ADDRESS + offset),
    effects: (it) => code.effects(bytes.subarray(it.address - ADDRESS), it.address),
    seesFaults,
    mayTrap,
  });
}

/** Where the windows are, from the function's entry, and how long. */
function places(hex: string, jumpTable?: readonly number[]): unknown {
  const found = windows(hex, jumpTable);
  if (typeof found === 'string') return found;
  const place = ({ address, original }: typeof found.entry): string =>
    `${address - ADDRESS}+${original.length}`;
  return {
    entry: place(found.entry),
    exits: found.exits.map(place),
    unseen: found.unseenReturns.map((address) => address - ADDRESS),
  };
}

describe('windows of a function', () => {
  it('are behind the check of its stack, and before each return', () => {
    // Two returns; the call returns into the middle of neither.
    expect(places(`${CHECK} ${PROLOGUE} e8 00 00 00 00 ${EPILOGUE} ${EPILOGUE}`)).toEqual({
      entry: '6+8',
      exits: ['19+6', '25+6'],
      unseen: [],
    });
  });

  it('are the check itself where a call follows the frame pointer', () => {
    const found = windows(`${CHECK} 55 48 89 e5 e8 00 00 00 00 5d c3 cc cc cc cc`);
    if (typeof found === 'string') throw new Error(found);
    expect(found.entry).toMatchObject({ address: ADDRESS, growsAt: ADDRESS + 0x26 });
    expect(found.entry.original.length).toBe(6);
    // The return and what pads the function behind it.
    expect(found.exits.map(({ address, movedBytes }) => [address - ADDRESS, movedBytes])).toEqual([[16, 0]]);
  });

  it('are not the check of a huge frame, which branches twice', () => {
    const check = '49 89 e4 49 81 ec b8 13 00 00 72 20 4d 3b 66 10 76 1a';
    expect(places(`${check} ${PROLOGUE} ${EPILOGUE}`)).toMatchObject({ entry: '18+8' });
    expect(places(`${check} 55 48 89 e5 e8 00 00 00 00 5d c3 cc cc cc cc`)).toBe(
      'there is no room for a probe where it begins',
    );
  });

  it('are the whole of a short leaf', () => {
    expect(places('48 8d 04 18 c3')).toEqual({ entry: '0+5', exits: ['0+5'], unseen: [] });
  });

  it('hold nothing that can fault: the panic must be where the program has it', () => {
    expect(places('48 8b 00 c3')).toBe('there is no room for a probe where it begins');
    expect(places('48 8b 00 48 8b 00 48 89 c1 c3')).toBe('there is no room for a probe where it begins');
  });

  it('hold no place that is jumped to', () => {
    // jmp to the return itself: three bytes before it are not enough.
    expect(places(`${CHECK} ${PROLOGUE} eb 05 31 c0 90 90 90 c3 31 c0`)).toMatchObject({ unseen: [21] });
    // A loop that leads to the first instruction.
    expect(places('48 83 c0 01 48 83 c3 01 eb f6 c3')).toBe('there is no room for a probe where it begins');
  });

  it('know where jump tables lead, and are not at returns where they do not', () => {
    const jump = `${CHECK} ${PROLOGUE} 48 8d 0d 00 01 00 00 ff 24 c1 ${EPILOGUE} ${EPILOGUE}`;
    expect(places(jump, [24, 30])).toMatchObject({ exits: ['24+6', '30+6'], unseen: [] });
    expect(places(jump, [24, 34])).toMatchObject({ exits: ['24+6'], unseen: [35] });
    expect(places(jump, [])).toMatchObject({ exits: [], unseen: [29, 35] });
  });

  it('say which distances change when they move', () => {
    // lea rax, [rip+16]; ret
    const found = windows('48 8d 05 10 00 00 00 c3');
    expect(found).toMatchObject({ entry: { distances: [3], movedBytes: 7 } });
  });

  describe('where faults are seen to', () => {
    const steps = (hex: string): unknown => {
      const found = windows(hex, [], true);
      return typeof found === 'string' ? found : found.entry.steps?.map(({ kind }) => kind).join(' ');
    };

    it('hold what may fault, with a register that is nobody’s', () => {
      const found = windows('48 8b 44 cb 08 c3', [], true);
      expect(found).toMatchObject({
        entry: {
          address: ADDRESS,
          steps: [
            { kind: 'guarded', memory: { base: 3, index: 1, scale: 8, displacement: 8 }, scratch: 12 },
            { kind: 'return' },
          ],
        },
        unseenReturns: [],
      });
      // mov r12, [rax]; mov rax, [r12]
      expect(windows('4c 8b 20 49 8b 04 24 c3', [], true)).toMatchObject({
        entry: { steps: [{ scratch: 13 }, { scratch: 13 }, {}] },
      });
      // Padding serves behind the return.
      expect(steps('48 8b 00 c3 cc cc')).toBe('guarded return');
      expect(steps('48 8b 00 c3')).toBe('there is no room for a probe where it begins');
    });

    it('hold nothing that may fault between flags and who reads them', () => {
      // cmp rax, rbx; mov rcx, [rcx]; sete al
      expect(steps('48 39 d8 48 8b 09 0f 94 c0 c3')).toBe('there is no room for a probe where it begins');
      expect(steps('48 8b 09 48 39 d8 0f 94 c0 c3')).toBe('guarded plain plain return');
      // bt leaves ZF alone, which nobody reads: on neither way.
      expect(steps('48 8b 08 0f ba e1 1f 73 03 31 c0 c3 31 db c3')).toBe(
        'guarded plain branch plain return plain return',
      );
      expect(steps('48 8b 08 0f ba e1 1f 73 01 c3 0f 94 c0 c3')).toBe(
        'there is no room for a probe where it begins',
      );
    });

    it('are touched while RSP points to the return address, where there is a frame', () => {
      expect(windows('55 48 89 e5 48 8b 00 5d c3', [], true)).toMatchObject({
        entry: { steps: [{}, {}, { kind: 'guarded', touched: 'read' }, {}, {}] },
      });
      expect(windows('55 48 89 e5 48 89 18 5d c3', [], true)).toMatchObject({
        entry: { steps: [{}, {}, { kind: 'guarded', touched: 'written' }, {}, {}] },
      });
      // Only one way leads there, and another address.
      expect(steps('55 48 89 e5 74 03 48 8b 00 5d c3')).toBe('plain plain branch');
      expect(steps('55 48 89 e5 90 48 8b 00 48 8b 00 e8 00 00 00 00 5d c3')).toBe(undefined);
    });

    it('do not hold what faults for other reasons, or never', () => {
      for (const instruction of ['48 f7 30', '0f 18 08', '48 a5', '64 48 8b 01'])
        expect(steps(`${instruction} 31 c0 c3 cc`)).not.toContain('guarded');
    });
  });

  it('may be the whole of a leaf that branches forward, and of no loop', () => {
    // test eax, eax; jl; xor eax, eax; ret; xor ebx, ebx; ret
    expect(places('85 c0 7c 03 31 c0 c3 31 db c3')).toEqual({ entry: '0+10', exits: ['0+10'], unseen: [] });
    // mov ecx, [rax]; test ecx, ecx; jz to the first: who is waited for may wait for it to be preempted.
    expect(windows('8b 08 85 c9 74 fa c3', [], true)).toBe('there is no room for a probe where it begins');
    // A jump to another function is no return.
    expect(places('85 c0 7c 03 31 c0 c3 e9 00 10 00 00')).toEqual({
      entry: '0+12',
      exits: ['0+12'],
      unseen: [7],
    });
  });

  describe('where traps may stand', () => {
    const trapped = (hex: string): unknown => {
      const found = windows(hex, [], true, true);
      if (typeof found === 'string') return found;
      const place = (site: typeof found.entry): string =>
        `${site.address - ADDRESS}+${site.original.length}${site.trapped ? ' trap' : ''}`;
      return {
        entry: place(found.entry),
        exits: found.exits.map(place),
        unseen: found.unseenReturns.map((address) => address - ADDRESS),
      };
    };

    it('are one instruction where a jump has no room', () => {
      // xor ecx, ecx; jmp to the loop’s condition; inc rcx; cmp rcx, 16; jl; ret and what it is padded with.
      const loop = '31 c9 eb 03 48 ff c1 48 83 f9 10 7c f7';
      expect(trapped(`${loop} c3 cc cc cc cc`)).toEqual({ entry: '0+2 trap', exits: ['13+5'], unseen: [] });
      expect(trapped(`${loop} c3 48 89 c8 c3`)).toEqual({
        entry: '0+2 trap',
        exits: ['13+1 trap', '17+1 trap'],
        unseen: [],
      });
      expect(trapped('eb 03 48 89 c8 48 83 f9 10 7c f7 c3')).toMatchObject({ entry: '0+2 trap' });
    });

    it('are jumps wherever these have room', () => {
      expect(trapped(`${CHECK} ${PROLOGUE} ${EPILOGUE}`)).toEqual({
        entry: '6+8',
        exits: ['14+6'],
        unseen: [],
      });
      expect(trapped(`${CHECK} ${PROLOGUE} eb 05 31 c0 90 90 90 c3 31 c0`)).toEqual({
        entry: '6+8',
        exits: ['21+1 trap'],
        unseen: [],
      });
      // A jump to another function is no return.
      expect(trapped('85 c0 7c 03 31 c0 c3 e9 00 10 00 00')).toMatchObject({ unseen: [7] });
    });

    it('are not where a loop leads to: its rounds are no calls', () => {
      expect(trapped('48 83 c0 01 48 83 c3 01 eb f6 c3')).toBe(
        'there is no room for a probe where it begins',
      );
    });
  });

  it('branch out of the function’s beginning', () => {
    // test rax, rax; jz; call; ret
    expect(windows('48 85 c0 74 06 e8 00 00 00 00 c3 c3')).toMatchObject({
      entry: { steps: [{ kind: 'plain' }, { kind: 'branch', condition: 4, target: ADDRESS + 11 }] },
    });
  });
});
