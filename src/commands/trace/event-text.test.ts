import { describe, expect, it } from 'vitest';
import { EVENT, STATE, type Trace, TraceBuilder } from '../../trace/index.ts';
import { makeStyle, PLAIN } from '../output/style.ts';
import { EventRows } from './event-rows.ts';
import { eventHeading, eventPlain, eventText } from './event-text.ts';

function story(): Trace {
  const b = new TraceBuilder({ writer: 'mattock', format: '1', name: 'app' });
  const frame = (name: string, file: string, line: number): number =>
    b.frame(0x40_1000 + line, b.string(name), b.string(file), line);
  const main = frame('main.main', '/src/main.go', 7);
  const worker = frame('main.worker', '/src/work.go', 20);
  const receive = frame('runtime.chanrecv1', '/go/src/runtime/chan.go', 509);
  const read = frame('syscall.read', '/go/src/syscall/asm.go', 30);
  const waits = b.stack([receive, worker]);
  const thread = 4242;
  b.add(EVENT.created, 1500, 18, {
    actor: 1,
    proc: 0,
    thread,
    stack: b.stack([main]),
    a: b.stack([worker]),
    b: STATE.runnable,
  });
  b.add(EVENT.running, 2500, 18, { proc: 1, thread, a: 1 });
  b.add(EVENT.blocked, 1_002_500, 18, {
    proc: 1,
    thread,
    stack: waits,
    a: b.string('chan receive'),
    b: b.object({ kind: 'channel', address: 0xc000, direction: 'receive', length: 0, capacity: 4 }),
  });
  b.add(EVENT.unblocked, 3_002_500, 18, { actor: 1, proc: 0, thread, stack: b.stack([main]) });
  b.add(EVENT.running, 3_003_000, 18, { proc: 0, thread });
  b.add(EVENT.stopped, 3_004_000, 18, { proc: 0, thread, stack: waits, a: b.string('preempted') });
  b.add(EVENT.running, 3_005_000, 18, { proc: 0, thread });
  b.add(EVENT.syscallBegin, 3_006_000, 18, {
    proc: 0,
    thread,
    stack: b.stack([read, worker]),
    b: b.object({ kind: 'syscall', number: 0, name: 'read' }),
  });
  b.add(EVENT.syscallEnd, 3_016_000, 18, { thread, a: 1 });
  b.add(EVENT.stackGrown, 3_017_000, 18, { proc: 0, thread, a: 2048, b: 4096 });
  b.add(EVENT.procStop, 3_018_000, 0, { proc: 0, thread });
  b.add(EVENT.gcBegin, 3_019_000, 0, { proc: 0, thread, a: 3 });
  b.add(EVENT.lost, 3_020_000, 0, { a: 12, b: b.string('the ring was full') });
  b.add(EVENT.unblocked, 3_030_000, 5, { proc: 0, thread });
  b.add(EVENT.ended, 3_040_000, 18, { proc: 0, thread });
  return b.build();
}

function lines(trace: Trace, options = { states: false, stacks: false }, style = PLAIN): string[] {
  const rows = new EventRows();
  return Array.from({ length: trace.events.count }, (_, i) => rows.row(trace, i)).flatMap((row) =>
    row === undefined ? [] : [...eventText(row, options, style)],
  );
}

