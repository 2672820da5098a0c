import { afterEach, describe, expect, it } from 'vitest';
import { buildLabel, missingForBuild } from '../support/builds.ts';
import { LIVE_BUILDS, type LiveSession, launch } from './live-session.ts';

let session: LiveSession | undefined;
afterEach(async () => {
  await session?.close();
  session = undefined;
});

describe.each(LIVE_BUILDS.map((build) => ({ fixture: 'traced-calls', ...build })))('breakpoints', (build) => {
  const missing = missingForBuild(build);
  const name = buildLabel(build);

  it.skipIf(missing)(`${name}: stop where they are, with the arguments of that call`, async () => {
    session = await launch(build);
    expect(await session.text('break main.add')).toMatch(
      /^Breakpoint 1 set at 0x[0-9a-f]+ for main\.add\(\) /,
    );
    for (const i of [0, 1, 2]) {
      const { result } = await session.json('continue');
      expect(result).toMatchObject({
        causes: [{ kind: 'breakpoint', id: 1, hits: i + 1 }],
        location: { function: 'main.add' },
      });
      expect(await session.text('print a')).toBe(`${i}\n`);
      expect(await session.text('print b')).toBe(`${i * i}\n`);
      expect(await session.text('stack 3')).toMatch(/main\.add[\s\S]*main\.main[\s\S]*runtime\.main/);
    }
    expect(await session.text('clear 1')).toMatch(/^Breakpoint 1 cleared/);
    expect(await session.text('continue')).toBe('Process has exited with status 3\n');
    expect(await session.failure('continue')).toContain('has exited with status 3');
  });

  it.skipIf(missing)(`${name}: stop where their condition is true`, async () => {
    session = await launch(build);
    await session.text('break sum main.add if a == 7 && b > 40');
    expect((await session.json('continue')).result).toMatchObject({
      causes: [{ kind: 'breakpoint', name: 'sum', hits: 1 }],
    });
    expect(await session.text('print a*1000+b')).toBe('7049\n');
    expect(await session.failure('condition sum nosuch > 3')).toContain('nosuch');
    await session.text('condition sum a == 3');
    await session.text('condition -per-g-hitcount sum == 2');
    // Worker 3 calls it five times with a == 3; no other goroutine does any more.
    const { result } = await session.json('continue');
    expect(result).toMatchObject({ causes: [{ name: 'sum' }] });
    expect(await session.text('print b')).toBe('1\n');
    await session.text('condition -clear sum');
    await session.text('toggle sum');
    expect(await session.text('breakpoints')).toContain('Breakpoint 1 (sum) (disabled)');
    expect(await session.text('continue')).toContain('exited with status 3');
  });

  it.skipIf(missing)(`${name}: count hits`, async () => {
    session = await launch(build);
    await session.text('break main.add');
    await session.text('condition -hitcount 1 % 8');
    await session.text('on 1 print a + 100');
    const first = (await session.json('continue')).result;
    expect(first).toMatchObject({
      causes: [{ hits: 8 }],
      actions: [{ command: 'print a + 100', result: { value: '107' } }],
    });
    expect((await session.json('continue')).result).toMatchObject({ causes: [{ hits: 16 }] });
    await session.text('clearall');
    expect(await session.text('breakpoints')).not.toContain('Breakpoint 1');
    expect(await session.text('continue')).toContain('exited');
    // What is set while there is no process holds in the next.
    await session.text('trace main.fib if n == 3');
    await session.text('break main.fib if n == 2');
    await session.text('restart');
    const { told, result } = await session.json('continue');
    expect(told.map(({ kind }) => kind)).toContain('call');
    expect(result).toMatchObject({ causes: [{ kind: 'breakpoint' }] });
    expect(await session.text('print n')).toBe('2\n');
  });

  it.skipIf(missing)(`${name}: stop again after a restart`, async () => {
    session = await launch(build);
    await session.text('break main.fib if n == 3');
    await session.text('continue');
    expect(await session.text('print n')).toBe('3\n');
    expect(await session.text('restart')).toMatch(/^Process restarted with PID \d+\nBreakpoint 1 at 0x/);
    expect((await session.json('continue')).result).toMatchObject({ causes: [{ id: 1, hits: 1 }] });
    expect(await session.text('print n')).toBe('3\n');
  });
});

describe.each(LIVE_BUILDS.filter(({ flags }) => flags === 'opt'))('conditions at inlined copies', (flags) => {
  const build = { fixture: 'places-condition', ...flags };

  it.skipIf(missingForBuild(build))(
    `${buildLabel(build)}: stop where they can be evaluated, and say where they cannot`,
    async () => {
      session = await launch(build);
      const set = (await session.json('break main.weigh if value >= 0')).result;
      expect(set.places).toHaveLength(3);
      expect(set.refused).toHaveLength(2);
      expect((await session.json('continue')).result).toMatchObject({ causes: [{ id: 1, hits: 1 }] });
      expect(await session.text('stack 2')).toMatch(/main\.weigh[\s\S]*main\.main/);
      expect(await session.text('condition 1 value >= 0')).toMatch(
        /\n\tnot at 0x[0-9a-f]+ for main\.weigh\(\) .*: .*value/,
      );
      expect(await session.text('breakpoints')).toContain('\tnot at 0x');
      expect(await session.failure('condition 1 unused == "x"')).toContain('unused');
      expect(await session.text('condition -clear 1')).not.toContain('not at');
      expect(await session.text('breakpoints')).not.toContain('not at');
    },
  );
});

describe.each(
  [undefined, '1.22.12'].map((toolchain) => ({ fixture: 'traced-calls', stripped: true, toolchain })),
)('breakpoints in a stripped program ($toolchain)', ({ toolchain, ...rest }) => {
  const build = toolchain === undefined ? rest : { ...rest, toolchain };

  it.skipIf(missingForBuild(build))('know the goroutine from the first hit on', async () => {
    session = await launch(build);
    await session.text('break main.main');
    expect((await session.json('continue')).result).toMatchObject({
      causes: [{ kind: 'breakpoint', hits: 1, goroutine: 1 }],
    });
  });
});

describe('breakpoints', () => {
  const build = { fixture: 'traced-calls', flags: 'noopt' } as const;

  it('say what is wrong where it was typed', async () => {
    session = await launch(build);
    expect(await session.failure('break main.nosuch')).toContain('nothing is called main.nosuch');
    expect(await session.failure('clear 7')).toContain('there is no breakpoint 7');
    expect(await session.failure('break main.add if a ==')).not.toBe('');
    expect(await session.text('breakpoints')).not.toContain('Breakpoint 1');
    expect(await session.failure('rebuild')).toContain('was not compiled by this session');
  });

  it.each([
    ['values-generics', 'stack.push', 'main.(*stack[...]).push'],
    ['tracepoint-probes', 'main.largest', 'main.largest[...]'],
  ])('mean all instances as traces of stacks write them: %s, %s', async (fixture, short, written) => {
    session = await launch({ fixture, flags: 'noopt' });
    const placesOf = async (where: string): Promise<string> => {
      const text = await session!.text(`break ${where}`);
      await session!.text('clearall');
      return text.replace(/^Breakpoint \d+/, '');
    };
    const places = await placesOf(written);
    expect(places).toBe(await placesOf(short));
    if (short === 'main.largest') expect(places).toContain(' and 1 more place');
  });
});
