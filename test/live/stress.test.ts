import { describe, expect, it } from 'vitest';
import { missing } from './stand.ts';
import { stress } from './stress.ts';

/** `MATTOCK_STRESS_SECONDS=150 npx vitest run test/live/stress.test.ts`; `MATTOCK_STRESS_SEED` does one again. */
const seconds = Number(process.env.MATTOCK_STRESS_SECONDS ?? 10);
const seed = Number(process.env.MATTOCK_STRESS_SEED ?? Date.now() % 2 ** 31);

describe.skipIf(missing !== undefined)('commands by chance', () => {
  it('leave a running program as it was', { timeout: (seconds + 60) * 1000 }, async () => {
    const report = await stress(seed, seconds * 1000);
    expect(report.sessions).toBeGreaterThan(0);
    expect(report.refused).toBeLessThan(report.commands);
    if (process.env.MATTOCK_STRESS_SECONDS !== undefined) process.stdout.write(`${JSON.stringify(report)}\n`);
  });
});
