import { EVENT, STATE } from '../events.ts';
import { type Distribution, GroupedDurations, Numbering } from './distribution.ts';
import { isMarkWorker } from './mark-worker.ts';
import { type MutatorUtilisation, mutatorUtilisationOf } from './mutator-utilisation.ts';
import type { Subject } from './subject.ts';

/** What the garbage collector did and what it cost. */
export interface GarbageCollection {
  readonly cycles: readonly GcCycle[];
  /** A reason is empty where the trace does not tell it. */
  readonly stopTheWorld: readonly { readonly reason: string; readonly pauses: Distribution }[];
  /** Goroutines that had to mark before they might allocate, by where they began. */
  readonly assists: readonly AssistRow[];
  readonly sweeping: Distribution & { readonly sweptBytes: number; readonly reclaimedBytes: number };
  /** Of the time of all Ps. */
  readonly workerShare: number;
  readonly assistShare: number;
  readonly mutatorUtilisation: MutatorUtilisation | undefined;
}

export interface AssistRow {
  readonly entry: string | undefined;
  /** From the beginning to the end of each, with what it waited for others meanwhile. */
  readonly assists: Distribution;
  /** What it ran of that. */
  readonly runningNs: number;
}

export interface GcCycle {
  readonly number: number;
  readonly atNs: number;
  readonly durationNs: number;
  /** When it began and ended, as far as the trace tells. */
  readonly heapBeforeBytes: number | undefined;
  readonly heapAfterBytes: number | undefined;
}

export function gcOf(subject: Subject, gomaxprocs: number): GarbageCollection {
  const walk = new GcWalk(subject);
  walk.run();
  const time = subject.trace.duration * Math.max(1, gomaxprocs);
  const share = (ns: number): number => (time > 0 ? ns / time : 0);
  const assists = walk.assists();
  const assistNs = assists.reduce((sum, row) => sum + row.runningNs, 0);
  return {
    cycles: walk.cycles,
    stopTheWorld: walk.pauses(),
    assists,
    sweeping: walk.sweeping(),
    workerShare: share(workerNs(subject)),
    assistShare: share(assistNs),
    mutatorUtilisation: mutatorUtilisationOf(subject),
  };
}

/** Running time of the background mark workers. */
function workerNs({ lives: { spans, goroutines } }: Subject): number {
  let sum = 0;
  for (const { entry, first, end } of goroutines) {
    if (!isMarkWorker(entry)) continue;
    for (let i = first; i < end; i++) {
      if (spans.state[i] === STATE.running) sum += spans.end[i]! - spans.start[i]!;
    }
  }
  return sum;
}

