import { afterEach, describe, expect, it } from 'vitest';
import { buildLabel, missingForBuild } from '../support/builds.ts';
import { LIVE_BUILDS, type LiveSession, launch } from './live-session.ts';

let session: LiveSession | undefined;
afterEach(async () => {
  await session?.close();
  session = undefined;
});

interface Cause {
  readonly kind: string;
  readonly expression?: string;
  readonly access?: string;
  readonly part?: string;
  readonly old?: { readonly text: string };
  readonly new?: { readonly text: string };
  readonly goroutine?: number;
  readonly address?: number;
  readonly previousWriter?: { readonly goroutine: number; readonly function: string };
  readonly words?: readonly string[];
  readonly remark?: string;
  readonly hits?: number;
  readonly instruction?: { readonly text: string };
  readonly text: string;
}

/** Goes on; what stopped the program. */
async function goOn(): Promise<Cause[]> {
  const { result } = await session!.json('continue');
  return result.causes as Cause[];
}

/** Goes on until the program ends: what each stop was about. */
async function hits(most = 20): Promise<Cause[]> {
  const all: Cause[] = [];
  for (let i = 0; i < most; i++) {
    const causes = await goOn();
    if (causes.some(({ kind }) => kind === 'ended')) return all;
    all.push(...causes);
  }
  throw new Error(`more than ${most} stops: ${all.map(changed).join('; ')}`);
}

const changed = (cause: Cause): string =>
  cause.kind === 'watchpoint' ? `${cause.part} ${cause.old?.text} → ${cause.new?.text}` : cause.text;

/** The program at the beginning of main, with package variables in place. */
async function start(build: Parameters<typeof launch>[0], what: string): Promise<LiveSession> {
  session = await launch(build, [what]);
  await session.text('break main.here');
  await session.text('continue');
  await session.text('clear 1');
  return session;
}

interface Listed {
  readonly hits: number;
  readonly watch: { readonly means: string; readonly access: string; readonly size: number };
}
const listed = async (): Promise<Listed[]> =>
  (await session!.json('breakpoints')).result.breakpoints as Listed[];

