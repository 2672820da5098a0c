import { expect, test } from 'vitest';
import { fixture } from '../../../test/support/fixture.ts';
import { type CoreRequest, fixtureProgram, missingForCore } from '../../golang/testing/fixture-program.ts';
import { compared, conditionsOf, frameIn, lineStarts, standAt } from './testing/stand.ts';

/** Where a line begins, variables are still in the registers that others take later. */
const OTHER_PLACES = 3;
const EXPRESSIONS_THERE = 10;

const requests: CoreRequest[] = [
  { fixture: 'values-basic', flags: 'noopt' },
  { fixture: 'values-basic' },
  { fixture: 'values-structs', flags: 'noopt' },
  { fixture: 'values-slices', flags: 'noopt', pie: true },
  { fixture: 'values-closures' },
  { fixture: 'values-generics', flags: 'noopt' },
  { fixture: 'arguments' },
  { fixture: 'arguments', arch: 'arm64' },
  { fixture: 'inlining' },
];

test.each(requests.filter((request) => missingForCore(request) === undefined))(
  'a compiled condition says what print says: %o',
  async (request) => {
    const { program } = await fixtureProgram(request);
    const counts = { quick: 0, general: 0, error: 0 };
    for (const { in: name, expressions } of fixture(request.fixture).evaluate) {
      const frame = frameIn(program, name);
      if (frame === undefined) continue;
      const elsewhere = lineStarts(frame).slice(0, OTHER_PLACES);
      for (const pc of [frame.pc, ...elsewhere]) {
        const stand = standAt(program, frame, pc);
        const some = pc === frame.pc ? expressions : expressions.slice(0, EXPRESSIONS_THERE);
        for (const text of some.flatMap((expression) => conditionsOf(stand, expression))) {
          const { how, agree, found, expected } = compared(stand, text);
          counts[how]++;
          if (!agree) expect({ pc, text, found }).toEqual({ pc, text, found: expected });
        }
      }
    }
    expect(counts.quick).toBeGreaterThan(10);
  },
);