/** Goes through the events once. What began before the trace is counted from its beginning. */
class GcWalk {
  readonly #subject: Subject;
  readonly cycles: GcCycle[] = [];
  readonly #reasons = new Numbering<string>();
  readonly #pauses = new GroupedDurations();
  readonly #entries = new Numbering<string>();
  readonly #assists = new GroupedDurations();
  readonly #sweeps = new GroupedDurations();
  #sweptBytes = 0;
  #reclaimedBytes = 0;
  /** By goroutine (stops, assists) or P (sweeps): when it began. */
  readonly #stops = new Map<number, { readonly at: number; readonly reason: string }>();
  readonly #assisting = new Map<
    number,
    { readonly at: number; runningSince: number | undefined; ran: number }
  >();
  /** By entry. */
  readonly #assistRan: number[] = [];
  readonly #sweeping = new Map<number, number>();
  #cycle: { readonly number: number; readonly at: number; readonly heap: number | undefined } | undefined;
  #heap: number | undefined;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  run(): void {
    const { events } = this.#subject.trace;
    for (let i = 0; i < events.count; i++) {
      const kind = events.kind[i]!;
      if (kind >= EVENT.gcBegin && kind <= EVENT.heapGoal) this.#see(i, kind);
      else if (kind <= EVENT.ended && this.#assisting.size > 0) this.#transition(i, kind);
    }
    if (this.#cycle !== undefined) this.#endCycle(this.#subject.trace.duration);
  }

  pauses(): GarbageCollection['stopTheWorld'] {
    return this.#pauses
      .distributions()
      .map((pauses, reason) => ({ reason: this.#reasons.keys[reason]!, pauses }))
      .sort((a, b) => b.pauses.totalNs - a.pauses.totalNs);
  }

  assists(): GarbageCollection['assists'] {
    return this.#assists
      .distributions()
      .map((assists, entry) => ({
        entry: this.#entries.keys[entry] || undefined,
        assists,
        runningNs: this.#assistRan[entry]!,
      }))
      .sort((a, b) => b.runningNs - a.runningNs);
  }

  sweeping(): GarbageCollection['sweeping'] {
    const sweeps = this.#sweeps.distributions()[0] ?? { count: 0, totalNs: 0, p50Ns: 0, p99Ns: 0, maxNs: 0 };
    return { ...sweeps, sweptBytes: this.#sweptBytes, reclaimedBytes: this.#reclaimedBytes };
  }

  #see(i: number, kind: number): void {
    const { events, strings } = this.#subject.trace;
    const time = events.time[i]!;
    const goroutine = events.goroutine[i]!;
    switch (kind) {
      case EVENT.gcBegin:
        this.#cycle = { number: events.a[i]!, at: time, heap: this.#heap };
        break;
      case EVENT.gcEnd:
        this.#endCycle(time);
        break;
      case EVENT.heapAlloc:
        this.#heap = events.a[i]!;
        break;
      case EVENT.stwBegin:
        this.#stops.set(goroutine, { at: time, reason: strings[events.a[i]!] ?? '' });
        break;
      case EVENT.stwEnd:
        this.#endStop(goroutine, time);
        break;
      case EVENT.assistBegin:
        this.#assisting.set(goroutine, { at: time, runningSince: time, ran: 0 });
        break;
      case EVENT.assistEnd:
        this.#endAssist(goroutine, time);
        break;
      case EVENT.sweepBegin:
        this.#sweeping.set(events.proc[i]!, time);
        break;
      case EVENT.sweepEnd:
        this.#sweeps.add(0, time - (this.#sweeping.get(events.proc[i]!) ?? 0));
        this.#sweptBytes += events.a[i]!;
        this.#reclaimedBytes += events.b[i]!;
        break;
      default:
    }
  }

  #endCycle(time: number): void {
    const { number, at, heap } = this.#cycle ?? { number: 0, at: 0, heap: undefined };
    this.cycles.push({
      number,
      atNs: at,
      durationNs: time - at,
      heapBeforeBytes: heap,
      heapAfterBytes: this.#heap,
    });
    this.#cycle = undefined;
  }

  #endStop(goroutine: number, time: number): void {
    const stop = this.#stops.get(goroutine);
    if (stop === undefined) return;
    this.#stops.delete(goroutine);
    this.#pauses.add(this.#reasons.of(stop.reason), time - stop.at);
  }

  /** An assist that is preempted, or waits for marking that others do, does not run. */
  #transition(i: number, kind: number): void {
    const { events } = this.#subject.trace;
    const assist = this.#assisting.get(events.goroutine[i]!);
    if (assist === undefined) return;
    if (kind === EVENT.running) assist.runningSince = events.time[i]!;
    else if (kind === EVENT.blocked || kind === EVENT.stopped) {
      assist.ran += events.time[i]! - (assist.runningSince ?? events.time[i]!);
      assist.runningSince = undefined;
    }
  }

  #endAssist(goroutine: number, time: number): void {
    const life = this.#subject.lifeIndex(goroutine);
    const entry = this.#entries.of(life === undefined ? '' : (this.#subject.life(life).entry ?? ''));
    // One that had begun before the trace.
    const { at, runningSince, ran } = this.#assisting.get(goroutine) ?? { at: 0, runningSince: 0, ran: 0 };
    this.#assists.add(entry, time - at);
    const all = ran + time - (runningSince ?? time);
    this.#assistRan[entry] = (this.#assistRan[entry] ?? 0) + all;
    this.#assisting.delete(goroutine);
  }
}
