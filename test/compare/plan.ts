import type { CoreRequest } from '../support/cores.ts';
import { type Fixture, fixture, fixtureNames } from '../support/fixture.ts';
import { compareVersions, installedGo } from '../support/tools.ts';
import type { LiveRequest } from './live.ts';

/** Toolchains beside the installed Go: the oldest supported, classic maps late, and the first with swiss maps. */
const OTHER_TOOLCHAINS = ['1.19.13', '1.22.12', '1.24.13'];

/** Stacks, goroutines and values that change between versions of Go: compared on every toolchain. */
const ON_EVERY_TOOLCHAIN = [
  'arguments',
  'blocked-channels',
  'blocked-sync',
  'defers',
  'inlining',
  'labels',
  'nil-deref',
  'panic-nested',
  'range-over-func',
  'recursion',
  'swiss-maps',
  'values-basic',
  'values-closures',
  'values-generics',
  'values-interfaces',
  'values-maps',
  'values-slices',
  'values-structs',
  'worker-pool',
];

const AS_PIE = ['nil-deref', 'blocked-channels', 'inlining', 'values-basic', 'values-structs', 'defers'];
const WITH_CGO = ['blocked-io', 'values-library', 'nil-deref'];
const STRIPPED = ['nil-deref', 'blocked-channels', 'inlining', 'panic-in-goroutine', 'recursion'];
const ON_ARM64 = [
  'nil-deref',
  'asm-fault',
  'blocked-channels',
  'defers',
  'inlining',
  'values-structs',
  'arguments',
];
const BY_GCORE = ['blocked-sync', 'sigabrt', 'threads', 'blocked-io'];

/** Every core that is compared. */
export function comparisons(): CoreRequest[] {
  const all = fixtureNames()
    .map(fixture)
    .filter((f) => f.compare);
  const plan: CoreRequest[] = [];
  for (const f of all) {
    for (const request of variantsOf(f)) plan.push({ ...request, flags: 'opt' });
    plan.push({ ...variantsOf(f)[0]!, flags: 'noopt' });
  }
  for (const toolchain of OTHER_TOOLCHAINS.filter((version) => version !== installedGo()))
    for (const name of ON_EVERY_TOOLCHAIN)
      for (const flags of ['opt', 'noopt'] as const)
        if (compareVersions(toolchain, fixture(name).go) >= 0)
          plan.push({ ...variantsOf(fixture(name))[0]!, toolchain, flags });
  for (const name of AS_PIE) plan.push({ fixture: name, pie: true });
  for (const name of WITH_CGO) plan.push({ fixture: name, cgo: true });
  for (const name of STRIPPED) plan.push({ fixture: name, stripped: true });
  for (const name of ON_ARM64) plan.push({ fixture: name, arch: 'arm64' });
  for (const name of BY_GCORE) plan.push({ fixture: name, by: 'gcore' });
  return plan;
}

/** Programs that do the same in every run, whose functions are called with values of every kind. */
const LIVE = [
  'arguments',
  'defers',
  'inlining',
  'methods',
  'packages',
  'panic-nested',
  'panic-recovered',
  'range-over-func',
  'recursion',
  'scopes',
  'stepping',
  'values-basic',
  'values-closures',
  'values-generics',
  'values-interfaces',
  'values-maps',
  'values-slices',
  'values-strings',
  'values-structs',
];

/** Every program that is run under both. */
export function liveComparisons(): LiveRequest[] {
  const there = new Set(fixtureNames());
  const toolchains = [undefined, '1.22.12'].filter((version) => version !== installedGo());
  return LIVE.filter((name) => there.has(name)).flatMap((name) =>
    toolchains
      .filter((version) => version === undefined || compareVersions(version, fixture(name).go) >= 0)
      .flatMap((toolchain) =>
        (['opt', 'noopt'] as const).map((flags) => ({
          fixture: name,
          flags,
          ...(toolchain === undefined ? {} : { toolchain }),
        })),
      ),
  );
}

/** Programs in which Delve and Mattock are asked for the places of all functions and of many lines. */
export function placeComparisons(): LiveRequest[] {
  const toolchains = [undefined, '1.22.12', '1.19.13'].filter((version) => version !== installedGo());
  return ['inlining', 'values-generics'].flatMap((name) =>
    toolchains.flatMap((toolchain) =>
      (['opt', 'noopt'] as const).map((flags) => ({
        fixture: name,
        flags,
        ...(toolchain === undefined ? {} : { toolchain }),
      })),
    ),
  );
}

function variantsOf(f: Fixture): CoreRequest[] {
  return f.variants.length === 0
    ? [{ fixture: f.name }]
    : f.variants.map((variant) => ({ fixture: f.name, variant }));
}
