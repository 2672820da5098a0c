import { describe, expect, it } from 'vitest';
import { runtimeAddress } from '../../base/index.ts';
import { harmless, makeStyle, PLAIN } from './style.ts';
import { columns, locationText, plural } from './text.ts';

const at = (name: string, line: number) => ({
  pc: runtimeAddress(0x4cdfc9),
  function: name,
  position: { file: '/src/app/main.go', line },
});

describe('locationText', () => {
  it('shortens paths in the working directory and colours names', () => {
    const style = makeStyle({ colour: true, directory: '/src/app' });
    expect(locationText(at('main.f', 3), style)).toBe(
      './main.go:3 \x1b[36mmain.f\x1b[0m \x1b[2m(0x4cdfc9)\x1b[0m',
    );
  });

  it('keeps apart what one pc means as a return address', () => {
    expect(locationText(at('main.f', 3), PLAIN)).toBe('/src/app/main.go:3 main.f (0x4cdfc9)');
    expect(locationText(at('main.g', 3), PLAIN)).toBe('/src/app/main.go:3 main.g (0x4cdfc9)');
    expect(locationText({ ...at('main.g', 3), position: undefined }, PLAIN)).toBe('main.g (0x4cdfc9)');
    expect(locationText({ ...at('main.g', 3), pc: runtimeAddress(0) }, PLAIN)).toBe('?');
  });
});

describe('text', () => {
  it('aligns columns and does not pad the last', () => {
    expect([
      ...columns([
        ['a', 'bcd', 'e'],
        ['abc', 'b', 'ef'],
      ]),
    ]).toEqual(['a    bcd  e', 'abc  b    ef']);
  });

  it('shows what could steer a terminal', () => {
    expect(harmless('a\x1b[2Jb\x07\tc\nd\x9b')).toBe('a\\x1b[2Jb\\x07\tc\nd\\x9b');
  });

  it('counts', () => {
    expect([plural(1, 'goroutine'), plural(2, 'goroutine')]).toEqual(['1 goroutine', '2 goroutines']);
  });
});
