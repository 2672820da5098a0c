import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openInline } from '../../src/engine/index.ts';
import { type Build, builtFixture, missingForBuild } from '../support/builds.ts';
import { LIVE_BUILDS } from './live-session.ts';

const CALLS: readonly Omit<Build, 'fixture'>[] = [...LIVE_BUILDS, { flags: 'opt', toolchain: '1.19.13' }];
const builds = CALLS.map((build): Build => ({ fixture: 'calls', ...build }));
const present = builds.filter((build) => missingForBuild(build) === undefined);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'calls-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function started(build: Build) {
  const stdout = path.join(folder, 'out');
  const stderr = path.join(folder, 'err');
  const session = await openInline({
    live: {
      kind: 'launch',
      program: { path: builtFixture(build).executable },
      args: [],
      terminal: { kind: 'files', stdin: '/dev/null', stdout, stderr },
      fixedAddresses: true,
    },
  });
  const attempt = async (line: string): Promise<{ readonly text: string; readonly error?: string }> => {
    let text = '';
    const { error } = await session.execute(line, { format: 'text', colour: false }, (part) => {
      text += part;
    });
    return error === undefined ? { text } : { text, error: error.message };
  };
  const run = async (line: string): Promise<string> => {
    const { text, error } = await attempt(line);
    if (error !== undefined) throw new Error(`${line}: ${error}`);
    return text.trim();
  };
  const fail = async (line: string): Promise<string> => {
    const { error, text } = await attempt(line);
    if (error === undefined) throw new Error(`${line} did not fail: ${text}`);
    return error;
  };
  return { session, attempt, run, fail, output: () => readFileSync(stdout, 'utf8') };
}

/** Up to Go 1.20 a goroutine may come back from a call on another thread. */
const registersOf = async (run: (line: string) => Promise<string>): Promise<string> =>
  (await run('regs -a')).replace(/fs_base = \S+/, '');

const plainOutput = (build: Build): string =>
  spawnSync(builtFixture(build).executable, { encoding: 'utf8' }).stdout;

const RETURNS: readonly (readonly [string, string])[] = [
  ['add(1, 2)', '> main.add returned: ~r0: 3'],
  ['two("ab", 3)', '> main.two returned: ~r0: "ababab", ~r1: error nil'],
  ['two("ab", -1)', '> main.two returned: ~r0: "", ~r1: error(*errors.errorString) *{s: "negative ab"}'],
  ['floats(1.5, 2, 3+1i, 4)', '> main.floats returned: ~r0: 3, ~r1: 4, ~r2: (6 + 2i), ~r3: 8'],
  ['many(1,2,3,4,5,6,7,8,9,10,11,12, "s")', '> main.many returned: ~r0: 78, ~r1: "s!"'],
  [
    'mix(record)',
    '> main.mix returned: ~r0: main.mixed {flag: false, small: -5, f32: 1, name: "rec?", list: []int len: 2, cap: 2, [7,1], c: (2 + 4i)}',
  ],
  [
    'enlarge(table, 2)',
    '> main.enlarge returned: ~r0: main.big {words: [12]int [2,2,2,2,2,2,2,2,2,2,2,2], name: "TABLE"}',
  ],
  ['describe("x")', '> main.describe returned: ~r0: "string=x"'],
  ['describe(5)', '> main.describe returned: ~r0: "int=5"'],
  ['describe(holder)', '> main.describe returned: ~r0: "main.square={2}"'],
  ['describe(origin)', '> main.describe returned: ~r0: "*main.point=<1,2>"'],
  ['describe(nil)', '> main.describe returned: ~r0: "<nil>=<nil>"'],
  ['areaOf(round, 2)', '> main.areaOf returned: ~r0: 24'],
  ['areaOf(holder, 2)', '> main.areaOf returned: ~r0: 8'],
  ['holder.area(2)', '> main.square.area returned: ~r0: 8'],
  ['round.area(1)', '> main.(*disc).area returned: ~r0: 12'],
  ['origin.String()', '> main.point.String returned: ~r0: "<1,2>"'],
  ['handler(5, 6)', '> main.add returned: ~r0: 11'],
  ['add(add(1, 2), length("four")) + 1', '8'],
  ['total(numbers, nil)', '> main.total returned: ~r0: 6'],
  ['lookUp(ages, "ann")', '> main.lookUp returned: n: 40, ok: true'],
  ['deep(20000)', '> main.deep returned: ~r0: 20001'],
  ['collect(40)', '> main.collect returned: ~r0: 8'],
  ['wait(7)', '> main.wait returned: ~r0: 70'],
  ['fail(0)', '> main.fail panicked: "no title"'],
  [
    'fail(1)',
    '> main.fail panicked: *fmt.wrapError {msg: "wrapped: cause", err: error(*errors.errorString) *{s: "cause"}}',
  ],
  ['fail(2)', '> main.fail panicked: "invalid memory address or nil pointer dereference"'],
  ['fail(3)', '> main.fail returned: ~r0: 4'],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ['call add(1)', 'not enough arguments for add: it takes 2, not 1'],
  ['call add(1, 2, 3)', 'too many arguments for add: it takes 2, not 3'],
  ['call add("x", 1)', 'can not convert "x" constant to int'],
  ['call areaOf(5, 1)', 'int does not implement main.shape'],
  ['call length(counter)', 'cannot use a value of type int as string'],
  ['call counter(1)', 'counter (type int) is no function'],
  ['call two("x", 1) + 1', 'two("x", 1) gives 2 values'],
  ['call counter', 'counter calls no function of the program'],
  ['print add(1, 2)', 'add is no type or builtin, and functions can not be called here'],
];

