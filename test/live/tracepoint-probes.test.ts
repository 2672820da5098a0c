import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { openInline } from '../../src/engine/index.ts';
import type { InlineSession } from '../../src/engine/inline-session.ts';
import { HEADER } from '../../src/probe/ring-layout.ts';
import { type Build, buildLabel, builtFixture, missingForBuild } from '../support/builds.ts';
import { LIVE_BUILDS, toldAndResult } from './live-session.ts';
import { mappedText } from './running-program.ts';

interface Told {
  readonly event: 'trace';
  readonly kind: string;
  readonly tracepoint: number;
  readonly function: string;
  readonly goroutine: number;
  readonly nanoseconds?: number;
  readonly values: readonly { readonly name: string; readonly text: string; readonly readLater?: true }[];
}

const FIXTURE = 'tracepoint-probes';
let session: InlineSession | undefined;
afterEach(async () => {
  await session?.close();
  session = undefined;
});

/** A program under the debugger; `probes`: those that tracepoints may have, and how often they were put in. */
class Stand {
  readonly #session: InlineSession;
  begun = 0;
  /** Its text without us. */
  before: ReturnType<typeof mappedText> | undefined;
  /** Functions that had probes. */
  readonly probed = new Set<string>();
  /** The program says that there was no room for calls. */
  isLosing = false;
  /** Places of the text that are others' while there are probes. */
  patches: number[] = [];

  constructor(opened: InlineSession, isProbed: boolean) {
    this.#session = opened;
    const { breakpoints } = opened.session.live!.processes;
    const { probes } = breakpoints;
    breakpoints.probes = isProbed
      ? {
          begin: (one, tracers, onMissing) => {
            const begun = probes!.begin(one, tracers, onMissing);
            if (begun === undefined) return undefined;
            this.begun++;
            if (this.isLosing) this.lose();
            for (const { plan } of tracers) if (!one.traps.has(plan.entry)) this.probed.add(plan.function);
            const text = this.text();
            const before = this.before ?? text;
            this.patches = [...text.keys()].filter((at) => text[at] !== before[at]);
            return begun;
          },
        }
      : undefined;
  }

  /** What a probe does that has waited for the reader in vain. */
  lose(): void {
    const { pid } = this.#session.session.program.target.process;
    const ring = /^([\da-f]+)-\S+ rw-s .*memfd:/m.exec(readFileSync(`/proc/${pid}/maps`, 'utf8'))!;
    const file = openSync(`/proc/${pid}/mem`, 'r+');
    const at = Number.parseInt(ring[1]!, 16) + HEADER.dropped;
    expect(writeSync(file, new BigUint64Array([7n]), 0, 8, at)).toBe(8);
    closeSync(file);
  }

  /** The program's text, past the debugger. */
  text(): ReturnType<typeof mappedText> {
    return mappedText(this.#session.session.program.target.process.pid!);
  }

  async hits(wanted: string): Promise<number | undefined> {
    const { result } = await this.run('breakpoints');
    const rows = result.breakpoints as readonly { readonly name?: string; readonly hits: number }[];
    return rows.find(({ name }) => name === wanted)?.hits;
  }

  mappings(): number {
    return this.#session.session.program.target.memory.regions.length;
  }

  async written(line: string, format: 'json' | 'text'): Promise<string> {
    let written = '';
    const outcome = await this.#session.execute(line, { format, colour: false }, (text) => {
      written += text;
    });
    if (outcome.error !== undefined) throw new Error(`${line}: ${outcome.error.message}`);
    return written;
  }

  async run(
    line: string,
  ): Promise<{ readonly told: readonly Told[]; readonly result: Record<string, unknown> }> {
    return toldAndResult<Told, Record<string, unknown>>(await this.written(line, 'json'));
  }
}

async function start(build: Build, isProbed: boolean, rounds: number, calls: number): Promise<Stand> {
  session = await openInline({
    live: {
      kind: 'launch',
      program: { path: builtFixture(build).executable },
      args: [String(rounds), String(calls)],
      terminal: { kind: 'files', stdin: '/dev/null', stdout: '/dev/null', stderr: '/dev/null' },
      fixedAddresses: true,
    },
  });
  return new Stand(session, isProbed);
}

const ALL =
  'sum|greet|list|fib|guarded|thrower|many|led|work|checkpoint|boxed|largest.*|\\(\\*point\\)\\.move';
