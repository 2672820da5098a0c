import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CallRecording, type FollowedCalls } from '../../src/engine/trace/call-recording.ts';
import { namePattern } from '../../src/trace/calls/name-pattern.ts';
import { buildGo } from '../support/go-build.ts';

const folder = mkdtempSync(join(tmpdir(), 'mattock-call-end-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Told {
  ended: number;
}

/** With a function that is called all the time, after more than a thousand calls that nobody was told of. */
async function withHot(
  values: boolean,
  action: (calls: FollowedCalls, told: Told) => Promise<void>,
): Promise<void> {
  const stdout = join(folder, String(values));
  const recording = await CallRecording.start({
    subject: {
      kind: 'launch',
      program: { path: buildGo({ source: 'test/fixtures/callend-hot' }) },
      args: [],
      terminal: { kind: 'files', stdout },
      fixedAddresses: false,
    },
    lossless: false,
    request: { pattern: namePattern('main.tiny'), followCalls: 0, frames: 0 },
    values,
  });
  const told = { ended: 0 };
  const calls = recording.follow({
    wants: () => true,
    began: () => {},
    ended: () => {
      told.ended++;
    },
    orphan: () => {},
    lost: () => {},
  });
  try {
    while (!readFileSync(stdout, 'utf8').includes('a thousand'))
      await new Promise((resolve) => setTimeout(resolve, 5));
    await action(calls, told);
  } finally {
    await calls.stop();
    process.kill(recording.pid, 'SIGKILL');
  }
}

describe.each([{ values: false }, { values: true }])(
  'the end of tracing calls, values $values',
  ({ values }) => {
    it('takes the probes out first, and tells of what had come then', async () => {
      await withHot(values, async (calls, told) => {
        await calls.stop();
        expect(told.ended).toBe(0);
        expect(await calls.tellRest(() => false)).toBe(0);
        expect(told.ended).toBeGreaterThanOrEqual(1000);
      });
    });

    it('counts what is not told when nobody waits for it', async () => {
      await withHot(values, async (calls, told) => {
        await calls.stop();
        expect(await calls.tellRest(() => true)).toBeGreaterThanOrEqual(2000);
        expect(told.ended).toBe(0);
      });
    });

    it('is noticed while more comes than is told', async () => {
      await withHot(values, async (calls, told) => {
        calls.drain();
        const { ended } = told;
        expect(ended).toBeGreaterThan(0);
        await calls.stop();
        expect(told.ended).toBe(ended);
      });
    });
  },
);
