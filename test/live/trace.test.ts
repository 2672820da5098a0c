import { afterEach, describe, expect, it } from 'vitest';
import { buildLabel, missingForBuild } from '../support/builds.ts';
import { LIVE_BUILDS, type LiveSession, launch, type Told } from './live-session.ts';

let session: LiveSession | undefined;
afterEach(async () => {
  await session?.close();
  session = undefined;
});

/** `add(0, 0)` and `=> 0`. */
const line = ({ kind, function: name, values }: Told): string =>
  kind === 'return'
    ? `${name} => ${values.map(({ text }) => text).join(', ')}`
    : `${name}(${values.map(({ text }) => text).join(', ')})`;

describe.each(LIVE_BUILDS.map((build) => ({ fixture: 'traced-calls', ...build })))('tracepoints', (build) => {
  const missing = missingForBuild(build);
  const name = buildLabel(build);

  it.skipIf(missing)(`${name}: tell of calls with arguments and results`, async () => {
    session = await launch(build);
    await session.text('trace main.add if a < 2');
    await session.text('trace main.(*point).Move');
    await session.text('trace main.mixed');
    const { result, told } = await session.json('continue');
    expect(result).toMatchObject({ causes: [{ kind: 'ended' }] });
    const main = told.filter(({ goroutine }) => goroutine === 1).map(line);
    expect(main.slice(0, 4)).toEqual(['main.add(0, 0)', 'main.add => 0', 'main.add(1, 1)', 'main.add => 2']);
    expect(main[4]).toMatch(/^main\.\(\*point\)\.Move\(\(\*main\.point\)\(0x[0-9a-f]+\), 10, 20\)$/);
    expect(main[6]).toMatch(
      /^main\.mixed\("first", 1\.5, \[\]int len: 3, cap: 3, \[\.\.\.\], main\.pair \{Name: "p", At: main\.point.*\}, error nil\)$/,
    );
    expect(main[7]).toBe('main.mixed => "first3 11", 3, error nil');
    expect(main[9]).toMatch(/^main\.mixed => "second", 2\.5, error\(\*errors\.errorString\)/);
    // Workers 0 and 1: five calls each, each call followed by its own return on its goroutine.
    const workers = told.filter(({ goroutine }) => goroutine !== 1);
    expect(workers).toHaveLength(20);
    for (const goroutine of new Set(workers.map((one) => one.goroutine))) {
      const own = workers.filter((one) => one.goroutine === goroutine).map(({ kind }) => kind);
      expect(own).toEqual(Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 'call' : 'return')));
    }
  });

  it.skipIf(missing)(`${name}: follow recursion, and calls that a panic ends`, async () => {
    session = await launch(build);
    await session.text('trace main.fib');
    await session.text('trace main.mayPanic');
    const { told } = await session.json('continue');
    const fib = told.filter((one) => one.function === 'main.fib').map(line);
    expect(fib.filter((text) => text.startsWith('main.fib('))).toHaveLength(15);
    expect(fib.filter((text) => text.startsWith('main.fib =>'))).toHaveLength(15);
    expect([fib[0], fib.at(-1)]).toEqual(['main.fib(5)', 'main.fib => 5']);
    const panics = told.filter((one) => one.function === 'main.mayPanic').map(line);
    expect(panics).toEqual([
      'main.mayPanic(2)',
      'main.mayPanic => 2',
      'main.mayPanic(3)',
      'main.mayPanic => -1',
    ]);
  });
});

describe('tracepoints', () => {
  it('show the stack, and are listed and cleared as breakpoints', async () => {
    session = await launch({ fixture: 'traced-calls', flags: 'noopt' });
    await session.text('trace -stack 2 move main.(*point).Move');
    const text = await session.text('continue');
    expect(text).toMatch(
      /^> goroutine\(1\): main\.\(\*point\)\.Move\(p = .*, dx = 10, dy = 20\)\n\t.*Move.*\n\t.*main\.main/,
    );
    expect(text).toMatch(
      /\n>> goroutine\(1\): main\.\(\*point\)\.Move => \(\(\*main\.point\)\(0x[0-9a-f]+\)\) [\d.]+(ns|µs|ms)\n/,
    );
    await session.text('restart');
    await session.text('clear move');
    expect(await session.text('continue')).toBe('Process has exited with status 3\n');
  });
});
