import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildGo, hasToolchain } from '../../../test/support/go-build.ts';
import { EVENT, STATE } from '../events.ts';
import type { Trace } from '../trace.ts';
import { TraceBuilder } from '../trace-builder.ts';
import { readGoTrace } from './read.ts';
import { parsedByGo } from './testing/go-oracle.ts';
import { rowsOf } from './testing/rows.ts';
import { GoTraceWriter } from './write.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'mattock-gowrite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(trace: Trace, everySoMany = trace.events.count): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = new GoTraceWriter((bytes) => pieces.push(bytes.slice()), trace.startedAt);
  for (let at = 0; at < trace.events.count; at += everySoMany) {
    writer.write(trace, at, Math.min(trace.events.count, at + everySoMany));
    writer.endGeneration();
  }
  writer.close();
  return Buffer.concat(pieces);
}

function takenByGo(bytes: Uint8Array): string {
  const file = path.join(folder, 'written.trace');
  writeFileSync(file, bytes);
  const parsed = parsedByGo(file);
  if (hasToolchain('go1.23.5')) parsedByGo(file, 'go1.23.5');
  return parsed;
}

/** What our probes may see, with contradictions and things that Go's format has no event for. */
function recorded(): Trace {
  const b = new TraceBuilder({ writer: 'mattock', format: '1.23', name: 'test' });
  b.startedAt = 1_700_000_000_123_456_789n;
  const at = (name: string, pc: number) => b.frame(pc, b.string(name), b.string('main.go'), pc % 100);
  const stack = b.stack([at('runtime.chansend', 0x1001), at('main.inlined', 0x2000), at('main.f', 0x2000)]);
  const channel = b.object({ kind: 'channel', address: 0xc00001, direction: 'send', length: 3, capacity: 3 });
  const place = { proc: 1, thread: 11 };
  b.add(EVENT.procKnown, 0, 0, { proc: 0, thread: 10, a: 1 });
  b.add(EVENT.known, 0, 1, { proc: 0, thread: 10, a: STATE.running });
  b.add(EVENT.known, 0, 2, { a: STATE.waiting, b: b.string('select'), c: channel, stack });
  b.add(EVENT.created, 5, 7, { actor: 1, proc: 0, thread: 10, a: stack, b: STATE.runnable, stack });
  b.add(EVENT.running, 6, 7, { ...place, a: 1 });
  b.add(EVENT.stackGrown, 7, 7, { ...place, a: 2048, b: 4096 });
  b.add(EVENT.call, 7, 7, { ...place, a: b.string('main.f'), b: b.string('n = 3\nx'), c: 1, stack });
  b.add(EVENT.call, 7, 7, { ...place, a: b.string('main.g'), c: 2 });
  b.add(EVENT.return, 9, 7, { ...place, a: b.string('main.f'), b: b.string('4'), c: 2 });
  b.add(EVENT.syscallBegin, 10, 7, { ...place, b: b.object({ kind: 'syscall', number: 0, name: 'read' }) });
  b.add(EVENT.procStolen, 11, 0, { proc: 1, thread: 12, a: 11 });
  b.add(EVENT.syscallEnd, 12, 7, { thread: 11, a: 1 });
  b.add(EVENT.running, 13, 7, place);
  b.add(EVENT.lost, 13, 0, { a: 120, b: b.string('the ring was full') });
  b.add(EVENT.blocked, 14, 7, { ...place, a: b.string('chan send'), b: channel, stack });
  b.add(EVENT.blocked, 14, 7, { ...place, a: b.string('chan send'), b: channel, stack });
  b.add(EVENT.unblocked, 15, 7, { actor: 2, proc: 0, thread: 10 });
  b.add(EVENT.running, 16, 9, { proc: 0, thread: 10 });
  b.add(EVENT.gcBegin, 16, 9, { proc: 0, thread: 10, a: 17 });
  b.add(EVENT.stwBegin, 17, 9, { proc: 0, thread: 10, a: b.string('GC sweep termination') });
  b.add(EVENT.ended, 18, 7);
  b.add(EVENT.stopped, 20, 1, { a: b.string('preempted'), proc: 3 });
  return b.build();
}

