import { expect, it } from 'vitest';
import { instanceName, nameByShape } from './instances.ts';

it.each([
  ['main.Map[go.shape.int]', 'main..dict.Map[main.id]', 'main.Map[main.id]'],
  ['main.Map[go.shape.int,go.shape.[]uint8]', 'main..dict.Map[int,[]uint8]', 'main.Map[int,[]uint8]'],
  ['main.(*list[go.shape.int]).Push', 'main..dict.list[main.id]', 'main.(*list[main.id]).Push'],
  ['main.(*list[go.shape.int]).Push', 'main..dict.(*list[main.id]).Push', 'main.(*list[main.id]).Push'],
  [
    'example.com/a.b/c.F[go.shape.string]',
    'example.com/a.b/c..dict.F[string]',
    'example.com/a.b/c.F[string]',
  ],
  ['main.(*list[...]).Push', 'main..dict.(*list[int]).Push', 'main.(*list[int]).Push'],
  ['main.F[go.shape.[]go.shape.int]', 'main..dict.F[[]int]', 'main.F[[]int]'],
])('%s with %s is %s', (name, symbol, told) => {
  expect(instanceName(name, symbol)).toBe(told);
});

it.each([
  ['main.Map[go.shape.int]', 'main..dict.Filter[int]'],
  ['main.Map[go.shape.int]', 'other..dict.Map[int]'],
  ['main.Map[go.shape.int]', 'main.table'],
  ['main.Map[go.shape.int]', undefined],
])('%s is not told by %s', (name, symbol) => {
  expect(instanceName(name, symbol)).toBeUndefined();
});

it('says of which shape it is where nothing tells more', () => {
  expect(nameByShape('main.F[go.shape.int,go.shape.*uint8].func1')).toBe('main.F[~int,*…].func1');
  expect(nameByShape('main.F[go.shape.struct { A int }]')).toBe('main.F[~struct { A int }]');
});
