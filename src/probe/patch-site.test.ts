import { describe, expect, it } from 'vitest';
import { runtimeAddress } from '../base/index.ts';
import { patchBytes, patchSite } from './patch-site.ts';

const ENTRY = runtimeAddress(0x40_1000);
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const TAIL = ' 4889442468 90909090';

/** Beginnings of functions as Go's compilers of these versions make them. */
const BEGINNINGS: readonly (readonly [what: string, code: string, offset: number, window: string])[] = [
  ['nosplit, go1.26', '55 4889e5 4883ec58', 0, '55 4889e5 4883ec58'],
  ['nosplit with a large frame', '55 4889e5 4881eca0000000', 0, '55 4889e5 4881eca0000000'],
  ['checked, near', '493b6610 7662 55 4889e5 4883ec10', 6, '55 4889e5 4883ec10'],
  ['checked, far', '493b6610 0f865b020000 55 4889e5 4883ec50', 10, '55 4889e5 4883ec50'],
  ['checked against the second guard', '493b6618 0f8624020000 55 4889e5 4883ec40', 10, '55 4889e5 4883ec40'],
  [
    'large',
    '4c8da42458ffffff 4d3b6610 0f86090c0000 55 4889e5 4881ec20010000',
    18,
    '55 4889e5 4881ec20010000',
  ],
  [
    'large, short lea',
    '4c8d642490 4d3b6610 0f86c4030000 55 4889e5 4881ece8000000',
    15,
    '55 4889e5 4881ece8000000',
  ],
  ['of 128 bytes', '4c8d6424f8 4d3b6610 0f8640050000 55 4889e5 4883c480', 15, '55 4889e5 4883c480'],
  [
    'huge',
    '4989e4 4981ecb8130000 0f82c5b40000 4d3b6610 0f86bbb40000 55 4889e5 4881ec30140000',
    26,
    '55 4889e5 4881ec30140000',
  ],
  [
    'huge, near',
    '4989e4 4981ecb8130000 7262 4d3b6610 765c 55 4889e5 4881ec30140000',
    18,
    '55 4889e5 4881ec30140000',
  ],
  ['go1.19', '493b6610 7657 4883ec18 48896c2410', 6, '4883ec18 48896c2410'],
  ['go1.19, of 128 bytes', '493b6610 7657 4883c480 48896c2478', 6, '4883c480 48896c2478'],
  ['go1.19 with a large frame', '4881ec98000000 4889ac2490000000', 0, '4881ec98000000'],
];

describe('where a function is patched', () => {
  it.each(BEGINNINGS)('%s', (_, code, offset, window) => {
    const site = patchSite('f', ENTRY, bytes(code + TAIL));
    expect(site).toEqual({ name: 'f', address: ENTRY + offset, original: bytes(window) });
  });

  it.each([
    ['no frame', '4889c3 c3 9090909090'],
    ['a check without its branch', '493b6610 55 4889e5 4883ec10'],
    ['a large frame without its check', '4c8d642490 55 4889e5 4883ec10'],
    ['a huge frame without its first branch', '4989e4 4981ecb8130000 4d3b6610 765c 55 4889e5 4883ec10'],
    ['a push that is not the frame pointer', '53 4889e5 4883ec10'],
    ['cut off', '493b6610 7662 55 4889e5 4883'],
    ['a jump of somebody else', 'e900000000 90909090'],
    ['a frame of go1.19 without its save', '4883ec18 c3 90909090'],
  ])('refuses %s', (_, code) => {
    expect(patchSite('f', ENTRY, bytes(code))).toBeUndefined();
  });

  it('puts a jump there, and traps behind it', () => {
    const site = patchSite('f', ENTRY, bytes(`55 4889e5 4883ec58${TAIL}`))!;
    expect(Buffer.from(patchBytes(site, 0x1040_1000)).toString('hex')).toBe('e9fbffff0fcccccc');
    expect(Buffer.from(patchBytes(site, 0x40_0000)).toString('hex')).toBe('e9fbefffffcccccc');
  });
});