describe('lines of events', () => {
  it('say where a stack is cut', () => {
    const b = new TraceBuilder({ writer: 'mattock', format: '1', name: 'app' });
    const frame = b.frame(1, b.string('main.walk'), b.string('/src/main.go'), 7);
    b.add(EVENT.known, 0, 2, { a: STATE.running, proc: 0, thread: 1 });
    const stack = b.stack(Array.from({ length: 30 }, () => frame));
    b.add(EVENT.blocked, 10, 2, { proc: 0, thread: 1, a: b.string('chan receive'), stack });
    const trace = b.build();
    const said = lines(trace, { states: false, stacks: true });
    expect(said).toHaveLength(32);
    expect(said.at(-1)!.trim()).toBe('[deeper frames are not in the trace]');
    const row = new EventRows().row(trace, 1)!;
    expect(eventPlain(row, { states: false, stacks: true })).toMatchObject({ stackCut: true });
  });

  it('are aligned, and say who, where, why and for how long', () => {
    const plain = { states: false, stacks: false };
    expect([eventHeading(plain), ...lines(story())].join('\n')).toMatchInlineSnapshot(`
      "        time G        P    M         event       where                                    what
         0.000002s G18      P0   M4242     created     main.worker (work.go:20)                 by G1 in main.main (main.go:7)
         0.000003s G18      P1   M4242     running     main.worker (work.go:20)                 stolen from P0, after 1.00µs
         0.001002s G18      P1   M4242     blocked     main.worker (work.go:20)                 receive on chan 0xc000 (0 of 4)
         0.003002s G18      P0   M4242     unblocked   main.worker (work.go:20)                 by G1 in main.main (main.go:7), after 2.00ms
         0.003003s G18      P0   M4242     running     main.worker (work.go:20)                 after 500ns
         0.003004s G18      P0   M4242     preempted   main.worker (work.go:20)                 after 1.00µs
         0.003005s G18      P0   M4242     running     main.worker (work.go:20)                 after 1.00µs
         0.003006s G18      P0   M4242     syscall     main.worker (work.go:20)                 read
         0.003016s G18      -    M4242     syscall end main.worker (work.go:20)                 after 10.0µs, without its P
         0.003017s G18      P0   M4242     stack       main.worker (work.go:20)                 grown from 2.0 KiB to 4.0 KiB
         0.003019s -        P0   M4242     GC begins                                            cycle 3
         0.003020s -        -    -         LOST                                                 12 events: the ring was full
         0.003030s G5       P0   M4242     unblocked                                            by the scheduler: a timer, the network or the collector
         0.003040s G18      P0   M4242     ended       main.worker (work.go:20)"
    `);
  });

  it("have the runtime's states, addresses and stacks on demand", () => {
    const all = lines(story(), { states: true, stacks: true });
    expect(all.slice(2, 6).join('\n')).toMatchInlineSnapshot(`
      "   0.000003s G18      P1   M4242     running     _Grunnable → _Grunning       main.worker (work.go:20) 0x401014        stolen from P0, after 1.00µs
         0.001002s G18      P1   M4242     blocked     _Grunning → _Gwaiting        main.worker (work.go:20) 0x401014        receive on chan 0xc000 (0 of 4)
                   runtime.chanrecv1 (chan.go:509) 0x4011fd
                   main.worker (work.go:20) 0x401014"
    `);
  });

  it('have colours on a terminal, in the same columns', () => {
    const coloured = lines(story(), undefined, makeStyle({ colour: true }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    expect(coloured.map((line) => line.replace(/\x1b\[[\d;]*m/g, '').trimEnd())).toEqual(lines(story()));
    expect(coloured[1]).toContain('\x1b[1;33mrunning\x1b[0m');
  });

  it('are documents too', () => {
    const trace = story();
    const rows = new EventRows();
    rows.pass(trace, 0);
    rows.pass(trace, 1);
    const document = JSON.parse(
      JSON.stringify(eventPlain(rows.row(trace, 2)!, { states: false, stacks: true })),
    );
    expect(document).toEqual({
      event: 'blocked',
      time: 1_002_500,
      goroutine: 18,
      processor: 1,
      thread: 4242,
      function: 'main.worker',
      file: '/src/work.go',
      line: 20,
      pc: 0x40_1014,
      stack: [
        { function: 'runtime.chanrecv1', file: '/go/src/runtime/chan.go', line: 509, pc: 0x40_11fd },
        { function: 'main.worker', file: '/src/work.go', line: 20, pc: 0x40_1014 },
      ],
      reason: 'chan receive',
      object: { kind: 'channel', address: 0xc000, direction: 'receive', length: 0, capacity: 4 },
      after: 1_000_000,
      states: ['_Grunning', '_Gwaiting'],
    });
  });
});
