import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runtimeAddress } from '../../base/index.ts';
import { civilText, dateOfDay, dayOfDate } from './civil-time.ts';
import { Source } from './source.ts';
import { FakeMemory } from './testing/fake-program.ts';
import { int64, pointer, slice, string, struct, uint8, uint64 } from './testing/fake-types.ts';
import { bytes, words } from './testing/words.ts';
import { durationText, timeText } from './time.ts';
import { ruleOffset } from './time-zone.ts';

test.each([
  ['0', '0s'],
  ['1', '1ns'],
  ['999', '999ns'],
  ['1000', '1µs'],
  ['1500', '1.5µs'],
  ['1000000', '1ms'],
  ['1234567', '1.234567ms'],
  ['1500000000', '1.5s'],
  ['59999999999', '59.999999999s'],
  ['60000000000', '1m0s'],
  ['3600000000000', '1h0m0s'],
  ['3661000000005', '1h1m1.000000005s'],
  ['-1', '-1ns'],
  ['-1500', '-1.5µs'],
  ['9223372036854775807', '2562047h47m16.854775807s'],
  ['-9223372036854775808', '-2562047h47m16.854775808s'],
])('a duration of %s ns is %s', (nanoseconds, text) => {
  expect(durationText(BigInt(nanoseconds))).toBe(text);
});

test.each([
  [0, '1970-01-01T00:00:00Z'],
  [-1, '1969-12-31T23:59:59Z'],
  [951782400, '2000-02-29T00:00:00Z'],
  [951868799, '2000-02-29T23:59:59Z'],
  [4102444800, '2100-01-01T00:00:00Z'],
  [-62135596800, '0001-01-01T00:00:00Z'],
  [253402300799, '9999-12-31T23:59:59Z'],
  [253402300800, '10000-01-01T00:00:00Z'],
  [-99999999999, '-1199-02-15T14:13:21Z'],
])('%i is %s', (seconds, text) => {
  expect(civilText(seconds, 0)).toBe(text);
});

test('zones are written as RFC 3339 does', () => {
  expect(civilText(0, 5.5 * 3600)).toBe('1970-01-01T05:30:00+05:30');
  expect(civilText(0, -3 * 3600)).toBe('1969-12-31T21:00:00-03:00');
});

test('days and dates are inverse', () => {
  for (let day = -800_000; day < 800_000; day += 997) expect(dayOfDate(dateOfDay(day))).toBe(day);
});

describe('rules of zones, against Go', () => {
  const lines = readFileSync(new URL('testing/go-zones.tsv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  const rules = [...new Set(lines.map((line) => line.split('\t')[0]!))];
  test.each(rules)('%s', (rule) => {
    for (const line of lines.filter((each) => each.startsWith(`${rule}\t`))) {
      const [, seconds, offset] = line.split('\t');
      expect(`${seconds}: ${ruleOffset(rule, Number(seconds))}`).toBe(`${seconds}: ${offset}`);
    }
  });

  test('what is no rule has no offset', () => {
    expect(ruleOffset('', 0)).toBeUndefined();
    expect(ruleOffset('CET-1CEST,J60,J300', 0)).toBeUndefined();
  });
});

describe('time.Time', () => {
  const zone = struct('time.zone', { name: string, offset: int64, isDST: uint8 });
  const transition = struct('time.zoneTrans', { when: int64, index: uint8, isstd: uint8, isutc: uint8 });
  const location = struct('time.Location', {
    name: string,
    zone: slice(zone),
    tx: slice(transition),
    extend: string,
    cacheStart: int64,
    cacheEnd: int64,
    cacheZone: pointer(zone),
  });
  // string and slice are words here, so the builder's alignment is that of Go.
  const time = struct('time.Time', { wall: uint64, ext: int64, loc: pointer(location) });
  const at = (wall: bigint, ext: bigint, memory = new FakeMemory(), loc = 0): string | undefined => {
    memory.add(0x1000, words(wall, ext, loc));
    return timeText(memory, time, Source.memory(memory, runtimeAddress(0x1000)), 0);
  };

  test('the zero time', () => {
    expect(at(0n, 0n)).toBe('0001-01-01T00:00:00Z');
  });

  test('wall seconds since year 1, without a monotonic reading', () => {
    expect(at(123n, 62135596800n + 951782400n)).toBe('2000-02-29T00:00:00Z');
  });

  test('33 bits of seconds since 1885 with a monotonic reading', () => {
    const seconds = 2682288000n + 951782400n;
    expect(at((1n << 63n) | (seconds << 30n) | 5n, 12345n)).toBe('2000-02-29T00:00:00Z, +12345');
    expect(at((1n << 63n) | (seconds << 30n), -7n)).toBe('2000-02-29T00:00:00Z, -7');
  });

  test('damage has no text', () => {
    expect(at(0n, 1n << 62n)).toBeUndefined();
  });

  /** Two zones, of which the second holds from `from` on. */
  function located(from: bigint, extend: string, cache: readonly [bigint, bigint, number]): FakeMemory {
    return new FakeMemory()
      .add(0x2000, words(0, 0, 0x3000, 2, 2, 0x4000, 1, 1, 0x5000, extend.length, ...cache))
      .add(
        0x3000,
        words(0, 0, 3600, bytes(0, 0, 0, 0, 0, 0, 0, 0), 0, 0, 7200, bytes(1, 0, 0, 0, 0, 0, 0, 0)),
      )
      .add(0x4000, words(from, bytes(1, 0, 0, 0, 0, 0, 0, 0)))
      .add(0x5000, words(`${extend} `));
  }
  const seconds = (unix: bigint): bigint => unix + 62135596800n;

  test("the location's transitions", () => {
    expect(at(0n, seconds(999n), located(1000n, '', [0n, 0n, 0]), 0x2000)).toBe('1970-01-01T01:16:39+01:00');
    expect(at(0n, seconds(1000n), located(1000n, '', [0n, 0n, 0]), 0x2000)).toBe('1970-01-01T02:16:40+02:00');
  });

  test('its rule behind the last transition', () => {
    const memory = located(1000n, 'XXX-5', [0n, 0n, 0]);
    expect(at(0n, seconds(1000n), memory, 0x2000)).toBe('1970-01-01T05:16:40+05:00');
  });

  test('its cache first', () => {
    const memory = located(1000n, 'XXX-5', [500n, 2000n, 0x3000]);
    expect(at(0n, seconds(1000n), memory, 0x2000)).toBe('1970-01-01T01:16:40+01:00');
  });

  test('a location that was never loaded is UTC', () => {
    const memory = new FakeMemory().add(0x2000, new Uint8Array(200));
    expect(at(0n, seconds(0n), memory, 0x2000)).toBe('1970-01-01T00:00:00Z');
  });
});
