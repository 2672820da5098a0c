import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/trace/recording.ts';
import { EVENT, type Trace } from '../../src/trace/index.ts';
import { buildGo, hasToolchain } from '../support/go-build.ts';

const ENOUGH = 30_000;
/** Events are told 50 ms behind. */
const TOO_LATE_NS = 40e6;
const TOOLCHAINS = [undefined, 'go1.22.12'].filter((toolchain) => hasToolchain(toolchain));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** What happened, without times, by goroutine. */
class Story {
  readonly byGoroutine = new Map<number, string[]>();
  events = 0;

  add({ events, strings }: Trace): void {
    for (let i = 0; i < events.count; i++) {
      const kind = events.kind[i]!;
      // What was so at the beginning is told with what is known then.
      if (kind === EVENT.known || kind > EVENT.stackGrown) continue;
      this.events++;
      const lines = this.byGoroutine.get(events.goroutine[i]!) ?? [];
      this.byGoroutine.set(events.goroutine[i]!, lines);
      const why = kind === EVENT.blocked || kind === EVENT.stopped ? strings[events.a[i]!] : '';
      lines.push(`${kind} by ${events.actor[i]} on ${events.proc[i]} ${why}`);
    }
  }
}

function start(toolchain?: string): number {
  const fixture = { source: 'test/fixtures/probe-scheduling' };
  const program = buildGo(toolchain === undefined ? fixture : { ...fixture, toolchain });
  const child = spawn(program, ['until'], { stdio: ['pipe', 'ignore', 'inherit'] });
  children.push(child);
  return child.pid!;
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

interface Stories {
  readonly told: Story;
  readonly early: number;
  readonly whole: Story;
  readonly pieces: Story;
  readonly lateness: number;
}

/** What a recording told while it went on, how much of that before its end, and what it said afterwards, whole and in pieces. */
async function stories(pid: number): Promise<Stories> {
  const recording = await Recording.start({ subject: { kind: 'attach', pid }, lossless: true });
  const live = recording.live(false);
  const told = new Story();
  let early = 0;
  while (recording.status.events < ENOUGH || early <= 1000) {
    recording.drain();
    told.add(live.take());
    early = told.events;
    await pause();
  }
  await recording.stop();
  told.add(live.take());
  const whole = new Story();
  whole.add(recording.trace());
  const pieces = new Story();
  let count = 0;
  for (const { part } of recording.parts(ENOUGH / 20)) {
    pieces.add(part);
    count++;
  }
  expect(count).toBeGreaterThan(3);
  return { told, early, whole, pieces, lateness: recording.lateness };
}

describe('what a recording tells while it goes on', () => {
  it.for(TOOLCHAINS)('is what its trace says at the end (%s)', async (toolchain, context) => {
    const pid = start(toolchain);
    // A record that its thread finishes too late is told out of its order: on a machine that busy it is tried again.
    let one = await stories(pid);
    for (let times = 1; one.lateness > TOO_LATE_NS && times < 3; times++) one = await stories(pid);
    const { early, told, whole, pieces, lateness } = one;
    expect(pieces.events).toBe(whole.events);
    expect(pieces.byGoroutine).toEqual(whole.byGoroutine);
    if (lateness > TOO_LATE_NS) context.skip('this machine is too busy: what is told is out of its order');
    expect(early).toBeGreaterThan(1000);
    expect(told.events).toBe(whole.events);
    expect(told.byGoroutine).toEqual(whole.byGoroutine);
  });

  it('needs no memory for what was told, if nobody asks for the whole', async () => {
    const recording = await Recording.start({
      subject: { kind: 'attach', pid: start() },
      lossless: false,
    });
    const live = recording.live(true);
    let told = 0;
    while (told < 4 * ENOUGH) {
      recording.drain();
      told += live.take().events.count;
      await pause();
    }
    await recording.stop();
    told += live.take().events.count;
    expect(told).toBeGreaterThan(4 * ENOUGH);
    expect(() => recording.trace()).toThrow(/forgotten/);
  });
});
