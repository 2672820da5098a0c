import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { type Build, missingForBuild } from '../support/builds.ts';
import { compareVersions, installedGo } from '../support/tools.ts';
import { LIVE_BUILDS, type LiveSession, launch } from './live-session.ts';
import { functionsOf, type Lines, LOOPS, OPTIMISED_LOOPS, STEPPING, spelledOut } from './stepping-lines.ts';

/** More steps than any of the functions takes. */
const MOST = 60;

let session: LiveSession | undefined;
let guard: ChildProcess | undefined;
afterEach(async () => {
  guard?.kill();
  await session?.close();
  session = undefined;
});

/**
 * A step that never ends blocks this thread, and with it the test's own time limit: somebody else then ends the program,
 * which is a child of this process.
 */
function endProgramIn(seconds: number): ChildProcess {
  const kill = `sleep ${seconds}; for p in $(cat /proc/${process.pid}/task/*/children); do [ $p = $$ ] || kill -9 $p; done`;
  return spawn('sh', ['-c', kill], { stdio: 'ignore' });
}

const unavailable = process.platform === 'linux' && process.arch === 'x64' ? undefined : 'needs linux/amd64';

async function start(build: Build, args: readonly string[] = []): Promise<LiveSession> {
  session = await launch(build, args);
  guard = endProgramIn(200);
  return session;
}

interface Place {
  readonly function?: string;
  readonly line?: number;
}

function placeIn(result: Readonly<Record<string, unknown>>): string {
  const { function: name, line } = (result.location ?? {}) as Place;
  if (name === undefined) return JSON.stringify(result.causes);
  return name.startsWith('runtime.') ? `${name}:*` : `${name.replace(/^main\.(main\.)?/, '')}:${line}`;
}

/** From the first line of the function that `begin` is to call, by one command until it has returned. */
async function walk(live: LiveSession, command: string): Promise<string[]> {
  await live.text('continue');
  for (let i = 0; i < 2; i++) await live.text('step');
  const first = (await live.json('step')).result;
  const places = [placeIn(first)];
  const { goroutine } = first;
  while (places.length < MOST) {
    const { result } = await live.json(command);
    places.push(placeIn(result));
    expect(result.goroutine, places.join(' ')).toBe(goroutine);
    expect((result.causes as { kind: string }[]).map(({ kind }) => kind)).toEqual(['step']);
    if (/^(func\d|runtime\.)/.test(places.at(-1)!)) return places;
  }
  return places;
}

const STEPPED_INTO = new Set(['calls', 'returns']);

/** In the order in which the program calls them. */
const ORDER =
  'fact recovers outer overRecovery nilPointer defers switches selects sums grows calls starts loops exits returns'.split(
    ' ',
  );

async function walkAll(live: LiveSession, names: readonly string[]): Promise<Record<string, string[]>> {
  await live.text('break main.begin');
  const walked: Record<string, string[]> = {};
  for (const name of names) walked[name] = await walk(live, STEPPED_INTO.has(name) ? 'step' : 'next');
  return walked;
}

const expanded = (lines: Lines): Record<string, string[]> =>
  Object.fromEntries(Object.entries(lines).map(([name, text]) => [name, spelledOut(text)]));

/** Go's line tables for the end of functions that defer have changed since. */
const old = compareVersions(installedGo() ?? '1.26', '1.23') < 0;
const INSTALLED = STEPPING[old ? '1.22.12' : 'newest'];

