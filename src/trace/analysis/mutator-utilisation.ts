import { EVENT, STATE } from '../events.ts';
import { isMarkWorker } from './mark-worker.ts';
import type { Subject } from './subject.ts';

/**
 * Minimum mutator utilisation: of all windows of one length the one in which the program got the least of its Ps,
 * because the collector had them (Cheng and Blelloch 2001). What counts as the collector's is what `go tool trace`
 * counts by default: stopping the world for a collection, mark assists, background mark workers.
 *
 * The reference is internal/trace/gc.go (MutatorUtilizationV2, MMUCurve), with one difference: there a background
 * worker that comes to a P for the second time is counted twice and leaves the P counted as the collector's for good
 * (`bgMark` is never cleared), so that its curve falls too low on every trace with two collections.
 *
 * Ours do not tell GOMAXPROCS, what a worker does when it runs, and why the world stands still: there the Ps that were
 * seen count, every run of a worker, and every stop.
 */
export interface MutatorUtilisation {
  readonly windows: readonly { readonly windowNs: number; readonly utilisation: number }[];
}

export interface Counted {
  readonly stopTheWorld: boolean;
  readonly background: boolean;
  readonly assist: boolean;
  readonly sweep: boolean;
}

const BY_DEFAULT: Counted = { stopTheWorld: true, background: true, assist: true, sweep: false };
const WINDOWS_NS = [1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/** Undefined if the trace does not say how many Ps there are, and shows none. */
export function mutatorUtilisationOf(
  subject: Subject,
  windowsNs: readonly number[] = WINDOWS_NS,
  counted: Counted = BY_DEFAULT,
): MutatorUtilisation | undefined {
  if (subject.trace.events.count === 0) return undefined;
  const curve = new CurveBuilder(subject, counted).build();
  if (curve.count < 2) return undefined;
  const duration = curve.times[curve.count - 1]! - curve.times[0]!;
  const windows = windowsNs
    .filter((window, i) => i === 0 || window <= duration)
    .map((windowNs) => ({ windowNs, utilisation: minimum(curve, Math.min(windowNs, duration)) }));
  return { windows };
}

/** Utilisation from each time to the next. */
interface Curve {
  readonly times: Float64Array;
  readonly shares: Float64Array;
  readonly count: number;
}

class CurveBuilder {
  readonly #subject: Subject;
  readonly #counted: Counted;
  readonly #times: number[] = [];
  readonly #shares: number[] = [];
  /** By P: how much of the collector goes on there. */
  readonly #busy: number[] = [];
  #busyProcessors = 0;
  #stops = 0;
  readonly #assisting = new Set<number>();
  readonly #marking = new Set<number>();
  readonly #executing = new Set<number>();

  constructor(subject: Subject, counted: Counted) {
    this.#subject = subject;
    this.#counted = counted;
  }

  build(): Curve {
    const { events } = this.#subject.trace;
    if (this.#isOurs) this.#resize(this.#seenProcessors(), 0);
    for (let i = 0; i < events.count; i++) {
      if (!this.#see(i) || this.#busy.length === 0) continue;
      const share = this.#stops > 0 ? 0 : 1 - this.#busyProcessors / this.#busy.length;
      this.#add(events.time[i]!, share);
    }
    // No window goes beyond the end, whatever the value there is.
    if (this.#times.length > 0) this.#add(events.time[events.count - 1]!, 0);
    const [times, shares] = [Float64Array.from(this.#times), Float64Array.from(this.#shares)];
    return { times, shares, count: times.length };
  }

  get #isOurs(): boolean {
    return this.#subject.trace.source.writer === 'mattock';
  }

  #seenProcessors(): number {
    const { events } = this.#subject.trace;
    let highest = -1;
    for (let i = 0; i < events.count; i++) highest = Math.max(highest, events.proc[i]!);
    return highest + 1;
  }

  /** Whether anything may have changed. */
  #see(i: number): boolean {
    const { events, strings } = this.#subject.trace;
    const counted = this.#counted;
    const processor = events.proc[i]!;
    switch (events.kind[i]) {
      case EVENT.procsChange:
        this.#resize(events.a[i]!, events.time[i]!);
        return true;
      case EVENT.stwBegin:
      case EVENT.stwEnd:
        if (!counted.stopTheWorld) return false;
        return this.#stop(i, events.kind[i] === EVENT.stwBegin);
      case EVENT.sweepBegin:
      case EVENT.sweepEnd:
        return counted.sweep && this.#count(processor, events.kind[i] === EVENT.sweepBegin ? 1 : -1);
      case EVENT.assistBegin:
      case EVENT.assistEnd:
        return counted.assist && this.#assist(i, events.kind[i] === EVENT.assistBegin);
      case EVENT.label:
        return (
          counted.background && this.#label(events.goroutine[i]!, strings[events.c[i]!] ?? '', processor)
        );
      default:
        return this.#transition(i);
    }
  }

  #stopping = new Set<number>();

  /** Not only the collector stops the world. The end does not say whose it is: it is of the goroutine that began. */
  #stop(i: number, begins: boolean): boolean {
    const { events, strings } = this.#subject.trace;
    const goroutine = events.goroutine[i]!;
    if (begins) {
      const reason = strings[events.a[i]!] ?? '';
      if (!reason.includes('GC') && !(this.#isOurs && reason === '')) return false;
      this.#stopping.add(goroutine);
      this.#stops++;
    } else if (this.#stopping.delete(goroutine)) this.#stops--;
    return true;
  }

  #assist(i: number, begins: boolean): boolean {
    const { events } = this.#subject.trace;
    const goroutine = events.goroutine[i]!;
    if (begins === this.#assisting.has(goroutine)) return false;
    if (begins) this.#assisting.add(goroutine);
    else this.#assisting.delete(goroutine);
    return this.#count(events.proc[i]!, begins ? 1 : -1);
  }

  #label(goroutine: number, label: string, processor: number): boolean {
    const marks = label.startsWith('GC ') && label !== 'GC (idle)';
    return marks && !this.#marking.has(goroutine) && this.#mark(goroutine, processor);
  }

  #mark(goroutine: number, processor: number): boolean {
    this.#marking.add(goroutine);
    return this.#count(processor, 1);
  }

  #isWorker(goroutine: number): boolean {
    const life = this.#subject.lifeIndex(goroutine);
    return this.#counted.background && life !== undefined && isMarkWorker(this.#subject.life(life).entry);
  }

  #transition(i: number): boolean {
    const { events } = this.#subject.trace;
    const kind = events.kind[i]!;
    const goroutine = events.goroutine[i]!;
    const executes = executesAfter(kind, events.a[i]!);
    if (executes === undefined || executes === this.#executing.has(goroutine)) return false;
    if (executes) this.#executing.add(goroutine);
    else this.#executing.delete(goroutine);
    const processor = events.proc[i]!;
    let changed = false;
    if (this.#assisting.has(goroutine)) changed = this.#count(processor, executes ? 1 : -1);
    if (executes && this.#isOurs && this.#isWorker(goroutine)) changed = this.#mark(goroutine, processor);
    // What kind of worker it is is told anew whenever it runs.
    if (!executes && this.#marking.delete(goroutine)) changed = this.#count(processor, -1);
    return changed;
  }

  #count(processor: number, by: number): boolean {
    const before = this.#busy[processor];
    if (before === undefined) return false;
    this.#busy[processor] = before + by;
    if (before > 0 !== before + by > 0) this.#busyProcessors += before > 0 ? -1 : 1;
    return true;
  }

  #resize(count: number, time: number): void {
    // A hostile file may claim any number; the runtime has room for 1024 (runtime2.go, maxProcs).
    const wanted = Math.max(1, Math.min(Math.trunc(count) || 1, MAX_PROCESSORS));
    if (this.#times.length === 0) this.#add(time, 1);
    while (this.#busy.length < wanted) this.#busy.push(0);
    this.#busy.length = wanted;
    this.#busyProcessors = this.#busy.filter((busy) => busy > 0).length;
  }

  #add(time: number, share: number): void {
    const last = this.#times.length - 1;
    if (last >= 0 && this.#shares[last] === share) return;
    if (last >= 0 && this.#times[last] === time) {
      // The lowest of those at one time.
      if (share < this.#shares[last]!) this.#shares[last] = share;
      return;
    }
    this.#times.push(time);
    this.#shares.push(share);
  }
}

const MAX_PROCESSORS = 1024;

/** Whether a goroutine has a thread after an event of this kind; undefined: it is no transition. */
function executesAfter(kind: number, a: number): boolean | undefined {
  switch (kind) {
    case EVENT.running:
      return true;
    case EVENT.known:
      return a === STATE.running || a === STATE.syscall;
    case EVENT.syscallEnd:
      return a !== 1;
    case EVENT.blocked:
    case EVENT.stopped:
    case EVENT.ended:
      return false;
    default:
      return undefined;
  }
}

/**
 * The lowest mean over all windows of a length. The mean is linear while neither edge of the window meets a change, so
 * the lowest has an edge at one.
 */
function minimum(curve: Curve, window: number): number {
  const { times, count } = curve;
  if (window <= 0) return 0;
  const sums = integral(curve);
  const latest = times[count - 1]! - window;
  const [left, right] = [new Cursor(curve, sums), new Cursor(curve, sums)];
  let lowest = 1;
  let time = times[0]!;
  for (;;) {
    lowest = Math.min(lowest, (right.to(time + window) - left.to(time)) / window);
    if (!(time < latest)) return Math.max(0, lowest);
    const next = Math.min(left.nextChange(), right.nextChange() - window, latest);
    // Rounding must not keep it where it is: times of damaged traces may be beyond 2^53, where one more is the same.
    time = Math.max(next, Math.min(time + Math.max(1, time * 2 * Number.EPSILON), latest));
  }
}

function integral({ times, shares, count }: Curve): Float64Array {
  const sums = new Float64Array(count);
  for (let i = 1; i < count; i++) sums[i] = sums[i - 1]! + shares[i - 1]! * (times[i]! - times[i - 1]!);
  return sums;
}

/** Goes forward along a curve and knows the integral up to where it is. */
class Cursor {
  readonly #curve: Curve;
  readonly #sums: Float64Array;
  #at = 0;

  constructor(curve: Curve, sums: Float64Array) {
    this.#curve = curve;
    this.#sums = sums;
  }

  to(time: number): number {
    const { times, shares, count } = this.#curve;
    while (this.#at + 1 < count && times[this.#at + 1]! <= time) this.#at++;
    return this.#sums[this.#at]! + shares[this.#at]! * (time - times[this.#at]!);
  }

  nextChange(): number {
    return this.#curve.times[this.#at + 1] ?? Number.POSITIVE_INFINITY;
  }
}
