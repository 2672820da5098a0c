import { describe, expect, it } from 'vitest';
import { Tally } from './differences.ts';
import { type Row, summary } from './report.ts';

function report(rows: readonly Row[]): { readonly ok: boolean; readonly text: string } {
  const lines: string[] = [];
  const ok = summary(rows, (line) => lines.push(line), { limit: 10, everyExplained: false });
  return { ok, text: lines.join('\n') };
}

function compared(...variables: readonly (readonly [delve: string, mattock: string])[]): Row {
  const comparison = new Tally();
  for (const [delve, mattock] of variables) comparison.add('variables', 'x', delve, mattock);
  return { fixture: 'values', build: '1.26.8 opt', outcome: { kind: 'compared', comparison } };
}

describe('the end of a comparison', () => {
  it('is good where all agree or is explained', () => {
    const { ok, text } = report([compared(['1', '1'], ['0', '-0'])]);
    expect(ok).toBe(true);
    expect(text).toMatch(/variables +1 of +2 agree +50\.00 % +1 explained, 0 not/);
  });

  it('is bad with one difference that is not explained', () => {
    const { ok, text } = report([compared(['1', '1'], ['5', '6'])]);
    expect(ok).toBe(false);
    expect(text).toContain('1 differences are not explained:\n  variables: values (1.26.8 opt), x\n');
  });

  it('is bad where a core could not be compared, or none was', () => {
    const failed: Row = { ...compared(), outcome: { kind: 'failed', reason: 'no core' } };
    expect(report([compared(['1', '1']), failed])).toMatchObject({ ok: false });
    const none = report([{ ...failed, outcome: { kind: 'skipped', reason: 'no Go' } }]);
    expect(none.ok).toBe(false);
    expect(none.text).toContain('0 compared, 0 programs; 1 skipped');
  });
});
