import { describe, expect, it } from 'vitest';
import { runtimeAddress } from '../base/index.ts';
import { exchangeSites } from './exchange-site.ts';
import { R9, R12, R14, RCX, RDI, type Register } from './operands.ts';

const OFFSET = 0x90;
const DISTANCE = [0x90, 0, 0, 0];
const ADDRESS = runtimeAddress(0x46_3a00);

const sitesIn = (...code: readonly number[]) =>
  exchangeSites('runtime.execute', ADDRESS, Uint8Array.from(code), OFFSET);

describe('compare and exchange of a field', () => {
  it.each<[string, readonly number[], Register, Register]>([
    ['lock cmpxchg [rdi+0x90], r8d', [0xf0, 0x44, 0x0f, 0xb1, 0x87, ...DISTANCE], RDI, 8],
    ['lock cmpxchg [rcx+0x90], edi', [0xf0, 0x0f, 0xb1, 0xb9, ...DISTANCE], RCX, RDI],
    ['lock cmpxchg [r14+0x90], ecx', [0xf0, 0x41, 0x0f, 0xb1, 0x8e, ...DISTANCE], R14, RCX],
    ['lock cmpxchg [r12+0x90], r9d', [0xf0, 0x45, 0x0f, 0xb1, 0x8c, 0x24, ...DISTANCE], R12, R9],
  ])('%s', (_, code, base, next) => {
    const sites = sitesIn(0x90, 0xf0, ...code, 0x74, 0x10);
    expect(sites).toEqual([
      {
        name: 'runtime.execute',
        address: ADDRESS + 2,
        original: Uint8Array.from(code),
        exchange: { base, next },
      },
    ]);
  });

  it.each<[string, readonly number[]]>([
    ['of another field', [0xf0, 0x0f, 0xb1, 0xb9, 0x98, 0, 0, 0]],
    ['of 64 bits', [0xf0, 0x48, 0x0f, 0xb1, 0xb9, ...DISTANCE]],
    ['without lock', [0x0f, 0xb1, 0xb9, ...DISTANCE]],
    ['with an index', [0xf0, 0x0f, 0xb1, 0xbc, 0x08, ...DISTANCE]],
    ['with a short distance', [0xf0, 0x0f, 0xb1, 0x79, 0x90, 0, 0, 0]],
    ['through rax', [0xf0, 0x0f, 0xb1, 0xb8, ...DISTANCE]],
    ['that is cut off', [0xf0, 0x0f, 0xb1, 0xb9, 0x90, 0]],
  ])('but not one %s', (_, code) => {
    expect(sitesIn(...code)).toEqual([]);
  });
});
