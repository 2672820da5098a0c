import { describe, expect, it } from 'vitest';
import { buildGo, hasToolchain } from '../support/go-build.ts';
import { hasProgram } from '../support/tools.ts';
import { SESSIONS, torture } from './torture.ts';

/** `npm run torture -- [seconds]`: of each program. */
const seconds = Number(process.env.MATTOCK_TORTURE_SECONDS ?? 0);
const source = 'test/fixtures/torture';

interface TorturedBuild {
  readonly name: string;
  readonly toolchain?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const STATIC: TorturedBuild['env'] = { CGO_ENABLED: '0' };
const WITH_C: TorturedBuild['env'] = { CGO_ENABLED: '1' };

const PROGRAMS: readonly TorturedBuild[] = [
  { name: 'a static program', env: STATIC },
  { name: 'a program with C in it, at any address', flags: ['-buildmode=pie'], env: WITH_C },
];

/** Where there is time. */
const MORE_PROGRAMS: readonly TorturedBuild[] = [
  { name: 'a program that is not optimised', flags: ['-gcflags=all=-N -l'], env: STATIC },
  { name: 'a program that looks for races', flags: ['-race'], env: WITH_C },
  {
    name: 'a program without symbols, at any address',
    flags: ['-buildmode=pie', '-ldflags=-s -w'],
    env: STATIC,
  },
  ...['go1.24.13', 'go1.22.12', 'go1.19.13'].flatMap((toolchain) => [
    { name: `a static program of ${toolchain}`, toolchain, env: STATIC },
    {
      name: `a program of ${toolchain} with C in it, at any address`,
      toolchain,
      flags: ['-buildmode=pie'],
      env: WITH_C,
    },
  ]),
];

const possible = process.platform === 'linux' && process.arch === 'x64';

describe.skipIf(!possible)('probes that come and go', () => {
  for (const { name, ...build } of seconds > 0 ? [...PROGRAMS, ...MORE_PROGRAMS] : PROGRAMS) {
    const missing = build.env === WITH_C && !hasProgram('gcc');
    it.skipIf(missing || !hasToolchain(build.toolchain))(
      `change nothing of ${name}`,
      { timeout: (seconds + 600) * 1000 },
      async () => {
        const report = await torture(buildGo({ source, ...build }), seconds * 1000);
        expect(report.sessions).toBeGreaterThanOrEqual(SESSIONS.length);
        expect(report.goroutineEvents).toBeGreaterThan(0);
        expect(report.calls).toBeGreaterThan(0);
        if (seconds > 0) process.stdout.write(`${name}: ${JSON.stringify(report)}\n`);
      },
    );
  }
});
