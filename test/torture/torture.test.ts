import { describe, expect, it } from 'vitest';
import { buildGo } from '../support/go-build.ts';
import { hasProgram } from '../support/tools.ts';
import { SESSIONS, torture } from './torture.ts';

/** `npm run torture -- [seconds]`: of each program. */
const seconds = Number(process.env.MATTOCK_TORTURE_SECONDS ?? 0);
const source = 'test/fixtures/torture';

const PROGRAMS = [
  { name: 'a static program', flags: [], env: { CGO_ENABLED: '0' } },
  { name: 'a program with C in it, at any address', flags: ['-buildmode=pie'], env: { CGO_ENABLED: '1' } },
] as const;

const possible = process.platform === 'linux' && process.arch === 'x64';

describe.skipIf(!possible)('probes that come and go', () => {
  for (const { name, flags, env } of PROGRAMS) {
    it.skipIf(env.CGO_ENABLED === '1' && !hasProgram('gcc'))(
      `change nothing of ${name}`,
      { timeout: (seconds + 120) * 1000 },
      async () => {
        const report = await torture(buildGo({ source, flags, env }), seconds * 1000);
        expect(report.sessions).toBeGreaterThanOrEqual(SESSIONS.length);
        expect(report.goroutineEvents).toBeGreaterThan(0);
        expect(report.calls).toBeGreaterThan(0);
        if (seconds > 0) process.stdout.write(`${name}: ${JSON.stringify(report)}\n`);
      },
    );
  }
});