describe.each(present)('%o', (build) => {
  test('calls give what the functions return, and leave the program as it was', async () => {
    const { session, run, fail, attempt, output } = await started(build);
    try {
      await run('break main.mark');
      await run('continue');
      const registers = await registersOf(run);
      for (const [text, expected] of RETURNS)
        expect([text, await run(`call ${text}`)]).toEqual([text, expected]);
      for (const [line, expected] of REFUSED) expect([line, await fail(line)]).toEqual([line, expected]);
      expect(await registersOf(run)).toBe(registers);
      for (let i = 0; i < 200; i++)
        expect(await run(`call add(${i}, ${i})`)).toBe(`> main.add returned: ~r0: ${2 * i}`);
      expect(await registersOf(run)).toBe(registers);
      // Wherever the goroutine stands in its frame, a call works or says why it does not.
      const said = new Set<string>();
      await run('clearall');
      await run('break *main.deep');
      await run('continue');
      for (let i = 0; i < 8; i++) {
        const { error, text } = await attempt('call floats(1, 2, 3, 4)');
        said.add(error ?? text.trim());
        await run('step-instruction');
      }
      expect(said).toContain('> main.floats returned: ~r0: 2, ~r1: 4, ~r2: (6 + 0i), ~r3: 8');
      for (const one of said)
        expect(one).toMatch(
          /returned|^no function can be called here: call not at safe point$|is in runtime\.duffzero/,
        );
      // Of these compilers only the older ones clear the function's frame by duffzero, which may not be interrupted.
      if (build.flags === 'opt' && build.toolchain !== undefined)
        expect(said).toContain('no function can be called here: call not at safe point');
      await run('clearall');
      expect(await run('continue')).toMatch(/exited with status 0/);
      expect(output()).toBe(plainOutput(build));
      expect(await fail('call add(1, 2)')).toBe('the program has ended');
      expect(await fail('set counter = 1')).toBe('the program has ended');
    } finally {
      await session.close();
    }
  });

  test('a breakpoint in a function that is called stops there, and the call ends with the program going on', async () => {
    const { session, run, fail, output } = await started(build);
    try {
      await run('break main.mark');
      await run('continue');
      await run('clearall');
      await run('break main.add');
      expect(await run('call add(add(1, 2), 5)')).toMatch(/main\.add\(\)/);
      expect(await run('print a')).toBe('1');
      expect(await fail('call nothing()')).toMatch(/goroutine 1 is in the middle of a call/);
      await run('continue');
      expect(await run('print a')).toBe('3');
      expect(await run('continue')).toMatch(/\[main\.add returned: ~r0: 8\] main\.mark\(\)/);
      await run('clearall');
      expect(await run('call nothing()')).toBe('> main.nothing returned');
      expect(await run('print counter')).toBe('1');
      await run('set counter = 0');
      await run('continue');
      expect(output()).toBe(plainOutput(build));
    } finally {
      await session.close();
    }
  });

  test('a program that is left in the middle of a call comes out of it', async () => {
    const { session, run, output } = await started(build);
    try {
      await run('break main.mark');
      await run('continue');
      await run('break main.add');
      await run('call add(add(1, 2), 5)');
      expect(await run('exit -c')).toMatch(
        /^Process \d+ runs on\nWarning: goroutine 1 of process \d+ is left in the middle of a call/,
      );
    } finally {
      expect(session.session.live?.close(true)).toEqual([]);
    }
    const expected = plainOutput(build);
    await expect.poll(output, { timeout: 120_000 }).toBe(expected);
  });

  test('what is set is seen by the program', async () => {
    const { session, run, fail, output } = await started(build);
    try {
      await run('break main.mark');
      await run('continue');
      await run('print n');
      await run('set n = 1000');
      expect(await run('print n')).toBe('1000');
      for (const line of GLOBALS) await run(`set ${line}`);
      for (const [line, message] of CANNOT)
        expect([line, await fail(`set ${line}`)]).toEqual([line, message]);
      await run('up');
      const locals = build.flags === 'noopt' ? LOCALS : [];
      for (const line of locals) await run(`set ${line}`);
      expect(await run('frame')).toMatch(/main\.work/);
      await run('clearall');
      expect(await run('continue')).toMatch(/exited with status 0/);
      const lines = output().split('\n');
      if (build.flags === 'noopt') {
        expect(lines[0]).toBe('615 4.5 local ✓ <7,8> true 120 -3 (4+1i) [a local ✓]');
      }
      expect(lines[6]).toBe(SEEN);
      expect(lines[7]).toMatch(/^144 25 /);
    } finally {
      await session.close();
    }
  });
});

