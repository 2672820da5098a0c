import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CallRecording, type FollowedCalls } from '../../src/engine/trace/call-recording.ts';
import type { CallLayout } from '../../src/trace/calls/call-layout.ts';
import { namePattern } from '../../src/trace/calls/name-pattern.ts';
import { buildGo } from '../support/go-build.ts';

const folder = mkdtempSync(join(tmpdir(), 'mattock-call-end-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Told {
  ended: number;
  lost: number;
  /** Results of calls, as far as they are kept, that are not what was passed and one. */
  readonly wrong: { readonly passed: number; readonly result: number }[];
}

const firstOf = ({ values }: CallLayout, record: Uint8Array): number =>
  Number(new DataView(record.buffer, record.byteOffset).getBigInt64(values[0]!.pieces[0]!.at, true));

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
  const told: Told = { ended: 0, lost: 0, wrong: [] };
  const calls = recording.follow({
    wants: () => true,
    began: () => {},
    ended({ function: { layouts }, record }, end) {
      told.ended++;
      if (!values || end.outcome !== 'returned') return;
      const passed = firstOf(layouts.entry, record);
      const result = firstOf(layouts.exit, end.record!);
      if (result !== passed + 1) told.wrong.push({ passed, result });
    },
    orphan: () => {},
    lost: (count) => {
      told.lost += count;
    },
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

it('gives no call the return of another one where records were dropped between them', async () => {
  await withHot(true, async (calls, told) => {
    for (let gaps = 0; gaps < 20; ) {
      const { lost } = told;
      calls.drain();
      if (told.lost > lost) gaps++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await calls.stop();
    await calls.tellRest(() => false);
    expect(told.ended).toBeGreaterThan(1000);
    expect(told.wrong).toEqual([]);
  });
});
