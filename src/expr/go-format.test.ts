import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { goFormat, type Operand } from './go-format.ts';

/** Made by Go's fmt.Sprintf, a case per line. */
interface Case {
  readonly format: string;
  readonly kind: Operand['kind'];
  readonly value: unknown;
  readonly want: string;
}

const cases = readFileSync(new URL('testing/go-fmt.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Case);

const float = (text: unknown): number => Number(String(text).replace('Inf', 'Infinity'));

function operand({ kind, value }: Case): Operand {
  switch (kind) {
    case 'bool':
      return { kind, value: value === true };
    case 'int':
      return { kind, value: BigInt(String(value)) };
    case 'float':
      return { kind, value: float(value), bits: 64 };
    case 'complex': {
      const [real, imaginary] = value as [string, string];
      return { kind, real: float(real), imaginary: float(imaginary), bits: 64 };
    }
    case 'string':
      return { kind, value: String(value) };
  }
}

describe('as fmt.Sprintf', () => {
  const formats = [...new Set(cases.map(({ format }) => format))];
  test.each(formats)('%s', (format) => {
    for (const each of cases.filter((candidate) => candidate.format === format)) {
      const shown = goFormat(format, operand(each));
      expect({ ...each, want: shown }).toEqual(each);
    }
  });
});

test('text around a directive stays', () => {
  expect(goFormat('<%d> and %d', { kind: 'int', value: 1n })).toBe('<1> and %!d(BADINDEX)');
});