const SEEN =
  '1005 a new title 2.25 <77,2> [1 20 3] map[ann:40] &{disc 4} boxed <nil> 5 {false -7 0.25 renamed [1 20 3] (1+2i)} ' +
  '{[0 0 9 0 0 0 0 0 0 0 0 0] table} {disc 4} [0 5 0]';

const GLOBALS = [
  'title = "a new title"',
  'ratio = 2.25',
  'origin.X = 77',
  'numbers[1] = 20',
  'holder = round',
  'anything = "boxed"',
  'failure = nil',
  'record.flag = false',
  'record.small = -7',
  'record.f32 = 0.25',
  'record.name = "renamed"',
  'record.list = numbers',
  'record.c = 1 + 2i',
  'table.words[2] = 9',
  '*round = *round',
  '(*round).radius = 4',
  'round.name = "disc"',
  'grid[1] = 5',
  'table.name = table.name',
];

const LOCALS = [
  'x = 200',
  'y = 0.5',
  't = "local ✓"',
  'local.X = 7',
  'local = local',
  'local.Y = 8',
  'bit = true',
  'small = -3',
  'z = complex(4, 1)',
  'pair[1] = t',
];

const CANNOT: readonly (readonly [string, string])[] = [
  ['ages["ann"] = 3', 'cannot assign to ages["ann"]: the elements of a map move as it grows'],
  ['title[0] = 65', 'cannot assign to title[0]: strings are immutable, and share their bytes'],
  ['counter = "x"', 'can not convert "x" constant to int'],
  ['counter = 1.5', 'can not convert 1.5 constant to int'],
  ['record.small = 300', 'constant 300 overflows int8'],
  ['counter = nil', 'cannot use nil as int'],
  ['origin = round', 'cannot use a value of type *main.disc as *main.point'],
  ['5 = counter', 'cannot assign to 5: it is no variable'],
  ['counter == 5', '= is expected: set <variable> = <value>'],
  ['holder = counter', 'int does not implement main.shape'],
];
