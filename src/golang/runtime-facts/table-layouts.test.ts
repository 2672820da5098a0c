import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { builtFixture, missingForBuild } from '../../../test/support/builds.ts';
import { BytesSource } from '../../base/index.ts';
import { testPlatform } from '../../base/testing/platform.ts';
import { openImage } from '../../image/index.ts';
import { goMinor } from '../go-version.ts';
import { dwarfLayouts, Layouts } from './layouts.ts';
import * as scheduling from './scheduling.ts';
import * as structs from './structs.ts';
import { tableLayouts } from './table-layouts.ts';

const builds = [
  {},
  { toolchain: '1.19.13' },
  { toolchain: '1.22.12' },
  { toolchain: '1.24.13' },
  { arch: 'arm64' },
] as const;

describe.each(builds)('%j', (build) => {
  const request = { fixture: 'nil-deref', ...build };
  test.skipIf(missingForBuild(request) !== undefined)('the table says what DWARF says', () => {
    const { executable } = builtFixture(request);
    const image = openImage(new BytesSource(executable, readFileSync(executable)), testPlatform);
    const table = tableLayouts(goMinor(image.buildInfo!.goVersion)!, image.arch);
    const dwarf = dwarfLayouts(image.debugInfo!);
    let compared = 0;
    for (const struct of [...Object.values(structs), ...Object.values(scheduling)]) {
      const real = dwarf.measure(struct);
      // Types of packages that this program does not use are not in its DWARF.
      if (real === undefined) continue;
      const known = table.measure(struct);
      const present = Object.entries(real.offsets).filter(([, offset]) => offset !== undefined);
      expect({ name: struct.names[0], size: known?.size, ...known?.offsets }).toEqual({
        name: struct.names[0],
        size: real.size,
        ...Object.fromEntries(present),
      });
      compared++;
    }
    expect(compared).toBeGreaterThan(25);
  });
});

test('a newer Go is read as the newest that is known', () => {
  const newest = tableLayouts(26, 'amd64').measure(structs.G);
  expect(newest?.size).toBeGreaterThan(400);
  expect(tableLayouts(99, 'amd64').measure(structs.G)).toEqual(newest);
  expect(tableLayouts(18, 'amd64').measure(structs.G)).toBeUndefined();
});

test('wait reasons have the words of their version', () => {
  expect(tableLayouts(19, 'amd64').waitReason?.(10)).toBe('select (no cases)');
  expect(tableLayouts(26, 'amd64').waitReason?.(0)).toBeUndefined();
  expect(tableLayouts(26, 'amd64').waitReason?.(14)).toBe('sleep');
  expect(tableLayouts(26, 'amd64').waitReason?.(9999)).toBeUndefined();
});

test('what the table does not have is an error that says so', () => {
  const layouts = new Layouts(tableLayouts(18, 'amd64'), 'go1.18');
  expect(() => layouts.of(structs.G)).toThrow('the layout of runtime.g of go1.18 is not known');
  expect(layouts.tryOf(structs.G)).toBeUndefined();
});
