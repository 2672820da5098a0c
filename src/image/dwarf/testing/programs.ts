import { buildGo, hasToolchain } from '../../../../test/support/go-build.ts';
import { compareVersions, installedGo } from '../../../../test/support/tools.ts';
import { hasProgram } from '../../testing/builds.ts';

/** A real program for the tests to read. */
export interface Program {
  readonly name: string;
  readonly available: boolean;
  build(): string;
}

const SAMPLE = 'src/image/testing/sample';
const CGO = 'test/fixtures/cgo-callback';

function program(
  name: string,
  source: string,
  toolchain?: string,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Program {
  const needsC = source === CGO;
  return {
    name: `${name}, ${toolchain ?? 'installed Go'}`,
    available: hasToolchain(toolchain) && (!needsC || (hasProgram('cc') && process.arch === 'x64')),
    build: () =>
      buildGo({
        source,
        flags,
        ...(toolchain === undefined ? {} : { toolchain }),
        env: { GOARCH: 'amd64', CGO_ENABLED: needsC ? '1' : '0', ...env },
      }),
  };
}

const UNOPTIMISED = ['-gcflags=all=-N -l'];

/** DWARF 4 and 5, optimised and not, both architectures, and with C in it. */
export const PROGRAMS: readonly Program[] = [
  program('optimised', SAMPLE),
  program('unoptimised', SAMPLE, undefined, UNOPTIMISED),
  program('arm64', SAMPLE, undefined, [], { GOARCH: 'arm64' }),
  program('position-independent', SAMPLE, undefined, ['-buildmode=pie']),
  // Before Go 1.25 there is only DWARF 4, and no experiment of that name.
  ...(compareVersions(installedGo() ?? '0', '1.25') >= 0
    ? [program('DWARF 4 by experiment', SAMPLE, undefined, [], { GOEXPERIMENT: 'nodwarf5' })]
    : []),
  program('optimised', SAMPLE, 'go1.24.13'),
  program('optimised', SAMPLE, 'go1.19.13'),
  program('unoptimised', SAMPLE, 'go1.19.13', UNOPTIMISED),
  program('with C', CGO),
  program('with C', CGO, 'go1.19.13'),
  program('with C in 64-bit DWARF', CGO, undefined, [], { CGO_CFLAGS: '-g -O2 -gdwarf64' }),
];

/** The sections of a program's DWARF, for damaging. */
export const DEBUG_SECTIONS = [
  '.debug_info',
  '.debug_abbrev',
  '.debug_line',
  '.debug_loc',
  '.debug_loclists',
  '.debug_ranges',
  '.debug_rnglists',
  '.debug_addr',
  '.debug_str',
  '.debug_line_str',
] as const;
