/**
 * Writes Chrome's trace event format, JSON object form, as Perfetto and chrome://tracing read it ("Trace Event Format",
 * Google, sections "Duration Events", "Flow Events", "Async Events", "Metadata Events").
 *
 * A track for each goroutine, with a slice for each state and its reason; one for each P, with who ran on it; one each
 * for collections and for stops of the world. Arrows lead from who woke or created a goroutine to what it did then.
 *
 * Lost: samples of the CPU profiler; frames of a stack beyond the eighth; sweeping.
 */
import { EVENT, type Events, STATE } from '../events.ts';
import { livesOf } from '../lives.ts';
import { splitProcesses } from '../processes.ts';
import type { Life, Lives } from '../spans.ts';
import { SPAN_FLAG } from '../spans.ts';
import type { Trace } from '../trace.ts';
import { ChromeEvents, type Facts, fact, factList, GROUP } from './chrome-events.ts';
import { ChromeSideTracks } from './chrome-side-tracks.ts';
import { TextOut } from './json-out.ts';

const MOST_TRACKS = 2 ** 32 - 1;

export function writeChromeTrace(trace: Trace, lives: Lives, write: (bytes: Uint8Array) => void): void {
  const out = new TextOut(write);
  ChromeEvents.open(out);
  if (trace.processes.length === 0)
    new ChromeTraceWriter(trace, lives, new ChromeEvents(trace, out), tracksOf(trace, lives)).run();
  else writeProcesses(trace, out);
  ChromeEvents.close(out, trace);
}

/** Groups of tracks for each process. */
function writeProcesses(trace: Trace, out: TextOut): void {
  let next = 1;
  for (const [index, { pid, command, trace: own }] of splitProcesses(trace).entries()) {
    const lives = livesOf(own);
    const first = next;
    const processors = processorsOf(own);
    const { length } = lives.goroutines;
    const tracks: Tracks = {
      goroutine: (life) => first + life,
      collector: first + length,
      world: first + length + 1,
      processor: (p) => first + length + 2 + p,
      call: (life) => first + length + 2 + processors + life,
    };
    next += 2 * length + 2 + processors;
    const events = new ChromeEvents(own, out, { index, name: `process ${pid} ${command}` });
    new ChromeTraceWriter(own, lives, events, tracks).run();
  }
}

/** Which track a goroutine, a P or the runtime has. No number is used twice: readers look names up by it alone. */
interface Tracks {
  goroutine(life: number): number;
  processor(p: number): number;
  call(life: number): number;
  readonly collector: number;
  readonly world: number;
}

const processorsOf = ({ events }: Trace): number => 1 + events.proc.reduce((most, p) => Math.max(most, p), 0);

function tracksOf(trace: Trace, { goroutines }: Lives): Tracks {
  const processors = processorsOf(trace);
  const last = goroutines.at(-1)?.id ?? 0;
  // A goroutine's own id, if there is room.
  const own = last + goroutines.length + processors + 3 <= MOST_TRACKS;
  const first = (own ? last : goroutines.length) + 1;
  return {
    goroutine: (life) => (own ? goroutines[life]!.id : life + 1),
    collector: first,
    world: first + 1,
    processor: (p) => first + 2 + p,
    call: (life) => first + 2 + processors + life,
  };
}

class ChromeTraceWriter {
  readonly #trace: Trace;
  readonly #lives: Lives;
  readonly #out: ChromeEvents;
  readonly #tracks: Tracks;
  readonly #side: ChromeSideTracks;
  readonly #lifeOf: ReadonlyMap<number, number>;
  /** By life: its next span, and whether a slice is open on its track. */
  readonly #next: Uint32Array;
  readonly #open: Uint8Array;
  readonly #named: Uint8Array;
  /** By life: it marks for the collector whenever it runs. */
  readonly #assists: Uint8Array;
  /** By P: the life + 1 that runs on it, −1 if there was none yet. */
  readonly #onProcessor: number[] = [];
  #arrows = 0;