/** What leads elsewhere may be something else when it is told of: a map, a function. */
const PROBED = ['boxed', 'checkpoint', 'fib', 'greet', 'guarded', 'list', 'many', 'thrower', 'work'].concat([
  'largest[go.shape.float64]',
  'largest[go.shape.int]',
  ...['(*point).move', 'sum'],
]);
/** What of an interface was in the record of a call: its type, a pointer, that there is none. */
const KEPT = /nil$|\(\*[^)]*\) 0x/;

/** A line for each of a goroutine's calls and returns; addresses of memory are others each time. */
const lines = (told: readonly Told[]): string[] =>
  told.map(({ kind, function: name, values }) =>
    `${kind} ${name} ${values.map((value) => `${value.name}=${value.text}`).join(' ')}`.replace(
      /0x[\da-f]{6,}/g,
      'an address',
    ),
  );

/** The calls of goroutines that begin with the same call are in the order in which they were made. */
function byGoroutine(told: readonly Told[]): string[][] {
  const all = new Map<number, Told[]>();
  for (const one of told) all.set(one.goroutine, [...(all.get(one.goroutine) ?? []), one]);
  return [...all.values()].map(lines).sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
}

describe.each([...LIVE_BUILDS, { flags: 'opt', pie: true } as const])('tracepoints', (build) => {
  const own = { ...build, fixture: FIXTURE };
  it.skipIf(missingForBuild(own))(
    `${buildLabel(own)}: tell the same by probes as by traps`,
    async () => {
      const runs = [];
      for (const isProbed of [false, true]) {
        const stand = await start(own, isProbed, 30, 150);
        await stand.run(`trace t /^main\\.(${ALL})$/`);
        // What interfaces hold is read while there is a program to read it of.
        await stand.run('break end fmt.Fprintln');
        const { told } = await stand.run('continue');
        expect((await stand.run('continue')).result.causes).toMatchObject([{ kind: 'ended', status: 7 }]);
        expect(await stand.hits('t')).toBe(told.filter(({ kind }) => kind === 'call').length);
        for (const { kind, nanoseconds } of told) {
          if (kind === 'return') expect(nanoseconds).toBeGreaterThanOrEqual(0);
          else expect(nanoseconds).toBe(undefined);
        }
        expect(stand.begun).toBe(isProbed ? 1 : 0);
        const probed = isProbed ? PROBED : [];
        expect([...stand.probed].sort()).toEqual(probed.map((name) => `main.${name}`).sort());
        const values = told.flatMap((one) => one.values);
        expect(values.filter(({ text }) => /\.param\d|go\.shape/.test(text))).toEqual([]);
        const late = values.filter(({ readLater }) => readLater);
        expect(late.length > 0).toBe(isProbed);
        expect(late.filter(({ text }) => KEPT.test(text))).toEqual([]);
        runs.push(byGoroutine(told));
        await session!.close();
      }
      expect(runs[0]!.length).toBe(5);
      expect(runs[1]).toEqual(runs[0]);
    },
    60_000,
  );
});