describe('a trace of nothing', () => {
  it('is one that Go reads', () => {
    const bytes = written(new TraceBuilder({ writer: 'mattock', format: '1.23', name: 'test' }).build());
    takenByGo(bytes);
    expect(readGoTrace(bytes, 'written').events.count).toBe(0);
  });
});

describe('a trace written in Go’s format', () => {
  it('comes back as it was, contradictions and all, and Go takes it', () => {
    const trace = recorded();
    for (const pieces of [trace.events.count, 5, 1]) {
      const bytes = written(trace, pieces);
      const again = readGoTrace(bytes, 'written');
      expect(rowsOf(again)).toEqual(rowsOf(trace));
      expect([again.startedAt, again.source.writer]).toEqual([trace.startedAt, 'mattock']);
      expect(again.violations).toEqual([]);
      const parsed = takenByGo(bytes);
      expect(parsed).toContain('Message="channel send 0xc00001 len 3 cap 3"');
    }
  });

  it('lasts as long as the recording, however early the last event was', () => {
    const b = new TraceBuilder({ writer: 'mattock', format: '1', name: 'test' });
    b.add(EVENT.known, 5, 7, { a: STATE.runnable });
    b.endedAt = 1_500_000_000;
    const trace = b.build();
    expect(trace.duration).toBe(1_500_000_000);
    const pieces: Uint8Array[] = [];
    const writer = new GoTraceWriter((bytes) => pieces.push(bytes.slice()));
    writer.write(trace);
    writer.close(trace.duration);
    const bytes = Buffer.concat(pieces);
    const read = readGoTrace(bytes, 'ended.out');
    expect(read.duration).toBe(1_500_000_000);
    expect(read.events.count).toBe(1);
    takenByGo(bytes);
  });

  it('ends no generation while the world is stopped: Go would not find the reason', () => {
    const b = new TraceBuilder({ writer: 'mattock', format: '1.23', name: 'test' });
    const place = { proc: 0, thread: 10 };
    b.add(EVENT.procKnown, 0, 0, { ...place, a: 1 });
    b.add(EVENT.known, 0, 1, { ...place, a: STATE.running });
    b.add(EVENT.log, 1, 1, { ...place, b: b.string('some'), c: b.string('words before') });
    b.add(EVENT.stwBegin, 2, 1, { ...place, a: b.string('GC mark termination') });
    b.add(EVENT.log, 3, 1, { ...place, b: b.string('a'), c: b.string('b') });
    b.add(EVENT.stwEnd, 4, 1, place);
    b.add(EVENT.log, 5, 1, { ...place, b: b.string('c'), c: b.string('d') });
    const trace = b.build();
    const pieces: Uint8Array[] = [];
    const writer = new GoTraceWriter((piece) => pieces.push(piece.slice()));
    writer.write(trace, 0, 4);
    writer.endGeneration();
    writer.write(trace, 4);
    writer.close();
    const bytes = Buffer.concat(pieces);
    expect(rowsOf(readGoTrace(bytes, 'written'))).toEqual(rowsOf(trace));
    expect(takenByGo(bytes)).toMatch(/RangeEnd .*stop-the-world \(GC mark termination\)/);
  });

  it.each(['go1.22.12', undefined])('is the one that %s wrote', (toolchain) => {
    const file = path.join(folder, 'source.trace');
    const source = 'test/fixtures/gotrace-mix';
    execFileSync(buildGo({ source, ...(toolchain === undefined ? {} : { toolchain }) }), [file, '6']);
    const trace = readGoTrace(readFileSync(file), file);
    const bytes = written(trace, 5000);
    expect(rowsOf(readGoTrace(bytes, 'written'))).toEqual(rowsOf(trace));
    takenByGo(bytes);
  });
});
