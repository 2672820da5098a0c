import { EVENT } from '../events.ts';
import type { Trace } from '../trace.ts';
import { type ChromeEvents, fact, factList, GROUP } from './chrome-events.ts';

/** Where the tracks are that are nobody's life. */
interface SideTrackNumbers {
  readonly collector: number;
  readonly world: number;
  call(life: number): number;
}

/** What a trace has besides states: collections, stops of the world, the heap, tasks and regions, calls, losses. */
export class ChromeSideTracks {
  readonly #trace: Trace;
  readonly #out: ChromeEvents;
  readonly #tracks: SideTrackNumbers;
  #collecting = false;
  /** Stops do not nest, but a trace that lost events may say so. */
  #stopped = false;
  /** Names of tasks that have begun. */
  readonly #tasks = new Map<number, string>();
  /** Open slices by track of calls. */
  readonly #calls = new Map<number, number>();

  constructor(trace: Trace, out: ChromeEvents, tracks: SideTrackNumbers) {
    this.#trace = trace;
    this.#out = out;
    this.#tracks = tracks;
    out.nameTrack(GROUP.runtime, tracks.collector, 'garbage collector');
    out.nameTrack(GROUP.runtime, tracks.world, 'stop the world');
    this.#collecting = this.#endsFirst(EVENT.gcBegin, EVENT.gcEnd);
    if (this.#collecting) out.begin(GROUP.runtime, tracks.collector, 0, 'GC', 'gc');
    this.#stopped = this.#endsFirst(EVENT.stwBegin, EVENT.stwEnd);
    if (this.#stopped) out.begin(GROUP.runtime, tracks.world, 0, 'stop the world', 'stw');
  }

  /** An event that changes no goroutine's state. `life` and `track` are its goroutine's. */
  see(event: number, life: number | undefined, track: number): void {
    const { events } = this.#trace;
    const [kind, time] = [events.kind[event]!, events.time[event]!];
    const [a, b] = [events.a[event]!, events.b[event]!];
    switch (kind) {
      case EVENT.gcBegin:
        if (!this.#collecting) this.#out.begin(GROUP.runtime, this.#tracks.collector, time, `GC ${a}`, 'gc');
        this.#collecting = true;
        break;
      case EVENT.gcEnd:
        if (this.#collecting) this.#out.end(GROUP.runtime, this.#tracks.collector, time);
        this.#collecting = false;
        break;
      case EVENT.stwBegin: {
        const why = factList(fact('why', this.#text(a)), this.#out.stackFacts(events.stack[event]!));
        if (!this.#stopped)
          this.#out.begin(GROUP.runtime, this.#tracks.world, time, 'stop the world', 'stw', why);
        this.#stopped = true;
        break;
      }
      case EVENT.stwEnd:
        if (this.#stopped) this.#out.end(GROUP.runtime, this.#tracks.world, time);
        this.#stopped = false;
        break;
      case EVENT.heapAlloc:
        this.#out.counter(this.#tracks.collector, time, 'heap', 'bytes', a);
        break;
      case EVENT.heapGoal:
        this.#out.counter(this.#tracks.collector, time, 'heap goal', 'bytes', a);
        break;
      case EVENT.procsChange:
        this.#out.counter(this.#tracks.collector, time, 'GOMAXPROCS', 'Ps', a);
        break;
      case EVENT.lost:
        this.#out.instant(this.#tracks.collector, time, `${a} events lost`, 'g', fact('why', this.#text(b)));
        break;
      default:
        if (life !== undefined) this.#ofGoroutine(event, life, track);
    }
  }

  finish(): void {
    const { duration } = this.#trace;
    if (this.#collecting) this.#out.end(GROUP.runtime, this.#tracks.collector, duration);
    if (this.#stopped) this.#out.end(GROUP.runtime, this.#tracks.world, duration);
    for (const [track, open] of this.#calls)
      for (let i = 0; i < open; i++) this.#out.end(GROUP.calls, track, duration);
  }

  #ofGoroutine(event: number, life: number, track: number): void {
    const { events } = this.#trace;
    const time = events.time[event]!;
    const [a, b, c] = [events.a[event]!, events.b[event]!, events.c[event]!];
    const out = this.#out;
    switch (events.kind[event]) {
      case EVENT.stackGrown:
        out.instant(track, time, b < a ? 'stack shrunk' : 'stack grown', 't', `"from":${a},"to":${b}`);
        break;
      case EVENT.log: {
        const facts = factList(fact('category', this.#text(b)), fact('task', a));
        out.instant(track, time, this.#text(c), 't', facts);
        break;
      }
      case EVENT.taskBegin:
        this.#tasks.set(a, this.#text(c));
        out.annotation('b', track, time, 'task', `task ${a}`, this.#text(c));
        break;
      case EVENT.taskEnd:
        // Readers match the end with the beginning by the name too; an end of what began before has none.
        if (this.#tasks.has(a)) out.annotation('e', track, time, 'task', `task ${a}`, this.#tasks.get(a)!);
        break;
      case EVENT.regionBegin:
        out.annotation('b', track, time, 'region', `goroutine ${track}`, this.#text(c));
        break;
      case EVENT.regionEnd:
        out.annotation('e', track, time, 'region', `goroutine ${track}`, this.#text(c));
        break;
      case EVENT.call:
        this.#call(event, this.#tracks.call(life));
        break;
      case EVENT.return:
        this.#return(this.#tracks.call(life), time, this.#text(b));
        break;
      default:
    }
  }

  #call(event: number, track: number): void {
    const { events } = this.#trace;
    const open = this.#calls.get(track);
    if (open === undefined) {
      if (this.#calls.size === 0) this.#out.nameGroup(GROUP.calls);
      this.#out.nameTrack(GROUP.calls, track, `calls of G${events.goroutine[event]}`);
    }
    this.#calls.set(track, (open ?? 0) + 1);
    const values = fact('arguments', this.#text(events.b[event]!));
    this.#out.begin(GROUP.calls, track, events.time[event]!, this.#text(events.a[event]!), 'call', values);
  }

  #return(track: number, time: number, values: string): void {
    const open = this.#calls.get(track) ?? 0;
    // Of a call that began before the trace.
    if (open === 0) return;
    this.#calls.set(track, open - 1);
    this.#out.end(GROUP.calls, track, time, fact('results', values));
  }

  #text(id: number): string {
    return this.#trace.strings[id] ?? '';
  }

  /** Something ends that began before the trace. */
  #endsFirst(begin: number, end: number): boolean {
    for (const kind of this.#trace.events.kind) {
      if (kind === begin) return false;
      if (kind === end) return true;
    }
    return false;
  }
}
