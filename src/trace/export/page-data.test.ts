import { expect, it } from 'vitest';
import { madeTrace } from '../../../test/web/made-trace.ts';
import { livesOf } from '../lives.ts';
import { tracePage } from './html.ts';
import { ColumnReader, ColumnWriter } from './page-columns.ts';
import { decodePage, encodePage } from './page-data.ts';

it('keeps numbers up to 2^53', () => {
  const values = [0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1];
  const out = new ColumnWriter();
  out.column(values.length, (row) => values[row]!);
  const read = new ColumnReader(out.bytes());
  expect([...read.column(new Float64Array(values.length))]).toEqual(values);
  expect(() => read.number()).toThrow('end too early');
});

it('gives the page what the trace has', () => {
  const trace = madeTrace(20_000, 50);
  const lives = livesOf(trace);
  const finding = { severity: 'high', title: 'leak', lines: ['</script>'] };
  const data = decodePage(encodePage(trace, lives, [finding]));
  expect(data).toMatchObject({
    lives: 50,
    spans: lives.spans.count,
    name: 'made.trace',
    findings: [finding],
  });
  expect([...data.start]).toEqual([...lives.spans.start]);
  expect([...data.state]).toEqual([...lives.spans.state]);
  expect([...data.stack]).toEqual([...lives.spans.stack]);
  expect([...data.proc]).toEqual([...lives.spans.proc].map((proc) => proc + 1));
  lives.goroutines.forEach((life, i) => {
    expect([data.id[i], data.first[i], data.first[i + 1]]).toEqual([life.id, life.first, life.end]);
    expect(data.lifeEnd[i]).toBe(lives.spans.end[life.end - 1]);
    expect(data.entries[data.entry[i]!]).toBe(life.entry ?? '');
  });
  const woken = lives.spans.endedBy.findIndex((by) => by > 0);
  expect(woken).toBeGreaterThan(0);
  expect(data.id[data.waker[woken]! - 1]).toBe(lives.spans.endedBy[woken]);
});

it('puts the data where the page has a place for them', () => {
  const trace = madeTrace(2000, 5);
  const port = { gzip: (bytes: Uint8Array) => bytes, base64: () => 'AAAA' };
  const page = tracePage(trace, livesOf(trace), [], { ...port, template: 'a<!--DATA-->b' });
  expect(page).toBe('a<script type="application/octet-stream" id="data">AAAA</script>b');
});
