import { describe, expect, it } from 'vitest';
import { align } from './alignment.ts';

const stack = (text: string) =>
  text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [line, pc] = word.slice(1).split('@').map(Number);
      return { function: word[0]!, file: 'f.go', line: line!, pc: pc ?? 0, variables: [] };
    });

const kinds = (delve: string, mattock: string) =>
  align(stack(delve), stack(mattock)).map((step) => step.kind);

describe('aligning stacks', () => {
  it('pairs equal ones', () => {
    expect(kinds('a1 b2', 'a1 b2')).toEqual(['pair', 'pair']);
    expect(kinds('', '')).toEqual([]);
  });

  it('goes on after frames that only one has', () => {
    expect(kinds('a1 b2', 'a1 x1 x2 b2')).toEqual(['pair', 'mattock-only', 'mattock-only', 'pair']);
    expect(kinds('a1 x1 b2', 'a1 b2')).toEqual(['pair', 'delve-only', 'pair']);
  });

  it('pairs a function at two lines', () => {
    expect(kinds('a1 b2 c3', 'a1 b9 c3')).toEqual(['pair', 'pair', 'pair']);
    expect(kinds('a1 r3 d2 c3', 'a1 x1 r4 d2 c3')).toEqual(['pair', 'mattock-only', 'pair', 'pair', 'pair']);
  });

  it('tells frames of a recursion by their pc', () => {
    const delve = 'r3@7 r3@7 r3@7 m1@1';
    expect(kinds(delve, 'x1@9 r2@5 r3@7 r3@7 r3@7 m1@1')).toEqual([
      'mattock-only',
      'mattock-only',
      'pair',
      'pair',
      'pair',
      'pair',
    ]);
  });

  it('gives up where nothing fits, and where one ends', () => {
    expect(kinds('a1 b2', 'a1 c3')).toEqual(['pair', 'apart']);
    expect(kinds('a1 b2', 'a1')).toEqual(['pair', 'apart']);
  });
});
