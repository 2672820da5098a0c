import { describe, expect, it } from 'vitest';
import { Cursor } from './cursor.ts';
import { durationLimit, formatDuration, parseDuration } from './duration.ts';

const SECOND = 1e9;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('durations', () => {
  it.each([
    ['5m', 5 * MINUTE],
    ['1h30m', 90 * MINUTE],
    ['1.5s', 1.5 * SECOND],
    ['100ms', 1e8],
    ['2d', 48 * HOUR],
    ['7µs', 7000],
  ])('reads %s', (text, nanoseconds) => {
    expect(parseDuration(text)).toBe(nanoseconds);
  });

  it.each(['', '5', 'm', '5 m', '1h-2m', 'five'])('does not read %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each([
    [999, '999ns'],
    [1500, '1.5µs'],
    [2.55e6, '2.5ms'],
    [59.96 * SECOND, '59.9s'],
    [5 * MINUTE, '5m'],
    [5 * MINUTE + 3 * SECOND, '5m3s'],
    [3 * HOUR + 12 * MINUTE + 9 * SECOND, '3h12m'],
    [50 * HOUR, '2d2h'],
  ])('writes %d as %s', (nanoseconds, text) => {
    expect(formatDuration(nanoseconds)).toBe(text);
  });

  it.each([
    ['>5m', 5 * MINUTE, false],
    ['>5m', 5 * MINUTE + 1, true],
    ['>=5m', 5 * MINUTE, true],
    ['5m', 5 * MINUTE, true],
    ['<5m', 5 * MINUTE, false],
    ['<=5m', 5 * MINUTE, true],
  ])('%s admits %d: %s', (text, value, admitted) => {
    expect(durationLimit.read(new Cursor({ text, column: 0 })).admits(value)).toBe(admitted);
  });

  it('says how to write a limit', () => {
    expect(() => durationLimit.read(new Cursor({ text: '>long', column: 0 }))).toThrow(
      '>long is not a limit of time',
    );
  });
});