  constructor(trace: Trace, lives: Lives, out: ChromeEvents, tracks: Tracks) {
    this.#trace = trace;
    this.#lives = lives;
    this.#out = out;
    this.#tracks = tracks;
    for (const group of [GROUP.goroutines, GROUP.processors, GROUP.runtime]) this.#out.nameGroup(group);
    this.#side = new ChromeSideTracks(trace, this.#out, this.#tracks);
    const { goroutines } = lives;
    this.#lifeOf = new Map(goroutines.map(({ id }, i) => [id, i]));
    this.#next = Uint32Array.from(goroutines, ({ first }) => first);
    this.#open = new Uint8Array(goroutines.length);
    this.#named = new Uint8Array(goroutines.length);
    this.#assists = new Uint8Array(goroutines.length);
  }

  run(): void {
    const { events, duration } = this.#trace;
    const { goroutines, spans } = this.#lives;
    // What was so before the trace: its events come later, or never.
    for (const [life, { first }] of goroutines.entries())
      if (((spans.flags[first] ?? 0) & SPAN_FLAG.openStart) !== 0) this.#advance(life, spans.start[first]!);
    for (let i = 0; i < events.count; i++) this.#event(events, i);
    for (const life of goroutines.keys()) {
      this.#advance(life, duration);
      this.#close(life, duration);
    }
    this.#side.finish();
  }

  #event(events: Events, i: number): void {
    const kind = events.kind[i]!;
    const time = events.time[i]!;
    const life = this.#lifeOf.get(events.goroutine[i]!);
    if (life === undefined) {
      this.#side.see(i, undefined, 0);
      return;
    }
    switch (kind) {
      case EVENT.created:
      case EVENT.unblocked: {
        const arrow = this.#beginArrow(kind, events.actor[i]!, time);
        this.#advance(life, time);
        if (arrow > 0) this.#out.arrow('f', this.#tracks.goroutine(life), time, ARROW_NAMES[kind], arrow);
        return;
      }
      case EVENT.ended:
        this.#advance(life, time);
        this.#close(life, time);
        return;
      case EVENT.assistBegin:
        this.#assists[life] = 1;
        if (this.#isRunning(life)) this.#beginAssist(life, time);
        return;
      case EVENT.assistEnd:
        if (this.#assists[life] === 1 && this.#isRunning(life))
          this.#out.end(GROUP.goroutines, this.#tracks.goroutine(life), time);
        this.#assists[life] = 0;
        return;
      default:
        this.#advance(life, time);
        this.#side.see(i, life, this.#tracks.goroutine(life));
    }
  }

  /** The number of an arrow from a goroutine that is doing something; 0 without one. */
  #beginArrow(kind: keyof typeof ARROW_NAMES, actor: number, time: number): number {
    const from = actor === 0 ? undefined : this.#lifeOf.get(actor);
    if (from === undefined || this.#open[from] === 0) return 0;
    this.#out.arrow('s', this.#tracks.goroutine(from), time, ARROW_NAMES[kind], ++this.#arrows);
    return this.#arrows;
  }

  /** Begins the spans of a goroutine that have begun by now. */
  #advance(life: number, time: number): void {
    const { spans, goroutines } = this.#lives;
    const { end } = goroutines[life]!;
    for (let at = this.#next[life]!; at < end && spans.start[at]! <= time; at = ++this.#next[life]!) {
      this.#close(life, spans.start[at]!);
      if (spans.state[at] !== STATE.ended) this.#begin(life, at);
    }
  }

