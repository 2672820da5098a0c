import { afterEach, describe, expect, it } from 'vitest';
import { type Build, buildLabel, missingForBuild } from '../support/builds.ts';
import { LIVE_BUILDS, type LiveSession, launch } from './live-session.ts';

let session: LiveSession | undefined;
afterEach(async () => {
  await session?.close();
  session = undefined;
});

interface Row {
  readonly places: readonly { readonly address: string; readonly function: string }[];
}

const builds: readonly Omit<Build, 'fixture'>[] = [...LIVE_BUILDS, { flags: 'opt', pie: true }];

describe.each(builds)('breakpoints by every kind of place', (build) => {
  const inlining = { ...build, fixture: 'inlining' };
  const missing = missingForBuild(inlining);
  const name = buildLabel(inlining);
  const optimised = build.flags === 'opt';

  it.skipIf(missing)(`${name}: are set at each copy, and are hit`, async () => {
    session = await launch(inlining, []);
    const { result } = await session.json('break main.(*vec).getX');
    const { places } = result as unknown as Row;
    if (optimised) expect(places.length).toBeGreaterThan(1);
    else expect(places.length).toBe(1);
    const stop = (await session.json('continue')).result;
    expect(stop).toMatchObject({ causes: [{ id: 1, hits: 1 }], location: { function: 'main.(*vec).getX' } });
  });

  it.skipIf(missing)(
    `${name}: by function, line of it, file and line, distance, address, pattern`,
    async () => {
      session = await launch(inlining, []);
      const at = async (where: string) =>
        ((await session!.json(`break ${where}`)).result as unknown as Row).places.map(
          ({ address }) => address,
        );
      const function_ = await at('main.outer');
      expect(function_).toHaveLength(1);
      // Another breakpoint at the same place is refused.
      expect(await session.failure('break outer')).toBe('breakpoint 1 is there already');
      await session.text('clearall');
      expect(await at('outer')).toEqual(function_);
      await session.text('clearall');
      expect(await at('/^main\\.outer$/')).toEqual(function_);
      await session.text('clearall');
      expect(await at(`*${function_[0]}`)).toEqual(function_);
      await session.text('clearall');
      expect(await at('*main.outer')).toEqual(function_);
      await session.text('continue');
      const here = (await session.json('stack 1')).result as unknown as {
        frames: { file: string; line: number }[];
      };
      const { file, line } = here.frames[0]!;
      await session.text('clearall');
      expect(await at('+0')).toEqual(function_);
      await session.text('clearall');
      const byFunction = await at('main.outer:2');
      await session.text('clearall');
      expect(byFunction).toEqual(await at(`main.go:${line + 2}`));
      await session.text('clearall');
      const found: string[][] = [];
      for (const same of ['+1', `${line + 1}`, `${file}:${line + 1}`, `main.go:${line + 1}`]) {
        found.push(await at(same));
        await session.text('clearall');
      }
      expect(found[0]!.length).toBeGreaterThan(0);
      for (const other of found) expect(other).toEqual(found[0]);
    },
  );

  it.skipIf(missing)(`${name}: refuse what is ambiguous or has no code, and say what there is`, async () => {
    session = await launch(inlining, []);
    expect(await session.failure('break String')).toMatch(/^String means \d+ places:\n {2}/);
    expect(await session.failure('break main.go:3')).toMatch(/^there is no code at .*main\.go:3$/);
    // What is linked dynamically may still get it.
    if (!build.pie) expect(await session.failure('break nosuch')).toBe('nothing is called nosuch');
  });
});

describe.each(LIVE_BUILDS)('a closure', (build) => {
  const closures = { ...build, fixture: 'values-closures' };
  it.skipIf(missingForBuild(closures))(
    `${buildLabel(closures)}: shows what it captured where it begins`,
    async () => {
      session = await launch(closures, []);
      const text = await session.text('break /^main\\.show\\.func\\d+$/');
      expect(text).toContain('Breakpoint 1 set');
      await session.text('continue');
      const locals = (await session.json('locals')).result as unknown as { variables?: { text: string }[] };
      for (const { text: shown } of locals.variables ?? []) expect(shown).not.toContain('unreadable');
    },
  );
});

describe.each(LIVE_BUILDS.filter(({ flags }) => flags === 'opt'))('tracepoints', (build) => {
  const inlining = { ...build, fixture: 'inlining' };
  it.skipIf(missingForBuild(inlining))(
    `${buildLabel(inlining)}: tell of inlined calls with their arguments`,
    async () => {
      session = await launch(inlining, []);
      expect(await session.text('trace main.(*vec).scaled')).toMatch(
        /^Tracepoint 1 set at .* and \d more place/,
      );
      const { told } = await session.json('continue');
      const own = told.filter((one) => one.function.startsWith('main.'));
      expect(own.length).toBeGreaterThan(3);
      for (const { kind, values } of own) {
        expect(kind).toBe('reached');
        expect(values.find(({ name }) => name === 'k')?.text ?? '3').toBe('3');
      }
      expect(own.some(({ values }) => values.some(({ name }) => name === 'k'))).toBe(true);
      expect(await session.text('breakpoints')).toMatch(/^Tracepoint 1 /);
    },
  );
});
