import { expect, it } from 'vitest';
import { EVENT, STATE } from '../events.ts';
import { livesOf } from '../lives.ts';
import { TraceBuilder } from '../trace-builder.ts';
import { pprofOf } from './pprof.ts';
import { MEASURES, samplesOf } from './samples.ts';

function smallTrace() {
  const b = new TraceBuilder({ writer: 'mattock', format: '1.23', name: 'small' });
  const worker = b.frame(0x1000, b.string('main.worker'), b.string('main.go'), 7);
  const wait = b.stack([b.frame(0x3000, b.string('runtime.chanrecv1'), 0, 1), worker]);
  const hot = b.stack([b.frame(0x1010, b.string('main.hot'), b.string('main.go'), 9), worker]);
  b.startedAt = 1n << 60n;
  b.add(EVENT.created, 0, 7, { a: b.stack([worker]), b: STATE.runnable });
  b.add(EVENT.running, 10, 7, { proc: 0 });
  b.add(EVENT.blocked, 40, 7, { proc: 0, stack: wait, a: b.string('chan receive') });
  b.add(EVENT.unblocked, 140, 7);
  b.add(EVENT.running, 145, 7, { proc: 0 });
  b.add(EVENT.cpuSample, 150, 7, { proc: 0, stack: hot });
  b.add(EVENT.blocked, 345, 7, { proc: 0, stack: wait, a: b.string('chan receive') });
  b.add(EVENT.heapAlloc, 645, 0, { a: 1 });
  return b.build();
}

it('adds up what goroutines did by place and reason', () => {
  const trace = smallTrace();
  const rows = samplesOf(trace, livesOf(trace)).map(({ frames, entry, leaf, labels, values }) => [
    ...(leaf === undefined ? [] : [leaf]),
    ...Array.from(frames, (id) => trace.stacks.frame(id).function),
    ...(entry === undefined ? [] : [entry]),
    labels.wait,
    ...values,
  ]);
  expect(rows).toEqual([
    ['[runnable]', 'main.worker', undefined, 0, 0, 0, 10, 0],
    ['[running]', 'runtime.chanrecv1', 'main.worker', undefined, 0, 0, 30, 0, 0],
    ['[chan receive]', 'runtime.chanrecv1', 'main.worker', 'chan receive', 400, 2, 0, 0, 1],
    ['[runnable]', 'runtime.chanrecv1', 'main.worker', undefined, 0, 0, 0, 5, 0],
    ['main.hot', 'main.worker', undefined, 0, 0, 200, 0, 0],
  ]);
});

it('writes profile.proto, and has it compressed once', () => {
  const trace = smallTrace();
  let calls = 0;
  const bytes = pprofOf(trace, livesOf(trace), (raw) => {
    calls++;
    return raw;
  });
  expect(calls).toBe(1);
  const fields = fieldsOf(bytes);
  const strings = all(fields, 6).map((text) => new TextDecoder().decode(text as Uint8Array));
  expect(strings[0]).toBe('');
  const types = all(fields, 1).map((type) =>
    fieldsOf(type as Uint8Array).map(([, id]) => strings[Number(id)]),
  );
  expect(types).toEqual(MEASURES.map(({ name, unit }) => [name, unit]));
  expect(all(fields, 9)).toEqual([1n << 60n]);
  expect(all(fields, 10)).toEqual([645n]);
  const functions = new Map(
    all(fields, 5).map((each) => {
      const parts = fieldsOf(each as Uint8Array);
      return [all(parts, 1)[0], strings[Number(all(parts, 2)[0])]];
    }),
  );
  const locations = new Map(
    all(fields, 4).map((each) => {
      const parts = fieldsOf(each as Uint8Array);
      const [line] = all(parts, 4);
      return [all(parts, 1)[0], functions.get(all(fieldsOf(line as Uint8Array), 1)[0])];
    }),
  );
  const waiting = fieldsOf(all(fields, 2)[2] as Uint8Array);
  const places = varints(all(waiting, 1)[0] as Uint8Array);
  expect(places.map((id) => locations.get(id))).toEqual([
    '[chan receive]',
    'runtime.chanrecv1',
    'main.worker',
  ]);
  expect(varints(all(waiting, 2)[0] as Uint8Array)).toEqual([400n, 2n, 0n, 0n, 1n]);
  const labels = all(waiting, 3).map((label) =>
    fieldsOf(label as Uint8Array).map(([, id]) => strings[Number(id)]),
  );
  expect(labels).toEqual([
    ['state', 'waiting'],
    ['reason', 'chan receive'],
    ['wait', 'chan receive'],
    ['owner', 'program'],
  ]);
});

type Field = readonly [number, bigint | Uint8Array];

const all = (fields: readonly Field[], id: number): readonly (bigint | Uint8Array | undefined)[] =>
  fields.filter(([each]) => each === id).map(([, value]) => value);

/** The wire format read by its own description, independently of the writer. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag, afterTag] = varintAt(bytes, at);
    const [value, next] = varintAt(bytes, afterTag);
    const isVarint = (tag & 7n) === 0n;
    at = isVarint ? next : next + Number(value);
    fields.push([Number(tag >> 3n), isVarint ? value : bytes.subarray(next, at)]);
  }
  return fields;
}

function varints(bytes: Uint8Array): bigint[] {
  const values: bigint[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [value, next] = varintAt(bytes, at);
    values.push(value);
    at = next;
  }
  return values;
}

function varintAt(bytes: Uint8Array, start: number): [bigint, number] {
  let value = 0n;
  for (let at = start, shift = 0n; ; at++, shift += 7n) {
    value |= BigInt(bytes[at]! & 0x7f) << shift;
    if (bytes[at]! < 0x80) return [value, at + 1];
  }
}
