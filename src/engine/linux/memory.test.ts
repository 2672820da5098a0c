import { afterEach, describe, expect, it } from 'vitest';
import { PTRACE_O } from '../../target/process/kernel.ts';
import { openKernel } from './open-kernel.ts';
import { kill, missing, next, registersOf, start, WORD } from './testing/debuggee.ts';

const PAGE = 4096;

describe.skipIf(missing !== undefined)('memory', async () => {
  const kernel = await openKernel();
  let pid = 0;
  /** Runs to where the program tells of an address. */
  const begin = (mode: string): number => {
    pid = start(kernel, [mode], PTRACE_O.EXEC | PTRACE_O.EXIT);
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('stopped 5');
    return Number(registersOf(kernel, pid)[WORD.rdi]);
  };
  afterEach(() => {
    if (pid !== 0) kill(kernel, pid);
    pid = 0;
  });

  it('reads as far as there is something, pages without permission too', () => {
    const pages = begin('pages');
    const into = new Uint8Array(4 * PAGE);
    expect(kernel.readMemory(pid, pages, into)).toBe(3 * PAGE);
    expect([0, 1, 2, 3].map((page) => into[page * PAGE + 5])).toEqual([1, 2, 3, 0]);
    expect(kernel.readMemory(pid, pages + PAGE - 2, into.subarray(100, 104))).toBe(4);
    expect([...into.subarray(99, 105)]).toEqual([1, 1, 1, 2, 2, 1]);
    expect(kernel.readMemory(pid, pages + 3 * PAGE, into)).toBe(0);
    expect(kernel.readMemory(pid, pages + 3 * PAGE - 3, into)).toBe(3);
    expect(kernel.readMemory(pid, 0, into)).toBe(0);
    expect(kernel.readMemory(pid, 2 ** 52, into)).toBe(0);
    expect(kernel.readMemory(pid, pages, new Uint8Array(0))).toBe(0);
  });

  it('writes as far as there is something', () => {
    const pages = begin('pages');
    const from = new Uint8Array(PAGE).fill(9);
    expect(kernel.writeMemory(pid, pages + 3 * PAGE - 10, from)).toBe(10);
    expect(kernel.writeMemory(pid, pages + 3 * PAGE, from)).toBe(0);
    expect(kernel.writeMemory(pid, pages + PAGE, from.subarray(0, 1))).toBe(1);
    const into = new Uint8Array(11);
    kernel.readMemory(pid, pages + 3 * PAGE - 11, into);
    expect([...into]).toEqual([3, ...Array(10).fill(9)]);
  });

  it('gathers pieces, up to the first that is not there', () => {
    const pages = begin('pages');
    const read = (pieces: readonly (readonly [number, number])[], room = 64): number[] => {
      const addresses = Float64Array.from(pieces, ([address]) => pages + address);
      const lengths = Uint32Array.from(pieces, ([, length]) => length);
      const into = new Uint8Array(room);
      return [...into.subarray(0, kernel.readScattered(pid, addresses, lengths, into))];
    };
    expect(read([])).toEqual([]);
    expect(
      read([
        [2 * PAGE, 2],
        [0, 1],
        [PAGE, 2],
        [5, 0],
        [2 * PAGE, 1],
      ]),
    ).toEqual([3, 3, 1, 2, 2, 3]);
    expect(
      read([
        [2 * PAGE, 2],
        [3 * PAGE - 1, 3],
        [0, 1],
      ]),
    ).toEqual([3, 3, 3]);
    expect(
      read([
        [3 * PAGE, 3],
        [0, 1],
      ]),
    ).toEqual([]);
    expect(
      read(
        [
          [0, 3],
          [0, 3],
        ],
        5,
      ),
    ).toEqual([1, 1, 1]);
    const many = Array.from({ length: 2500 }, (_, index) => [index % 2 === 0 ? index : 2 * PAGE, 2] as const);
    const got = read(many, 5000);
    expect(got).toEqual(many.flatMap(([, length], index) => Array(length).fill(index % 2 === 0 ? 1 : 3)));
  });

  it('reads and writes the new address space after an exec, not the one before', () => {
    begin('exec');
    const text = Number(registersOf(kernel, pid)[WORD.rip]);
    const byte = new Uint8Array(1);
    kernel.readMemory(pid, text, byte);
    expect(kernel.writeMemory(pid, text, byte)).toBe(1);
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('stopped 5 event 4');
    expect(kernel.writeMemory(pid, text, Uint8Array.of(byte[0]! ^ 0xff))).toBe(1);
    const after = new Uint8Array(1);
    kernel.readMemory(pid, text, after);
    expect(after[0]).toBe(byte[0]! ^ 0xff);
  });

  it('gives nothing of a process that has died', () => {
    const pages = begin('pages');
    kernel.writeMemory(pid, pages, Uint8Array.of(1));
    kernel.kill(pid, 9);
    while (next(kernel, pid).startsWith('stopped')) kernel.cont(pid, 0);
    expect(kernel.readMemory(pid, pages, new Uint8Array(8))).toBe(0);
    expect(kernel.writeMemory(pid, pages, new Uint8Array(8))).toBe(0);
  });

  it('reads procfs', () => {
    begin('pages');
    expect(Buffer.from(kernel.procFile(pid, 'maps')!).toString()).toMatch(/\[stack\]/);
    expect(kernel.procFile(pid, 'auxv')!.length % 16).toBe(0);
    expect(kernel.procFile(pid, `task/${pid}/stat`)!.length).toBeGreaterThan(50);
    expect(kernel.procLink(pid, 'fd/1')).toBe('/dev/null');
    expect(kernel.procFolder(pid, 'task')).toEqual([String(pid)]);
  });
});