describe('tracepoints that have probes', () => {
  const build = { fixture: FIXTURE, flags: 'noopt' } as const;
  const missing = missingForBuild(build) !== undefined;

  /** With its text as it is without us, and probes in its calls by the first stop. */
  async function stopped(traced: string): Promise<Stand> {
    const stand = await start(build, true, 1000, 10);
    await stand.run('break main.checkpoint if n == 1');
    await stand.run('continue');
    stand.before = stand.text();
    await stand.run(`trace t ${traced}`);
    await stand.run('condition 1 n == 100');
    await stand.run('continue');
    expect(stand.begun).toBe(1);
    expect(stand.patches.length).toBeGreaterThan(5);
    return stand;
  }

  it.skipIf(missing)('tell what interfaces held, and are there for one function alone', async () => {
    // The last but one holds a struct: see boxes.
    const rounds = 1200;
    // Without optimisation its beginning is apart from where it is entered by all.
    const stand = await start({ ...build, flags: 'opt' }, true, rounds, 0);
    await stand.run('trace t main.boxed');
    // While there is a program to read it of. Nothing of ours may stand where it ends: it goes on if we are killed.
    await stand.run('break end fmt.Fprintln');
    const { told } = await stand.run('continue');
    expect((await stand.run('continue')).result.causes).toMatchObject([{ kind: 'ended', status: 7 }]);
    expect(stand.begun).toBe(1);
    const calls = told.filter(({ kind }) => kind === 'call');
    expect(calls).toHaveLength(rounds);
    expect(told.filter(({ values }) => values.some(({ text }) => text.includes('unreadable')))).toEqual([]);
    expect(calls.at(-2)!.values[0]!.text).toBe(`interface {}(main.point) {X: ${rounds - 1}, Y: 3}`);
  });

  it.skipIf(missing)('leave the program its own text at every stop, and its calls their ends', async () => {
    const stand = await stopped('main.guarded');
    expect(stand.text().equals(stand.before!)).toBe(true);
    await stand.run('break inner main.thrower if n == 200');
    const before = await stand.run('continue');
    expect(lines(before.told.slice(-1))).toEqual(['call main.guarded n=200']);
    expect(stand.text().equals(stand.before!)).toBe(true);
    const mappings = stand.mappings();
    await stand.run('condition inner n == 201');
    const { told } = await stand.run('continue');
    expect(lines(told)).toEqual(['return main.guarded result=400', 'call main.guarded n=201']);
    // It is stepped through as if nothing had been there.
    await stand.run('stepout');
    expect((await stand.run('print n')).result).toMatchObject({ value: '201' });
    await stand.run('next');
    expect(stand.text().equals(stand.before!)).toBe(true);
    await stand.run('condition inner n == 500');
    await stand.run('continue');
    expect(stand.begun).toBe(3);
    expect(stand.mappings()).toBeLessThanOrEqual(mappings + 1);
  });

  it.skipIf(missing)('are not seen by who reads the program meanwhile', async () => {
    const stand = await stopped('main.sum');
    const [first] = stand.patches;
    const at = stand.before!.start + first!;
    const byte = stand.before![first!]!;
    await stand.run(`condition 1 *(*uint8)(${at}) != ${byte} || n == 300`);
    await stand.run('continue');
    expect(stand.begun).toBe(2);
    expect((await stand.run('print n')).result).toMatchObject({ value: '300' });
  });

  it.skipIf(missing)('give way to a breakpoint where they would stand', async () => {
    const stand = await stopped('main.sum');
    await stand.run(`break *${stand.before!.start + stand.patches[0]!}`);
    await stand.run('condition 3 a == 150');
    await stand.run('condition 1 n == 140');
    const { told } = await stand.run('continue');
    expect(stand.begun).toBe(1);
    expect(told.length).toBe(80);
    await stand.run('condition 1 n == 200');
    await stand.run('continue');
    expect((await stand.run('print a')).result).toMatchObject({ value: '150' });
  });

  it.skipIf(missing)('count their hits, tell those that are asked for, and are switched off', async () => {
    const stand = await stopped('main.sum');
    expect(await stand.hits('t')).toBe(99);
    await stand.run('condition -hitcount t % 10');
    await stand.run('condition 1 n == 200');
    const { told } = await stand.run('continue');
    expect(stand.begun).toBe(2);
    expect(await stand.hits('t')).toBe(199);
    const called = told.filter(({ kind }) => kind === 'call');
    expect(called.map(({ values }) => values[0]!.text)).toEqual(
      Array.from({ length: 10 }, (_, i) => String(101 + 10 * i)),
    );
    expect(told.length).toBe(20);
    await stand.run('toggle t');
    await stand.run('condition 1 n == 300');
    expect((await stand.run('continue')).told).toEqual([]);
    expect(stand.begun).toBe(2);
    expect(stand.text().equals(stand.before!)).toBe(true);
  });

  it.skipIf(missing)('say where calls are missing', async () => {
    const stand = await start(build, true, 1000, 10);
    stand.isLosing = true;
    await stand.run('trace main.sum');
    await stand.run('break main.checkpoint if n == 300');
    const { told } = await stand.run('continue');
    expect(stand.begun).toBe(1);
    // By traps, and then by probes: what is missing is missing between them.
    expect(told.length).toBe(601);
    const at = told.findIndex(({ kind }) => kind === 'missing');
    expect(told[at]).toEqual({ event: 'trace', kind: 'missing' });
    expect(at).toBeGreaterThan(0);
    expect(at).toBeLessThan(600);
    await stand.run('condition 2 n == 600');
    const text = await stand.written('continue', 'text');
    expect(stand.begun).toBe(2);
    expect(text.match(/^> calls are missing here: .*$/gm)).toHaveLength(1);
  });
});
