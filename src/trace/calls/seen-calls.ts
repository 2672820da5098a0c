import { MattockError } from '../../base/index.ts';
import { GRAIN, KIND_MASK, type LostRecords, SLOT } from '../../probe/index.ts';
import type { Clock } from '../recording/clock.ts';
import type { SeenCall } from '../recording/interpreter.ts';
import type { CallPlan } from './call-plan.ts';
import { CALL_KIND } from './call-record.ts';
import { type CallEnd, type CallListener, CallStacks, type OpenCall, type Outcome } from './call-stacks.ts';
import { type CallCondition, type CallValues, type NamedShown, valueText } from './call-values.ts';

/** Which calls are to be kept, of those that the probes see. */
export interface CallFilter {
  readonly condition?: CallCondition | undefined;
  /** Nanoseconds. */
  readonly slowerThan?: number | undefined;
}

/** How a call ended that did not return, in the place of its results. */
export const ENDED_WORDS: Readonly<Record<Exclude<Outcome, 'returned'>, string>> = {
  panicked: 'panic',
  exited: 'runtime.Goexit',
  unseen: 'its return was not seen',
  open: 'going on when the program ended',
};

/** Puts an event among the records: RecordLog.note, with the number of the call's event. */
type Note = (kind: number, time: number, goroutine: number, thread: number, event: number) => void;

interface Seen extends SeenCall {
  text: string;
}

/**
 * Calls that are kept with everything else that is recorded. Putting beginnings and ends together is quick and done as
 * they come, what they were called with is put into words when there is time: up to then what was pointed to may change.
 */
export class SeenCalls implements CallListener {
  /** By the number in the notes; undefined: it turned out not to be asked for. */
  readonly events: (Seen | undefined)[] = [];
  readonly #values: CallValues;
  readonly #filter: CallFilter;
  readonly #note: Note;
  readonly #clock: () => Clock;
  readonly #stacks: CallStacks;
  /** Calls that go on, by the number of the event with which they began. */
  readonly #open = new Map<OpenCall, number>();
  readonly #wordless: (() => void)[] = [];
  #worded = 0;
  readonly #untold = new Map<string, string>();
  #calls = 0;
  #orphans = 0;

  constructor(
    plan: CallPlan,
    followed: number,
    values: CallValues,
    {
      filter,
      note,
      clock,
    }: { readonly filter: CallFilter; readonly note: Note; readonly clock: () => Clock },
  ) {
    this.#values = values;
    this.#filter = filter;
    this.#note = note;
    this.#clock = clock;
    this.#stacks = new CallStacks(plan.functions, this, followed, true);
  }

  /** Calls that are kept. */
  get count(): number {
    return this.#calls;
  }

  /** What is to be said of the calls as a whole. */
  *notes(): Iterable<string> {
    for (const [name, why] of this.#untold)
      yield `calls not kept, for the condition cannot be told: ${name}: ${why}`;
    if (this.#orphans > 0) yield orphansText(this.#orphans);
  }

  /** A record of one of CALL_KIND. */
  record(words: Uint32Array, at: number): void {
    const grains = (words[at + (SLOT.kind >> 2)]! >> 8) & 0xff;
    this.#stacks.record(words.slice(at, at + (grains * GRAIN) / 4), 0);
  }

  lost({ between }: LostRecords): void {
    // Records that were dropped are missed where they would have been.
    if (between !== undefined) return;
    this.#stacks.forget();
    this.#open.clear();
  }

  /** Puts into words what is not yet, until it is `enough`. */
  describe(enough: () => boolean): void {
    while (this.#worded < this.#wordless.length && !enough()) this.#wordless[this.#worded++]!();
    if (this.#worded < this.#wordless.length) return;
    this.#wordless.length = 0;
    this.#worded = 0;
  }

  wants(call: OpenCall): boolean {
    const { condition } = this.#filter;
    if (condition === undefined || call.function.level > 0) return true;
    try {
      return condition.holds(this.#values.scope(call.function.layouts.entry, call.record, call.dictionary));
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      this.#untold.set(call.function.name, error.message);
      return false;
    }
  }

  began(call: OpenCall): void {
    const { layouts, described } = call.function;
    this.#calls++;
    const stack = this.#values.addresses(layouts.entry, call.record);
    const seen = this.#add(CALL_KIND.call, call, { ended: call.began, thread: call.thread }, stack);
    this.#open.set(call, this.events.length - 1);
    this.#wordless.push(() => {
      seen.text = described ? argumentsText(this.#values.arguments(call)) : '?';
    });
  }

  ended(call: OpenCall, end: CallEnd): void {
    const first = this.#open.get(call);
    this.#open.delete(call);
    if (first === undefined) return;
    const { slowerThan } = this.#filter;
    if (slowerThan !== undefined) {
      const clock = this.#clock();
      const isSlow = end.outcome !== 'unseen' && clock.time(end.ended) - clock.time(call.began) >= slowerThan;
      if (!isSlow) {
        this.events[first] = undefined;
        this.#calls--;
        return;
      }
    }
    const { described } = call.function;
    const seen = this.#add(CALL_KIND.return, call, end, []);
    const { record, outcome } = end;
    if (outcome !== 'returned') seen.text = ENDED_WORDS[outcome];
    else if (!described || record === undefined) seen.text = '?';
    else
      this.#wordless.push(() => {
        seen.text = resultsText(this.#values.results(call, record));
      });
  }

  orphan(): void {
    this.#orphans++;
  }

  #add(
    kind: number,
    call: OpenCall,
    { ended, thread }: Pick<CallEnd, 'ended' | 'thread'>,
    stack: readonly number[],
  ): Seen {
    const { level, began, goroutine } = call;
    const from = kind === CALL_KIND.return ? { began } : {};
    const seen: Seen = { function: this.#values.name(call), text: '', level, stack, ...from };
    this.#note(kind, ended, goroutine, thread, this.events.push(seen) - 1);
    return seen;
  }
}

/** Of calls whose beginning was not seen. */
export const orphansText = (count: number): string =>
  `${count} ${count === 1 ? 'call' : 'calls'} returned that had begun before, or in a gap`;

const argumentsText = (values: readonly NamedShown[]): string =>
  values.map((value) => `${value.name} = ${valueText(value)}`).join(', ');

const resultsText = (values: readonly NamedShown[]): string => values.map(valueText).join(', ');

/** The record of a call as one of its goroutine entering a function whose goroutines are followed: the first grain is the same. */
export function asEntry(words: Uint32Array, at: number): Uint32Array {
  const entry = words.slice(at, at + GRAIN / 4);
  const head = entry[SLOT.kind >> 2]!;
  entry[SLOT.kind >> 2] = (head & ~(0xff00 | KIND_MASK)) | (1 << 8) | CALL_KIND.enter;
  return entry;
}