describe.each(LIVE_BUILDS.map((build) => ({ fixture: 'watching', ...build })))('watches', (build) => {
  const missing = missingForBuild(build);
  const name = buildLabel(build);

  it.skipIf(missing)(`${name}: every write of four threads that race is counted`, async () => {
    await start(build, 'race');
    await session!.text('watch shared.balance');
    await session!.text('condition -hitcount 2 >= 961');
    const all = await hits(100);
    expect(all).toHaveLength(40);
    for (const [i, hit] of all.entries()) {
      expect(changed(hit)).toMatch(/^shared\.balance \d+ → \d+$/);
      expect(hit).toMatchObject({ kind: 'watchpoint', expression: 'shared.balance' });
      expect(hit.instruction!.text).toMatch(/^(ADDQ|INCQ|MOVQ) /);
      const before = all[i - 1];
      if (hit.remark !== undefined) {
        // Others wrote at the same time: whose the old value was is not claimed.
        expect(hit.remark).toMatch(/other threads wrote at the same time/);
        expect(hit.previousWriter).toBeUndefined();
      } else if (before?.remark !== undefined) {
        expect(hit.previousWriter).toBeUndefined();
      } else if (before !== undefined) {
        expect(hit.previousWriter).toMatchObject({ function: 'main.deposit', goroutine: before.goroutine });
        expect(hit.old).toEqual(before.new);
      }
    }
  });

  it.skipIf(missing)(`${name}: so it is by page protection`, async () => {
    await start(build, 'race');
    await session!.text('watch shared');
    await session!.text('condition -hitcount 2 == 1000');
    expect((await listed())[0]!.watch.means).toBe('pages');
    const [hit] = await goOn();
    expect(hit).toMatchObject({ kind: 'watchpoint', expression: 'shared' });
    expect(await hits()).toEqual([]);
  });

  it.skipIf(missing)(`${name}: three adjacent stores are three hits`, async () => {
    await start(build, 'adjacent');
    for (const field of ['a', 'b', 'c']) await session!.text(`watch shared.${field}`);
    const fields = ['shared.a 0 → 11', 'shared.b 0 → 22', 'shared.c 0 → 33'];
    expect((await hits()).map(changed)).toEqual(fields);
    await session!.close();
    // A watch on all of it tells the field.
    await start(build, 'adjacent');
    await session!.text('watch shared');
    expect((await hits()).map(changed)).toEqual(fields);
  });

  it.skipIf(missing)(
    `${name}: it has commands, is switched off and on, and is there after a restart`,
    async () => {
      await start(build, 'adjacent');
      for (const field of ['a', 'b', 'c']) await session!.text(`watch shared.${field}`);
      const numbers = (await session!.json('breakpoints')).result.breakpoints as { readonly id: number }[];
      const [, second, third] = numbers.map(({ id }) => id);
      await session!.text(`on ${second} print shared.b + 1000`);
      await session!.text(`toggle ${third}`);
      const all: unknown[] = [];
      for (let round = 0; round < 2; round++) {
        expect((await goOn()).map(changed)).toEqual(['shared.a 0 → 11']);
        const { result } = await session!.json('continue');
        expect((result.causes as Cause[]).map(changed)).toEqual(['shared.b 0 → 22']);
        all.push(result.actions);
        if (round === 0) await session!.text('restart');
      }
      const action = { command: 'print shared.b + 1000', result: expect.objectContaining({ value: '1022' }) };
      expect(all).toEqual([[action], [action]]);
      await session!.text(`toggle ${third}`);
      expect((await hits()).map(changed)).toEqual(['shared.c 0 → 33']);
    },
  );

  it.skipIf(missing)(`${name}: stores right behind a breakpoint are not lost`, async () => {
    session = await launch(build, ['adjacent']);
    await session.text('break main.go:65');
    await session.text('continue');
    await session.text('watch shared.b');
    await session.text('watch shared.c');
    expect((await hits()).map(changed)).toEqual(['shared.b 0 → 22', 'shared.c 0 → 33']);
  });

  it.skipIf(missing)(`${name}: -r stops at reads and at nothing else`, async () => {
    await start(build, 'read');
    await session!.text('watch -r counter');
    const seen = await hits();
    expect(seen.map(({ access }) => access)).toEqual(seen.map(() => 'read'));
    // Others are checks for nil, which read too.
    const loads = seen.filter(({ instruction }) => instruction!.text.startsWith('MOVQ'));
    expect(loads.map((hit) => hit.new!.text).slice(0, 2)).toEqual(['5', '6']);
    expect(loads[0]!.previousWriter?.function).toBe('main.store');
  });

  it.skipIf(missing)(`${name}: a struct is spread over registers, the fifth watch needs pages`, async () => {
    await start(build, 'wide');
    await session!.text('watch triple');
    await session!.text('watch counter');
    const text = await session!.text('watch sink');
    expect(text).toContain('page protection');
    expect((await listed()).map(({ watch }) => watch.means)).toEqual(['hardware', 'hardware', 'pages']);
    const seen = await hits();
    expect(seen.every(({ expression }) => expression === 'triple')).toBe(true);
    expect(changed(seen.at(-1)!)).toMatch(/^triple\.z \d → 30$/);
  });

  it.skipIf(missing)(`${name}: a condition is about the watched value`, async () => {
    await start(build, 'many');
    await session!.text('watch other[3] if other[3] > 3');
    await session!.text('watch other[4] if other[4] > 5');
    await session!.text('watch shared.inner.count');
    await session!.text('condition 4 shared.inner.count == 7');
    expect((await hits()).map(changed)).toEqual(['other[3] 0 → 4']);
  });

  it.skipIf(missing)(`${name}: an address without a type`, async () => {
    await start(build, 'many');
    const { result } = await session!.json('print &other[2]');
    const address = `0x${Number((result as { base?: number }).base).toString(16)}`;
    await session!.text(`watch -size 4 *${address}`);
    expect((await hits()).map(changed)).toEqual([`*${address} 0x0 → 0x3`]);
  });

  it.skipIf(missing)(`${name}: -x stops before the instruction`, async () => {
    await start(build, 'wide');
    await session!.text('watch -x main.setWide');
    const seen = await hits();
    expect(seen.map(({ kind, access }) => [kind, access])).toEqual([['watchpoint', 'execute']]);
  });

  it.skipIf(missing)(`${name}: a slice's contents are followed`, async () => {
    await start(build, 'text');
    await session!.text('watch -contents list');
    const seen = (await hits()).map(changed);
    expect(seen).toContain('list[1] 2 → 22');
    expect(seen).toContain('list[1] 22 → 23');
    expect(seen.at(-1)).toBe('list[1] 22 → 23');
  });

  it.skipIf(missing)(`${name}: a string that is written in two steps is told as such`, async () => {
    await start(build, 'text');
    await session!.text('watch text');
    const half = await session!.text('continue');
    expect(half).toMatch(
      /text: "" → (""\n\tonly its data changed, not its length|\(data 0x0, length 5: cannot read 5 bytes of memory at 0x0\)\n\tonly its length changed, not its data): these are written one by one\n/,
    );
    const [first, ...second] = await hits();
    expect(first!.new!.text).toBe('"first"');
    expect(second.map(({ words }) => words).sort()).toEqual([['data'], ['length']]);
    expect(second.at(-1)!.new!.text).toBe('"second"');
  });

  it.skipIf(missing)(`${name}: a string's contents are followed`, async () => {
    await start(build, 'text');
    await session!.text('watch -contents text');
    const seen = await hits();
    expect(seen.map((hit) => hit.new!.text)).toContain('"first"');
    expect(seen.at(-1)!.new!.text).toBe('"second"');
  });

  it.skipIf(missing)(`${name}: what an interface holds is followed`, async () => {
    await start(build, 'held');
    await session!.text('watch -contents held');
    const news = (await hits()).map(({ part, new: now }) => `${part}: ${now?.text}`);
    const at = (text: string): number => news.findIndex((one) => one.includes(text));
    const steps = [
      'held: interface {}(*main.wide) *{x: 0, y: 0, z: 0}',
      'held.z: 30',
      'held: interface {}(main.inner) {count: 0, flag: false}',
      'held: interface {}(*main.account) *{',
      'held.a: 7',
      'held: interface {}([]int64) ',
      'held: interface {} nil',
    ].map(at);
    expect(steps).not.toContain(-1);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    // No half of an assignment is told: there are seven steps, and four writes before the second ends.
    expect(news.length).toBeLessThanOrEqual(7 + 4);
    expect(news.filter((text) => text.startsWith('held: interface {}'))).toHaveLength(5);
  });

  it.skipIf(missing)(`${name}: of a large slice exactly what is written`, async () => {
    await start(build, 'big');
    await session!.text('watch -contents big');
    expect((await hits()).map(changed)).toEqual(['big[5] 0 → 1', 'big[50000] 0 → 2', 'big[99999] 0 → 3']);
  });

  it.skipIf(missing)(`${name}: a system call that writes there succeeds, and is told`, async () => {
    await start(build, 'input');
    await session!.text('watch -contents big');
    await session!.text('watch counter');
    // The program reads 10 bytes of its own file: an ELF header.
    expect((await hits()).map(changed)).toEqual(['big[1000] 0 → 127', 'counter 0 → 10']);
  });

  it.skipIf(missing)(`${name}: a variable moves with its stack and ends with its function`, async () => {
    session = await launch(build, ['stack']);
    await session.text('break main.store');
    await session.text('continue');
    await session.text('clear 1');
    const { result } = await session.json('print p');
    await session.text('watch *p');
    const seen = await hits();
    expect(seen.map(changed).slice(0, 3)).toEqual(['*p 0 → 1', '*p 1 → 2', '*p 2 → 3']);
    expect(seen[1]!.address).toBe((result as { base?: number }).base);
    expect(seen[2]!.address).not.toBe(seen[1]!.address);
    expect(seen).toHaveLength(4);
    expect(seen[3]).toMatchObject({ kind: 'watch-ended' });
    expect(seen[3]!.text).toContain('main.onStack has returned');
  });

  it.skipIf(missing)(`${name}: it ends where a panic ends its function`, async () => {
    session = await launch(build, ['panic']);
    await session.text('break main.store');
    await session.text('continue');
    await session.text('clear 1');
    await session.text('watch *p');
    const [written, ended, ...others] = await hits();
    expect(changed(written!)).toBe('*p 0 → 1');
    expect(ended!.text).toContain('a panic has ended main.unwound');
    expect(others).toEqual([]);
  });
});
