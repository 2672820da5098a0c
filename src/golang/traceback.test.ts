import { describe, expect, test } from 'vitest';
import { compareWithTraceback, parseTraceback } from '../../test/compare/traceback.ts';
import { goid } from '../base/index.ts';
import type { Program } from './program.ts';
import { type CoreRequest, fixtureProgram, missingForCore } from './testing/fixture-program.ts';

/**
 * Goroutines, states, wait reasons, go statements and stacks against what the program printed itself with
 * GOTRACEBACK=crash, over the builds that differ in how the runtime is laid out and found.
 */
const BUILDS: readonly Omit<CoreRequest, 'fixture'>[] = [
  {},
  { flags: 'noopt' },
  { pie: true },
  { stripped: true },
  { toolchain: '1.19.13' },
  { toolchain: '1.19.13', stripped: true },
  { toolchain: '1.22.12', flags: 'noopt' },
  { toolchain: '1.24.13' },
  { toolchain: '1.24.13', stripped: true },
  { arch: 'arm64' },
];
const FIXTURES = ['nil-deref', 'blocked-channels', 'panic-in-goroutine'];

const requests = BUILDS.flatMap((build) => FIXTURES.map((fixture): CoreRequest => ({ fixture, ...build })));

function answers(program: Program, ids: readonly number[]) {
  return ids.flatMap((id) => {
    const goroutine = program.goroutine(goid(id));
    if (goroutine === undefined) return [];
    const { frames, end } = program.stackOf(goroutine, 1000);
    const place = (location: {
      function: string | undefined;
      position: { file: string; line: number } | undefined;
    }) => ({
      function: location.function ?? '',
      file: location.position?.file ?? '',
      line: location.position?.line ?? 0,
    });
    return [
      {
        id,
        state: goroutine.state,
        waitReason: goroutine.waitReason ?? '',
        thread: goroutine.thread ?? 0,
        labels: {},
        user: place(goroutine.userLocation),
        start: place(goroutine.startLocation),
        goStatement: place(goroutine.goStatementLocation),
        frames: frames.map((frame) => ({ ...place(frame), pc: frame.pc, variables: undefined })),
        problem: end.kind === 'broken' ? end.reason : '',
      },
    ];
  });
}

describe.each(requests)('%j', (request) => {
  test.skipIf(missingForCore(request) !== undefined)('says what the program said of itself', async () => {
    const { program, traceback } = await fixtureProgram(request);
    const printed = parseTraceback(traceback);
    expect(printed.length).toBeGreaterThan(0);
    expect(program.runtime?.layouts).toBe(request.stripped ? 'table' : 'dwarf');
    const mine = answers(
      program,
      printed.map(({ id }) => id),
    );
    const tally = compareWithTraceback(printed, { goroutines: mine, expressions: [] } as never);
    expect(tally.differences).toEqual([]);
    expect(mine.filter(({ problem }) => problem !== '')).toEqual([]);
  });
});
