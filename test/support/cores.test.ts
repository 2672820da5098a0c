import { openSync, readSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CoreRequest, coreOf, missingForCore } from './cores.ts';
import { fixture, fixtureNames } from './fixture.ts';

const requests: CoreRequest[] = [
  { fixture: 'nil-deref' },
  { fixture: 'nil-deref', flags: 'noopt', pie: true },
  { fixture: 'nil-deref', stripped: true },
  { fixture: 'nil-deref', toolchain: '1.19.13' },
  { fixture: 'nil-deref', arch: 'arm64' },
  { fixture: 'sigabrt', by: 'gcore' },
  { fixture: 'sigabrt', by: 'kernel' },
  { fixture: 'cgo-fault' },
  { fixture: 'c-only' },
];

describe('cores of fixtures', () => {
  for (const request of requests) {
    it(JSON.stringify(request), async (context) => {
      const missing = missingForCore(request);
      if (missing !== undefined) context.skip(missing);
      const made = await coreOf(request);
      const header = Buffer.alloc(20);
      readSync(openSync(made.core, 'r'), header, 0, 20, 0);
      expect(header.toString('latin1', 1, 4)).toBe('ELF');
      expect(header.readUInt16LE(16)).toBe(4); // ET_CORE
      expect(header.readUInt16LE(18)).toBe(request.arch === 'arm64' ? 183 : 62);
    });
  }

  it('has a declaration for each fixture', () => {
    const names = fixtureNames();
    expect(names.length).toBeGreaterThanOrEqual(45);
    for (const name of names) expect(fixture(name).why).not.toBe('');
  });
});
