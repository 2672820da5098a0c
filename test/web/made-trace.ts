import { EVENT, type EventKind, STATE } from '../../src/trace/events.ts';
import type { Trace } from '../../src/trace/index.ts';
import { TraceBuilder } from '../../src/trace/trace-builder.ts';

const PROCESSORS = 8;
const STEP = 900;

/** A server that never was: so many goroutines that send, lock, sleep and read, woken by each other. Always the same. */
export function madeTrace(events: number, goroutines: number): Trace {
  const builder = new TraceBuilder({ writer: 'mattock', format: '1.23', name: 'made.trace' });
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  const file = builder.string('/src/app/server.go');
  const frame = (name: string, line: number): number =>
    builder.frame(0x400000 + line * 16, builder.string(name), file, line);
  const entry = [frame('net/http.(*conn).serve', 2092), frame('main.worker', 31), frame('main.flush', 77)];
  const places = [
    ['chan send', 'runtime.chansend1', 'main.publish', 41],
    ['chan receive', 'runtime.chanrecv1', 'main.next', 52],
    ['select', 'runtime.selectgo', 'main.(*broker).loop', 63],
    ['sync', 'sync.(*Mutex).Lock', 'main.(*cache).get', 74],
    ['network', 'internal/poll.(*FD).Read', 'net.(*conn).Read', 85],
    ['sleep', 'time.Sleep', 'main.backoff', 96],
  ] as const;
  const stacks = places.map(([, leaf, middle, line]) =>
    entry.map((root) =>
      builder.stack([frame(leaf, line + 500), frame(middle, line), frame('main.handle', 20), root]),
    ),
  );
  const reasons = places.map(([reason]) => builder.string(reason));
  const object = builder.object({
    kind: 'channel',
    address: 0xc000012340,
    direction: 'send',
    length: 0,
    capacity: 0,
  });
  const roots = entry.map((root) => builder.stack([root]));
  const creation = builder.stack([frame('main.main', 12)]);
  let time = 0;
  const state = new Uint8Array(goroutines + 1);
  for (let g = 1; g <= goroutines; g++) {
    time += 40;
    builder.add(EVENT.created, time, g, {
      actor: 0,
      stack: creation,
      a: roots[g % 3]!,
      b: STATE.runnable,
    });
    state[g] = STATE.runnable;
  }
  // The second one ends at once.
  time += 40;
  builder.add(EVENT.running, time, 2, { proc: 0 });
  time += 500;
  builder.add(EVENT.ended, time, 2, { proc: 0 });
  state[2] = STATE.ended;
  const calls = new MadeCalls(builder);
  time = calls.recursion(time);
  // What the first did before it was seen to run.
  for (const [kind, name] of [
    [EVENT.call, 'main.outer'],
    [EVENT.call, 'main.inner'],
    [EVENT.return, 'main.inner'],
    [EVENT.return, 'main.outer'],
  ] as const) {
    time += 100;
    builder.add(kind, time, 1, { a: builder.string(name) });
  }
  const running = new Uint32Array(PROCESSORS);
  let collecting = false;
  let nextPhase = goroutines;
  for (let count = goroutines; count < events; count++) {
    time += random(STEP);
    const proc = random(PROCESSORS);
    const g = running[proc]!;
    if (g === 0) {
      const next = 1 + random(goroutines);
      if (state[next] === STATE.runnable) {
        state[next] = STATE.running;
        running[proc] = next;
        builder.add(EVENT.running, time, next, { proc });
        if (calls.advance(time, next, random(5))) count++;
      } else if (state[next] === STATE.waiting) {
        state[next] = STATE.runnable;
        const actor = running[(proc + 1) % PROCESSORS]!;
        builder.add(EVENT.unblocked, time, next, { actor, proc, stack: stacks[0]![0]! });
      }
    } else {
      const why = random(places.length);
      state[g] = STATE.waiting;
      running[proc] = 0;
      const b = why === 0 ? object : 0;
      builder.add(EVENT.blocked, time, g, { proc, stack: stacks[why]![g % 3]!, a: reasons[why]!, b });
    }
    if (count >= nextPhase) {
      nextPhase += events >> 3;
      time = runtimePhase(builder, time, collecting, random);
      collecting = !collecting;
    }
  }
  return builder.build();
}

/** A collection begins or ends: the world stops, and the heap has grown or shrunk. */
function runtimePhase(
  builder: TraceBuilder,
  begin: number,
  collecting: boolean,
  random: (below: number) => number,
): number {
  let time = begin;
  const reason = collecting ? 'GC mark termination' : 'GC sweep termination';
  builder.add(EVENT.stwBegin, time, 0, { a: builder.string(reason) });
  time += 40_000;
  builder.add(EVENT.stwEnd, time, 0);
  builder.add(collecting ? EVENT.gcEnd : EVENT.gcBegin, time, 0, { a: 1 });
  const live = (collecting ? 12 : 30) + random(8);
  builder.add(EVENT.heapAlloc, time, 0, { a: live * 2 ** 20 });
  if (!collecting) return time;
  builder.add(EVENT.heapGoal, time, 0, { a: 2 * live * 2 ** 20 });
  builder.add(EVENT.procsChange, time, 0, { a: 4 + random(5) });
  return time;
}

const LEVELS = 12;

/** Calls that goroutines make: `main.outer`, and within it `main.inner`; one that goes deeper. */
class MadeCalls {
  readonly #builder: TraceBuilder;
  readonly #depth = new Map<number, number>();
  #made = 0;

  constructor(builder: TraceBuilder) {
    this.#builder = builder;
  }

  /** Whether there was one to add. */
  advance(time: number, goroutine: number, dice: number): boolean {
    const depth = this.#depth.get(goroutine) ?? 0;
    if (dice > 2 || goroutine <= 3) return false;
    if (depth < 2 && dice > 0) {
      const values = this.#builder.string(`n=${++this.#made % 5000}`);
      this.#add(EVENT.call, time, goroutine, depth === 0 ? 'main.outer' : 'main.inner', values);
      this.#depth.set(goroutine, depth + 1);
      return true;
    }
    if (depth === 0) return false;
    const values = this.#builder.string('~r0=true');
    this.#add(EVENT.return, time, goroutine, depth === 1 ? 'main.outer' : 'main.inner', values);
    this.#depth.set(goroutine, depth - 1);
    return true;
  }

  /** Of the third goroutine. */
  recursion(begin: number): number {
    let time = begin;
    for (const kind of [EVENT.call, EVENT.return] as const)
      for (let level = 0; level < LEVELS; level++) {
        const values = this.#builder.string(kind === EVENT.call ? `level=${level}` : '~r0=<nil>');
        time += 200;
        this.#add(kind, time, 3, 'example.com/app/walk.(*Tree).Visit', values);
      }
    return time;
  }

  #add(kind: EventKind, time: number, goroutine: number, name: string, values: number): void {
    this.#builder.add(kind, time, goroutine, { a: this.#builder.string(name), b: values });
  }
}
