import { describe, expect, it } from 'vitest';
import { ByteBuilder } from '../base/testing/byte-builder.ts';
import { parseSignalInfo } from './signal-info.ts';
import { describeSignal, describeSignalCode } from './signals.ts';

const info = (signo: number, code: number, a: number, b: number) =>
  parseSignalInfo(new ByteBuilder().u32(signo).u32(0).u32(code).u32(0).u32(a).u32(b).zeros(104).build());

describe('siginfo', () => {
  it('has the address of a fault', () => {
    expect(info(11, 1, 0x10, 0)).toEqual({ signo: 11, code: 1, errno: 0, address: 0x10, sender: undefined });
    expect(info(8, 1, 0x401000, 0)!.address).toBe(0x401000);
  });

  it('has the sender of a signal that was sent, even if it is one of faults', () => {
    expect(info(6, -6, 100, 1000)).toMatchObject({ address: undefined, sender: { pid: 100, uid: 1000 } });
    expect(info(11, 0, 100, 1000)).toMatchObject({ address: undefined, sender: { pid: 100, uid: 1000 } });
  });

  it('has no address where the kernel knows none', () => {
    expect(info(11, 0x80, 0, 0)).toMatchObject({ address: undefined, sender: undefined });
    expect(parseSignalInfo(new Uint8Array(20))).toBeUndefined();
  });
});

describe('signals in words', () => {
  it('are named with their meaning', () => {
    expect(describeSignal(11)).toEqual({ name: 'SIGSEGV', meaning: 'segmentation violation' });
    expect(describeSignal(40).meaning).toBe('real-time signal 40');
    expect(describeSignal(-3)).toEqual({ name: 'signal -3', meaning: 'unknown signal' });
  });

  it('say why by their code, which means another thing for every signal', () => {
    expect(describeSignalCode(11, 1)).toEqual({ name: 'SEGV_MAPERR', meaning: 'address not mapped' });
    expect(describeSignalCode(8, 1).name).toBe('FPE_INTDIV');
    expect(describeSignalCode(6, -6).name).toBe('SI_TKILL');
    expect(describeSignalCode(11, 0x80).name).toBe('SI_KERNEL');
    expect(describeSignalCode(2, 77)).toEqual({ name: 'code 77', meaning: 'unknown reason' });
  });
});
