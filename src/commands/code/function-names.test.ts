import { describe, expect, it } from 'vitest';
import { suffixMatcher } from './function-names.ts';
import { packageOfFunction } from './names.ts';

describe('suffixMatcher', () => {
  it.each([
    ['Serve', 'net/http.Serve', true],
    ['http.Serve', 'net/http.Serve', true],
    ['net/http.Serve', 'net/http.Serve', true],
    ['Serve', 'net/http.ListenAndServe', false],
    ['conn.serve', 'net/http.(*conn).serve', true],
    ['(*conn).serve', 'net/http.(*conn).serve', true],
    ['serve', 'net/http.(*conn).serve', true],
    ['(*conn).serve', 'net/http.conn.serve', false],
    ['main.Map', 'main.Map[go.shape.int]', true],
    ['Map', 'main.Map[go.shape.int,github.com/x/y.T]', true],
    ['main.Map', 'main.Map[go.shape.struct { Of main.List[int]; At [4]int },go.shape.int]', true],
    ['List.Push', 'main.(*List[go.shape.int]).Push', true],
    ['main.main', 'main.main.func1', false],
  ])('%s means %s: %s', (typed, name, expected) => {
    expect(suffixMatcher(typed)(name)).toBe(expected);
  });
});

describe('packageOfFunction', () => {
  it.each([
    ['net/http.(*conn).serve', 'net/http'],
    ['main.main.func1', 'main'],
    ['gopkg.in/yaml%2ev3.Marshal', 'gopkg.in/yaml.v3'],
    ['main.Map[go.shape.int,github.com/x/y.T]', 'main'],
    ['memmove', undefined],
  ])('%s is of %s', (name, expected) => {
    expect(packageOfFunction(name)).toBe(expected);
  });
});
