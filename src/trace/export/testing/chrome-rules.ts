/** What the readers of Chrome's trace event format ask of a file, as far as it is written here. */

export interface ChromeEvent {
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly name?: string;
  readonly cat?: string;
  readonly id?: number | string;
  readonly bp?: string;
  readonly s?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** A slice, from its B to its E. */
export interface ChromeSlice {
  readonly group: string;
  readonly track: string;
  readonly name: string;
  readonly from: number;
  to: number;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface ChromeArrow {
  readonly name: string;
  readonly at: number;
  /** Track and slice at both ends. */
  readonly from: string;
  to?: string;
}

export interface CheckedTrace {
  readonly slices: readonly ChromeSlice[];
  readonly arrows: readonly ChromeArrow[];
  readonly others: readonly ChromeEvent[];
}

const PHASES = new Set(['B', 'E', 'i', 'C', 's', 'f', 'b', 'e', 'M']);

/** Reads a document and throws what is wrong with it. */
export function checkChromeTrace(text: string): CheckedTrace {
  const document = JSON.parse(text) as { readonly traceEvents: readonly ChromeEvent[] };
  // Perfetto's tokenizer takes no escape sequences but these, and no control characters.
  const strange = /\\[^"\\/bfnrt]|[^\n\P{Cc}]/u.exec(text.replaceAll('\\\\', ''));
  if (strange !== null) throw new Error(`a character that not every reader takes at ${strange.index}`);
  const checker = new Checker();
  for (const event of document.traceEvents) checker.event(event);
  return checker.finish();
}

class Checker {
  readonly #slices: ChromeSlice[] = [];
  readonly #arrows = new Map<number | string, ChromeArrow>();
  readonly #others: ChromeEvent[] = [];
  readonly #open = new Map<number, ChromeSlice[]>();
  readonly #groupOf = new Map<number, number>();
  readonly #groups = new Map<number, string>();
  readonly #names = new Map<number, string>();
  readonly #last = new Map<number, number>();
  readonly #annotations = new Map<string, number>();

  event(event: ChromeEvent): void {
    const { ph, pid, tid, ts } = event;
    if (!PHASES.has(ph)) throw new Error(`phase ${ph}`);
    if (!(Number.isInteger(pid) && pid > 0)) throw new Error(`pid ${pid}`);
    if (!(Number.isInteger(tid) && tid >= 0 && tid < 2 ** 32)) throw new Error(`tid ${tid}`);
    if (ph === 'M') {
      this.#name(event);
      return;
    }
    // Readers find the name of a track by its number alone.
    if ((this.#groupOf.get(tid) ?? pid) !== pid) throw new Error(`track ${tid} is in two groups`);
    this.#groupOf.set(tid, pid);
    if (typeof ts !== 'number' || ts < 0) throw new Error(`ts ${ts}`);
    if (ts < (this.#last.get(tid) ?? 0)) throw new Error(`time falls on track ${tid} at ${ts}`);
    this.#last.set(tid, ts);
    this.#phase(event, ts);
  }

  finish(): CheckedTrace {
    for (const [track, open] of this.#open)
      if (open.length > 0) throw new Error(`${open.at(-1)?.name} is open on track ${track} at the end`);
    for (const [key, open] of this.#annotations) if (open !== 0) throw new Error(`${key}: ${open} open`);
    const arrows = [...this.#arrows.values()];
    const half = arrows.find(({ to }) => to === undefined);
    if (half !== undefined) throw new Error(`the arrow at ${half.at} leads nowhere`);
    return { slices: this.#slices, arrows, others: this.#others };
  }

  #name({ name, pid, tid, args }: ChromeEvent): void {
    if (name === 'process_name') this.#groups.set(pid, String(args?.name));
    else if (name === 'thread_name') {
      if (this.#names.has(tid)) throw new Error(`track ${tid} has two names`);
      this.#names.set(tid, String(args?.name));
    }
  }

  #phase(event: ChromeEvent, ts: number): void {
    const open = this.#opened(event.tid);
    switch (event.ph) {
      case 'B': {
        const [group, track] = [this.#groups.get(event.pid), this.#names.get(event.tid)];
        if (group === undefined || track === undefined) throw new Error(`track ${event.tid} has no name`);
        if (!event.name || !event.cat) throw new Error(`a slice without a name or category at ${ts}`);
        const slice = { group, track, name: event.name, from: ts, to: Number.NaN, args: event.args ?? {} };
        open.push(slice);
        this.#slices.push(slice);
        break;
      }
      case 'E': {
        const slice = open.pop();
        if (slice === undefined) throw new Error(`an end without a beginning at ${ts} on ${event.tid}`);
        slice.to = ts;
        break;
      }
      case 's':
      case 'f':
        this.#arrow(event, ts, open.at(-1));
        break;
      case 'b':
      case 'e': {
        const key = `${event.cat} ${event.id} ${event.name}`;
        const count = (this.#annotations.get(key) ?? 0) + (event.ph === 'b' ? 1 : -1);
        if (count < 0) throw new Error(`${key} ends twice`);
        this.#annotations.set(key, count);
        this.#others.push(event);
        break;
      }
      default:
        if (event.ph === 'i' && !['t', 'p', 'g'].includes(event.s ?? '')) throw new Error(`scope ${event.s}`);
        this.#others.push(event);
    }
  }

  #arrow({ ph, id, name, bp }: ChromeEvent, at: number, slice: ChromeSlice | undefined): void {
    if (id === undefined || name === undefined) throw new Error(`an arrow without an id at ${at}`);
    if (slice === undefined) throw new Error(`no slice encloses the arrow ${id} at ${at}`);
    const end = `${slice.track}: ${slice.name}`;
    if (ph === 's') {
      if (this.#arrows.has(id)) throw new Error(`two arrows ${id}`);
      this.#arrows.set(id, { name, at, from: end });
      return;
    }
    const arrow = this.#arrows.get(id);
    if (arrow?.name !== name || arrow.at > at) throw new Error(`arrow ${id} ends before it begins`);
    if (bp !== 'e') throw new Error(`arrow ${id} is bound to what follows`);
    arrow.to = end;
  }

  #opened(track: number): ChromeSlice[] {
    const open = this.#open.get(track) ?? [];
    this.#open.set(track, open);
    return open;
  }
}