describe('next and step', () => {
  const builds: readonly (Omit<Build, 'fixture'> & { readonly lines: Lines; readonly crowd: boolean })[] = [
    { flags: 'noopt', lines: INSTALLED, crowd: false },
    { flags: 'noopt', lines: INSTALLED, crowd: true },
    { flags: 'noopt', toolchain: '1.22.12', lines: STEPPING['1.22.12'], crowd: true },
  ];
  for (const { lines, crowd, ...build } of builds) {
    const name = `${build.toolchain ?? 'installed Go'}${crowd ? ', with others in the same functions' : ''}`;
    it(`go through the lines that Delve goes through: ${name}`, async (context) => {
      const request = { fixture: 'stepping', ...build };
      const missing = unavailable ?? missingForBuild(request);
      if (missing !== undefined) context.skip(missing);
      const live = await start(request, crowd ? ['crowd'] : []);
      expect(await walkAll(live, ORDER)).toEqual(expanded(lines));
    });
  }

  for (const toolchain of [undefined, '1.22.12']) {
    it(`go through the same functions when they are optimised: ${toolchain ?? 'installed Go'}`, async (context) => {
      const request: Build = { fixture: 'stepping', flags: 'opt', ...(toolchain && { toolchain }) };
      const missing = unavailable ?? missingForBuild(request);
      if (missing !== undefined) context.skip(missing);
      const walked = await walkAll(await start(request, ['crowd']), ORDER);
      for (const [name, text] of Object.entries(STEPPING.newest)) {
        // What the methods' calls come to depends on what is inlined.
        if (name === 'calls') continue;
        const expected = functionsOf(spelledOut(text));
        // Before Go 1.20 what follows runtime.Goexit may be met in a function that it has inlined.
        const compared = name === 'exits' && old ? 2 : expected.length;
        expect(functionsOf(walked[name]!).slice(0, compared), name).toEqual(expected.slice(0, compared));
      }
      expect(functionsOf(walked.calls!).slice(-3)).toEqual(['calls.func1', 'calls', 'func11']);
    });
  }

  it('take the bodies of loops over functions for a part of the function', async (context) => {
    const request: Build = { fixture: 'stepping-loops', flags: 'noopt' };
    const missing = unavailable ?? missingForBuild(request);
    if (missing !== undefined) context.skip(missing);
    expect(await walkAll(await start(request), Object.keys(LOOPS))).toEqual(expanded(LOOPS));
  });

  it('do so where iterator and body are inlined', async (context) => {
    const request: Build = { fixture: 'stepping-loops', flags: 'opt' };
    const missing = unavailable ?? missingForBuild(request);
    if (missing !== undefined) context.skip(missing);
    const walked = await walkAll(await start(request), Object.keys(LOOPS));
    expect(walked).toMatchObject(expanded(OPTIMISED_LOOPS));
  });
});