  #begin(life: number, span: number): void {
    const { spans, goroutines } = this.#lives;
    const track = this.#tracks.goroutine(life);
    const start = spans.start[span]!;
    if (this.#named[life] === 0) {
      this.#named[life] = 1;
      this.#out.nameTrack(GROUP.goroutines, track, nameOf(goroutines[life]!));
    }
    const [name, category] = this.#words(span);
    this.#out.begin(GROUP.goroutines, track, start, name, category, this.#facts(span));
    this.#open[life] = 1;
    if (spans.state[span] !== STATE.running) return;
    if (this.#assists[life] === 1) this.#beginAssist(life, start);
    this.#occupy(spans.proc[span]!, life, start);
  }

  #close(life: number, time: number): void {
    if (this.#open[life] === 0) return;
    const span = this.#next[life]! - 1;
    const { spans } = this.#lives;
    const track = this.#tracks.goroutine(life);
    if (spans.state[span] === STATE.running) {
      if (this.#assists[life] === 1) this.#out.end(GROUP.goroutines, track, time);
      const p = spans.proc[span]!;
      if (this.#onProcessor[p] === life + 1) this.#vacate(p, time);
    }
    this.#out.end(GROUP.goroutines, track, time);
    this.#open[life] = 0;
  }

  #isRunning(life: number): boolean {
    return this.#open[life] === 1 && this.#lives.spans.state[this.#next[life]! - 1] === STATE.running;
  }

  #beginAssist(life: number, time: number): void {
    this.#out.begin(GROUP.goroutines, this.#tracks.goroutine(life), time, 'GC assist', 'gc');
  }

  #occupy(p: number, life: number, time: number): void {
    if (p < 0) return;
    const track = this.#tracks.processor(p);
    if (this.#onProcessor[p] === undefined) this.#out.nameTrack(GROUP.processors, track, `P ${p}`);
    else this.#vacate(p, time);
    this.#out.begin(GROUP.processors, track, time, nameOf(this.#lives.goroutines[life]!), 'running');
    this.#onProcessor[p] = life + 1;
  }

  #vacate(p: number, time: number): void {
    if (this.#onProcessor[p]! <= 0) return;
    this.#onProcessor[p] = -1;
    this.#out.end(GROUP.processors, this.#tracks.processor(p), time);
  }

  /** Name and category of a span's slice. */
  #words(span: number): readonly [string, string] {
    const { spans } = this.#lives;
    const reason = this.#trace.strings[spans.reason[span]!] ?? '';
    switch (spans.state[span]) {
      case STATE.running:
        return ['running', 'running'];
      case STATE.runnable:
        return ['runnable', 'runnable'];
      case STATE.syscall: {
        const object = this.#trace.objects[spans.object[span]!];
        const call = object?.kind === 'syscall' ? `syscall ${object.name ?? object.number}` : 'syscall';
        return [call, 'syscall'];
      }
      case STATE.waiting:
        return [reason === '' ? 'waiting' : reason, 'waiting'];
      default:
        return ['unknown', 'unknown'];
    }
  }

  #facts(span: number): Facts {
    const { spans } = this.#lives;
    const out = this.#out;
    const woken = spans.endedBy[span] === 0 ? '' : fact('woken by goroutine', spans.endedBy[span]!);
    switch (spans.state[span]) {
      case STATE.running: {
        const stolen = (spans.flags[span]! & SPAN_FLAG.stolen) !== 0;
        return factList(fact('P', spans.proc[span]!), stolen ? '"stolen":true' : '');
      }
      case STATE.runnable:
        return factList(
          fact('why', this.#trace.strings[spans.reason[span]!] ?? ''),
          out.stackFacts(spans.stack[span]!),
        );
      case STATE.syscall:
        return out.stackFacts(spans.stack[span]!);
      default:
        return factList(out.objectFacts(spans.object[span]!), woken, out.stackFacts(spans.stack[span]!));
    }
  }
}

const ARROW_NAMES = { [EVENT.created]: 'creates', [EVENT.unblocked]: 'wakes' } as const;

const nameOf = ({ id, entry }: Life): string => (entry === undefined ? `G${id}` : `G${id} ${entry}`);
