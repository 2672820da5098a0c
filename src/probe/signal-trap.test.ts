import { describe, expect, it } from 'vitest';
import type { ProbeTarget } from './port.ts';
import { giveSignalBack, TRAPS_AT, takeSignal, trapBytes, trapTable } from './signal-trap.ts';

const AREA = 0x1000;
const SCRATCH = 0x2000;
const OURS = 0x5000;
const GO = 0x40_1000;
const SIGACTION = 13;
/** SA_SIGINFO, SA_ONSTACK, SA_RESTORER, SA_RESTART */
const AS_GO = 0x1c00_0004;

/** A process with nothing but memory and what it does at SIGTRAP. */
function processWith(handler: number, flags: number) {
  const memory = new Uint8Array(0x4000);
  let action = new Uint8Array(32).fill(0xff, 24);
  const view = new DataView(action.buffer);
  view.setBigUint64(0, BigInt(handler), true);
  view.setBigUint64(8, BigInt(flags), true);
  const target: ProbeTarget = {
    threads: [],
    mapped: [],
    read: (address, length) => memory.subarray(address, address + length),
    readInto: (address, into) => into.set(memory.subarray(address, address + into.length)),
    write: (address, bytes) => memory.set(bytes, address),
    systemCall(number, [signal, now, before, length]) {
      expect([number, signal, length]).toEqual([SIGACTION, 5, 8]);
      if (before !== 0) memory.set(action, before!);
      if (now !== 0) action = memory.slice(now, now! + 32);
      return 0;
    },
  };
  const handlerNow = (): number => Number(new DataView(action.buffer).getBigUint64(0, true));
  const actionNow = (): number[] => [...action];
  const set = (other: number): void => new DataView(action.buffer).setBigUint64(0, BigInt(other), true);
  return { target, handlerNow, actionNow, set };
}

describe('the handler of traps', () => {
  it('takes the place of Go’s with its flags and mask, and gives it back', () => {
    const { target, handlerNow, actionNow } = processWith(GO, AS_GO);
    const before = actionNow();
    expect(takeSignal(target, AREA, OURS, SCRATCH)).toBe(true);
    expect(handlerNow()).toBe(OURS);
    expect(actionNow().slice(8)).toEqual(before.slice(8));
    expect(giveSignalBack(target, AREA, SCRATCH)).toBe(true);
    expect(actionNow()).toEqual(before);
  });

  it('is not put where a handler would have no stack or context, or where there is none', () => {
    for (const [handler, flags] of [
      [0, AS_GO],
      [1, AS_GO],
      [GO, 0x1400_0004],
      [GO, 0x1c00_0000],
    ] as const) {
      const { target, handlerNow } = processWith(handler, flags);
      expect(takeSignal(target, AREA, OURS, SCRATCH)).toBe(false);
      expect(handlerNow()).toBe(handler);
    }
  });

  it('stays where somebody else has put his own before it', () => {
    const { target, handlerNow, set } = processWith(GO, AS_GO);
    takeSignal(target, AREA, OURS, SCRATCH);
    set(0x9000);
    expect(giveSignalBack(target, AREA, SCRATCH)).toBe(false);
    expect(handlerNow()).toBe(0x9000);
  });
});

describe('the table of traps', () => {
  it('is in the order of addresses, behind the traps', () => {
    const bytes = trapTable([
      { address: 0x40_2000, goesOnAt: 0x50_0040 },
      { address: 0x40_1000, goesOnAt: 0x50_0000 },
    ]);
    const words = [...new BigUint64Array(bytes.buffer, TRAPS_AT)].map(Number);
    expect(words).toEqual([0x40_1001, 0x50_0000, 0x40_2001, 0x50_0040]);
    expect(bytes.length).toBe(trapBytes(2));
    expect(trapBytes(0)).toBe(0);
  });
});