describe('steps', () => {
  const noopt: Build = { fixture: 'stepping', flags: 'noopt' };
  const missing = unavailable ?? missingForBuild(noopt);

  it.skipIf(missing)('show what the function returned that was left', async () => {
    const live = await start(noopt);
    await live.text('break main.values');
    await live.text('continue');
    const text = await live.text('stepout');
    expect(text).toMatch(/^> main\.returns\(\) .*main\.go:196/);
    expect(text.split('\n').filter((line) => line.startsWith('\t~'))).toEqual([
      '\t~r0 = 5',
      '\t~r1 = "five"',
      '\t~r2 = 2.5',
      '\t~r3 = main.square {side: 3}',
      '\t~r4 = error nil',
    ]);
  });

  it.skipIf(missing)('enter each deferred function, not those that go starts', async () => {
    const live = await start(noopt);
    await live.text('continue main.go:96');
    const places: string[] = [];
    for (let i = 0; i < 8; i++) places.push(placeIn((await live.json('step')).result));
    expect(functionsOf(places)).toEqual(
      old ? ['add', 'defers.func1', 'defers', 'func6'] : ['defers', 'add', 'defers.func1', 'defers'],
    );
    await live.text('continue main.starts');
    const started: string[] = [];
    for (let i = 0; i < 3; i++) started.push(placeIn((await live.json('next')).result));
    started.push(placeIn((await live.json('step')).result));
    started.push(placeIn((await live.json('step')).result));
    expect(started).toEqual(['starts:168', 'starts:169', 'starts:170', 'starts:171', 'starts:175']);
  });

  it.skipIf(missing)('are counted, repeated, and say that a goroutine ends', async () => {
    const live = await start(noopt);
    await live.text('continue main.exits');
    expect(placeIn((await live.json('next 3')).result)).toBe('exits:206');
    // The end of the goroutine ends them too.
    const { result } = await live.json('next 50');
    expect(placeIn(result)).toBe('runtime.Goexit:*');
    expect(result.ended).toBe(result.goroutine);
    expect(await live.failure('next 0')).toMatch('0 is not a number from 1');
  });

  it.skipIf(missing)('are given up when a breakpoint is hit, on the way or by others', async () => {
    const live = await start(noopt);
    await live.text('continue main.go:73');
    await live.text('break main.boom');
    const { result } = await live.json('next');
    expect(placeIn(result)).toBe('boom:38');
    expect(result).toMatchObject({ interrupted: 'next', causes: [{ kind: 'breakpoint', hits: 1 }] });
    expect(await live.text('stepout')).not.toContain('stopped during');
    await live.text('clearall');
    // A breakpoint where a step ends is hit by it, once.
    await live.text('continue main.add');
    await live.text('break main.go:24');
    expect((await live.json('next')).result.causes).toMatchObject([{ kind: 'breakpoint', hits: 1 }]);
    await live.text('next');
    expect(await live.text('breakpoints')).toMatch(/main\.go:24 \(1\b/);
  });

  /** main.add calls nothing: a step over it needs no run, and all the same everything there is noticed. */
  it.skipIf(missing)('notice what is in a function that is gone through without a run', async () => {
    const live = await start(noopt);
    await live.text('continue main.go:172');
    await live.text('break main.go:25 if c == 7');
    const { result } = await live.json('next');
    expect(placeIn(result)).toBe('add:25');
    expect(result).toMatchObject({ interrupted: 'next', causes: [{ kind: 'breakpoint', hits: 1 }] });
    await live.text('clearall');
    await live.text('continue main.go:204');
    await live.text('break main.go:25 if c == 7');
    await live.text('trace main.add');
    const { result: over } = await live.json('next');
    expect(over).toMatchObject({ causes: [{ kind: 'step' }] });
    expect(placeIn(over)).toBe('exits.func1:205');
    expect(await live.text('breakpoints')).toMatch(/Tracepoint .* main\.add\(\) .*\(1 hits\)/);
  });

  it.skipIf(missing)('by instructions go everywhere, or over calls', async () => {
    const live = await start(noopt);
    await live.text('continue main.fact');
    const functions = new Set<string>();
    for (let i = 0; i < 22; i++) {
      functions.add(placeIn((await live.json('next-instruction')).result).replace(/:.*/, ''));
    }
    expect([...functions]).toEqual(['fact', 'func1', 'begin']);
  });

  /** stackPreempt (runtime/stack.go): the next function that the goroutine calls gives way to others. */
  const PREEMPT = '0xfffffffffffffade';

  it.skipIf(missing)(
    'by instructions go into the runtime, and keep the goroutine while it runs',
    async () => {
      const live = await start(noopt);
      const { goroutine } = (await live.json('continue main.switches')).result;
      // Whether sysmon has asked it to give way depends on the time that the stops before have taken.
      await live.text('set runtime.curg.preempt = false');
      await live.text('set (*runtime.p)(runtime.curg.m.p).preempt = false');
      await live.text('set runtime.curg.stackguard0 = runtime.curg.stack.lo + 928');
      for (let i = 0; i < 400; i++) {
        expect((await live.json('step-instruction')).result.goroutine).toBe(goroutine);
      }
      const stack = await live.text('stack 50');
      expect(stack).toMatch(/ in main\.switches\n/);
      expect(stack).toMatch(/ in runtime\.goexit\n/);
    },
  );

  it.skipIf(missing)('by instructions stay with the thread when its goroutine gives way', async () => {
    const live = await start(noopt);
    const { goroutine, thread } = (await live.json('continue main.switches')).result;
    let result: Readonly<Record<string, unknown>> = { goroutine };
    for (let steps = 0; result.goroutine !== undefined && steps < 5000; steps++) {
      expect(result.goroutine).toBe(goroutine);
      // newstack forgets it where the thread holds a lock.
      if (steps % 500 === 0) await live.text(`set runtime.curg.stackguard0 = ${PREEMPT}`);
      // The vDSO's clock begins anew whenever the kernel's has moved, which it always has when one steps through it.
      const isClock = (await live.text('stack 1')).includes(' in __vdso_');
      ({ result } = await live.json(isClock ? 'stepout' : 'step-instruction'));
    }
    // goschedImpl has just taken it off the thread, whose own stack begins where the goroutine left its.
    expect(result.goroutine, await live.text('stack 50')).toBeUndefined();
    expect(result.thread).toBe(thread);
    const stack = await live.text('stack 50');
    expect(stack).toMatch(/ in runtime\.goschedImpl\n/);
    expect(stack).not.toMatch(/ in main\./);
    // By the prologue of a function, or by a signal of sysmon's that came first.
    const callers = stack.match(/ in \S+/g)!.map((text) => text.slice(' in '.length));
    expect([
      ['runtime.gopreempt_m', 'runtime.newstack', 'runtime.morestack'],
      ['runtime.gopreempt_m', 'runtime.asyncPreempt2.func1', 'runtime.mcall'],
      // Before go1.26.
      ['runtime.goschedImpl', 'runtime.gopreempt_m', 'runtime.mcall'],
    ]).toContainEqual(callers.slice(-3));
    const waiting = await live.text(`goroutine ${goroutine} stack 50`);
    expect(waiting).toMatch(/ in main\.switches\n/);
    await live.text(`goroutine ${goroutine}`);
    const next = (await live.json('next')).result;
    expect(next.goroutine).toBe(goroutine);
  });

  for (const build of LIVE_BUILDS) {
    const reflected: Build = { fixture: 'stepping-reflected', ...build };
    it.skipIf(unavailable ?? missingForBuild(reflected))(
      `pass through what reflection calls a function by: ${JSON.stringify(build)}`,
      async () => {
        const live = await start(reflected);
        await live.text('continue main.doubled');
        const { result } = await live.json('stepout');
        expect(result.location).toMatchObject({ function: 'reflect.Value.call' });
        // Where its results were, call64 has worked meanwhile.
        expect(result.causes).toMatchObject([{ kind: 'step' }]);
        expect((result.causes as object[])[0]).not.toHaveProperty('returned');
      },
    );

    const deferring: Build = { fixture: 'stepping', ...build };
    // Optimised, the function makes its deferred calls itself.
    const isDirect = build.flags === 'opt';
    it.skipIf(isDirect || (unavailable ?? missingForBuild(deferring)))(
      `enter a deferred function whose wrapper gives way at first: ${JSON.stringify(build)}`,
      async () => {
        const live = await start(deferring);
        await live.text('continue main.defers');
        const code = await live.text('disassemble -l runtime.deferreturn');
        const [, call] = /(0x[\da-f]+)\s[^\n]*\bCALL [A-Z]+\d*\n/.exec(code)!;
        const { goroutine } = (await live.json(`continue *${call}`)).result;
        await live.text(`set runtime.curg.stackguard0 = ${PREEMPT}`);
        const { result } = await live.json('step');
        expect(result.goroutine).toBe(goroutine);
        expect(placeIn(result)).toMatch(/^add:/);
      },
    );
  }

  it.skipIf(missing)('follow a goroutine that waits', async () => {
    const live = await start(noopt, ['crowd']);
    await live.text('continue main.switches');
    const { goroutine } = (await live.json('continue main.go:107')).result;
    // Wherever it waits, it goes on.
    const { result } = await live.json('next');
    expect(result.goroutine).toBe(goroutine);
    expect(placeIn(result)).toBe('switches:108');
  });
});

describe('where no goroutine runs', () => {
  for (const build of LIVE_BUILDS) {
    const request: Build = { fixture: 'stepping', ...build };
    it.skipIf(unavailable ?? missingForBuild(request))(
      `steps do not run away ${JSON.stringify(build)}`,
      async () => {
        const live = await start(request);
        for (const command of ['next', 'step', 'stepout', 'next 3']) {
          expect(await live.failure(command)).toBe('the program has no goroutine yet that could be stepped');
        }
        await live.text('step-instruction 2');
        expect(await live.failure('next')).toBe('the program has no goroutine yet that could be stepped');
        // In the runtime, which begins, a function was called by another.
        await live.text('break runtime.schedinit');
        await live.text('continue');
        expect(placeIn((await live.json('next')).result)).toMatch(/^runtime\.schedinit:/);
        expect(placeIn((await live.json('stepout')).result)).toMatch(/^runtime\.rt0_go:/);
        expect(await live.failure('stepout')).toBe('the program has no goroutine yet that could be stepped');
        await live.text('break main.begin');
        await live.text('continue');
        expect(placeIn((await live.json('next')).result)).toMatch(/^begin:/);
      },
    );
  }
});
