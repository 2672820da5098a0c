import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { UserError } from '../base/index.ts';
import { parse } from './parser.ts';
import type { Node } from './syntax.ts';

/** Made by go/parser: `expression TAB s-expression`, or `ERROR column message`. */
const golden = readFileSync(new URL('testing/go-parser.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

/** The form in which the table has Go's trees; literals by their text. */
function form(node: Node | undefined, text: string): string {
  const of = (inner: Node | undefined): string => form(inner, text);
  if (node === undefined) return '_';
  switch (node.kind) {
    case 'literal':
      return text.slice(node.from, node.to);
    case 'name':
      return node.name;
    case 'paren':
      return of(node.inner);
    case 'selector':
      return `(. ${of(node.operand)} ${node.name})`;
    case 'index':
      return `([] ${of(node.operand)} ${node.indexes.map(of).join(' ')})`;
    case 'slice':
      return `([:] ${of(node.operand)} ${of(node.low)} ${of(node.high)})`;
    case 'star':
      return `(* ${of(node.operand)})`;
    case 'unary':
      return `(${node.operator} ${of(node.operand)})`;
    case 'binary':
      return `(${node.operator} ${of(node.left)} ${of(node.right)})`;
    case 'call':
      return `(${['call', of(node.function), ...node.arguments.map(of)].join(' ')})`;
    case 'assertion':
      return `(assert ${of(node.operand)} ${of(node.type)})`;
    case 'array-type':
      return `(array ${of(node.length)} ${of(node.element)})`;
    case 'map-type':
      return `(map ${of(node.key)} ${of(node.element)})`;
    case 'chan-type':
      return `(chan ${node.direction} ${of(node.element)})`;
    case 'func-type':
      return `(func (${node.parameters.map(of).join(' ')}) (${node.results.map(of).join(' ')}))`;
    case 'braced-type':
      return `(braced ${node.text})`;
  }
}

function failure(text: string): UserError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`${text} was parsed`);
}

describe('against go/parser', () => {
  test.each(golden.map((line) => line.split('\t') as [string, string]))('%s', (text, tree) => {
    const error = /^ERROR (\d+) /.exec(tree);
    if (error === null) expect(form(parse(text), text)).toBe(tree);
    else expect({ column: failure(text).column, text }).toEqual({ column: Number(error[1]), text });
  });
});

describe('beyond go/parser', () => {
  test('a type of a quoted package in an assertion', () => {
    const text = 'x.(*"a/b".T)';
    expect(form(parse(text), text)).toBe('(assert x (* (. "a/b" T)))');
  });

  test('an unnamed result', () => {
    expect(parse('~r0')).toMatchObject({ kind: 'name', name: '~r0' });
  });

  test.each([
    ['<-c', 0, 'receiving'],
    ['a[1:2:3]', 5, '3-index'],
    ['main.T{1}', 6, 'composite'],
    ['', 0, 'operand'],
    ['a := 1', 2, ':='],
    ['1e999999', 0, 'exponent too large'],
  ])('%s is refused in words', (text, column, words) => {
    const error = failure(text);
    expect(error.message).toContain(words);
    expect(error.column).toBe(column);
  });

  test('length and nesting have an end', () => {
    expect(failure(`${'('.repeat(1000)}1`).message).toContain('nested');
    expect(failure(`${'!'.repeat(1000)}1`).message).toContain('nested');
    expect(failure(`${'[]'.repeat(900)}int`).message).toContain('nested');
    expect(failure(`${'('.repeat(1_000_000)}1`).message).toContain('too long');
    expect(parse(`a${'.b'.repeat(900)}`).kind).toBe('selector');
    expect(parse(`a${'+b'.repeat(900)}`).kind).toBe('binary');
  });
});

describe('literals', () => {
  const constant = (text: string): unknown => {
    const node = parse(text);
    return node.kind === 'literal' ? node.constant : undefined;
  };

  test.each([
    ['0', 0n],
    ['1_000', 1000n],
    ['0x_1F', 31n],
    ['0b1_01', 5n],
    ['0o17', 15n],
    ['017', 15n],
    ['18446744073709551616', 18446744073709551616n],
  ])('%s', (text, value) => {
    expect(constant(text)).toEqual({ kind: 'int', value });
  });

  test.each([
    ['1.5', 1.5],
    ['.25', 0.25],
    ['1.', 1],
    ['1e3', 1000],
    ['2.5E-3', 0.0025],
    ['0x1p-2', 0.25],
    ['0x1.8p1', 3],
    ['0x_ap0', 10],
    ['1_0.2_5', 10.25],
  ])('%s', (text, value) => {
    const node = parse(text);
    const found =
      node.kind === 'literal' && node.constant.kind === 'float' ? node.constant.value.toDouble() : undefined;
    expect(found).toBe(value);
  });

  test.each([
    ["'a'", 97n],
    ["'é'", 233n],
    ["'\\n'", 10n],
    ["'\\''", 39n],
    ["'\\x41'", 65n],
    ["'\\101'", 65n],
    ["'\\U0001F600'", 0x1f600n],
  ])('%s', (text, value) => {
    expect(constant(text)).toEqual({ kind: 'rune', value });
  });

  test.each([
    ['"a\\tb"', [97, 9, 98]],
    ['`a\\tb`', [97, 92, 116, 98]],
    ['"\\xff\\377"', [255, 255]],
    ['"é\\u00e9"', [0xc3, 0xa9, 0xc3, 0xa9]],
    ['"\\""', [34]],
  ])('%s', (text, bytes) => {
    expect(constant(text)).toEqual({ kind: 'string', bytes: Uint8Array.from(bytes) });
  });
});
