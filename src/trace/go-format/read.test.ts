import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildGo, hasToolchain } from '../../../test/support/go-build.ts';
import { DataError } from '../../base/index.ts';
import { EVENT, STATE } from '../events.ts';
import { livesOf } from '../lives.ts';
import { BytesOut } from './bytes-out.ts';
import { isWholeGoTrace, readGoTrace } from './read.ts';
import { parsedByGo, transitionsByGo, transitionsByUs } from './testing/go-oracle.ts';
import { WIRE } from './wire.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'mattock-gotrace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SOURCE = 'test/fixtures/gotrace-mix';

/** A trace that the fixture makes of itself. */
function traceOf(toolchain: string | undefined): string {
  const file = path.join(folder, `${toolchain ?? 'installed'}.trace`);
  execFileSync(buildGo({ source: SOURCE, ...(toolchain === undefined ? {} : { toolchain }) }), [file, '10']);
  return file;
}

function readOrRefusal(bytes: Uint8Array, file: string) {
  try {
    return readGoTrace(bytes, file);
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

const seeded = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

/** One batch of a generation: its events are kind, ticks since the event before, arguments. */
function batch(generation: number, thread: number, time: number, ...events: readonly number[][]): number[] {
  const data = new BytesOut();
  for (const [kind, ...rest] of events) {
    data.byte(kind!);
    for (const value of rest) data.varint(value);
  }
  const out = new BytesOut();
  out.byte(WIRE.batch);
  for (const value of [generation, thread, time, data.length]) out.varint(value);
  return [...out.view(), ...data.view()];
}

const clock = (generation: number): number[] => batch(generation, -1, 100, [WIRE.frequency, 1_000_000_000]);

describe.skipIf(!hasToolchain(undefined))('generations that overlap in time', () => {
  it('have the times that Go itself gives them: the end of one is before the beginning of the next', () => {
    const running = [
      [WIRE.procStatus, 0, 0, 1],
      [WIRE.goStatus, 1, 1, 5, STATE.running],
    ];
    const bytes = Uint8Array.from([
      ...[...'go 1.23 trace'].map((letter) => letter.charCodeAt(0)),
      ...[0, 0, 0],
      ...batch(1, 5, 100, ...running, [WIRE.goStatus, 1, 2, -1, STATE.waiting]),
      ...clock(1),
      // Who waits is told of last, when the next generation has begun.
      ...batch(2, 5, 200, ...running),
      ...batch(2, -1, 900, [WIRE.goStatus, 1, 2, -1, STATE.waiting]),
      ...clock(2),
      ...batch(3, 5, 500, ...running, [WIRE.goBlock, 1, 0, 0]),
      ...clock(3),
    ]);
    const file = path.join(folder, 'overlap.trace');
    writeFileSync(file, bytes);
    const trace = readGoTrace(bytes, file);
    expect([trace.violations, trace.notes]).toEqual([[], []]);
    const ours = transitionsByUs(trace);
    expect(ours.size).toBeGreaterThan(0);
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(transitionsByGo(parsedByGo(file))));
  });
});

describe.each(['go1.22.12', 'go1.23.5', 'go1.24.13', 'go1.25.5', undefined])('a trace of %s', (toolchain) => {
  it.skipIf(!hasToolchain(toolchain))(
    'has the transitions and times that Go itself reads',

    () => {
      const file = traceOf(toolchain);
      const trace = readGoTrace(readFileSync(file), file);
      const ours = transitionsByUs(trace);
      expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(transitionsByGo(parsedByGo(file))));
      expect(ours.size).toBeGreaterThan(50);
      expect([trace.violations, trace.notes, livesOf(trace).violations]).toEqual([[], [], []]);
      const kinds = new Set(trace.events.kind);
      for (const kind of [
        'gcBegin',
        'gcEnd',
        'taskBegin',
        'regionEnd',
        'log',
        'syscallBegin',
        'stwBegin',
      ] as const)
        expect([kind, kinds.has(EVENT[kind])]).toEqual([kind, true]);
      expect(trace.startedAt !== undefined).toBe(['go1.25.5', undefined].includes(toolchain));
    },
  );
});

describe('files that are not whole', () => {
  const file = traceOf(undefined);
  const bytes = readFileSync(file);

  it('are read as far as they go', () => {
    const whole = readGoTrace(bytes, file);
    // What a thread wrote last may be missing from early on: how far it goes differs from trace to trace.
    for (const part of [0.3, 0.7, 0.97, 0.999]) {
      const cut = readOrRefusal(bytes.subarray(0, Math.floor(bytes.length * part)), file);
      if (cut instanceof DataError) {
        expect(cut.message).toContain('ends before anything of it can be read');
        expect(part).toBeLessThan(0.99);
        continue;
      }
      expect(cut.events.count).toBeGreaterThan(0);
      expect(cut.events.count).toBeLessThanOrEqual(whole.events.count);
      expect(cut.notes.join()).toMatch(/generation \d+ is not whole \(the file ends within a batch/);
      expect([cut.violations, livesOf(cut).violations]).toEqual([[], []]);
    }
  });

  it('are not taken for whole, wherever they end', () => {
    expect(isWholeGoTrace(bytes, file)).toBe(true);
    // Also behind a byte that looks like the end of a generation.
    const looksWhole = Array.from({ length: bytes.length - 20 }, (_, i) => i + 17).filter(
      (length) => bytes[length - 1] === 0x34 && length < bytes.length,
    );
    const lengths = [20, 69, bytes.length - 1, ...looksWhole.slice(0, 50)];
    const wrong = lengths.filter((length) => isWholeGoTrace(bytes.subarray(0, length), file));
    // But where a generation does end.
    expect(
      wrong.filter((length) =>
        readGoTrace(bytes.subarray(0, length), file).notes.join().includes('not whole'),
      ),
    ).toEqual([]);
    expect(wrong.length).toBeLessThan(looksWhole.length);
  });

  it('are refused if they are something else, with what to do', () => {
    const refusal = (content: string) => {
      try {
        readGoTrace(new TextEncoder().encode(content.padEnd(64, '\0')), 'x.trace');
        return undefined;
      } catch (error) {
        return error instanceof DataError ? `${error.message} (${error.remedy})` : error;
      }
    };
    expect(refusal('go 1.21 trace')).toMatch(/format of Go 1\.21.*Go 1\.22 or newer/);
    expect(refusal('go 1.99 trace')).toMatch(/1\.99, which this Mattock does not know/);
    expect(refusal('ELF')).toMatch(/not a Go execution trace/);
    expect(refusal('go 1.26 trace')).toMatch(/damaged|ends before/);
  });

  it('give a trace or a DataError, whatever bytes are changed', () => {
    const random = seeded(4);
    let read = 0;
    for (let round = 0; round < 150; round++) {
      // Half are cut and changed in several places, which may leave nothing that can be read.
      const whole = round % 2 === 0;
      const length = whole ? bytes.length : Math.min(bytes.length, 60_000 + random() * 60_000);
      const damaged = Uint8Array.from(bytes.subarray(0, length));
      for (let i = 0; i < (whole ? 1 : 1 + random() * 4); i++)
        damaged[Math.floor(random() * damaged.length)] = random() * 256;
      try {
        livesOf(readGoTrace(damaged, 'x.trace'));
        read++;
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
      }
    }

    expect(read).toBeGreaterThan(10);
  });
});
