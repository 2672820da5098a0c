import { EVENT, type Events } from '../events.ts';
import { rolesOf } from './side-strings.ts';

/** Ids of the part in hand as ids of the generation that is being written. */
export interface Ids {
  stringId(id: number): number;
  stackId(id: number): number;
  /** An object as the text of its note. */
  objectText(id: number): string;
  text(id: number): string;
  note(text: string): number;
}

/** One event, its ids already those of the generation. */
export class Row {
  readonly kind: number;
  readonly goroutine: number;
  readonly actor: number;
  readonly proc: number;
  readonly thread: number;
  readonly stack: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly ids: Ids;
  /** Id in the trace's own table of the string or object that is b. */
  readonly rawB: number;
  /** Name of the function or region that a call or region is of. */
  readonly name: string;

  constructor(events: Events, i: number, ids: Ids) {
    this.kind = events.kind[i]!;
    this.goroutine = events.goroutine[i]!;
    this.actor = events.actor[i]!;
    this.proc = events.proc[i]!;
    this.thread = events.thread[i]!;
    this.stack = ids.stackId(events.stack[i]!);
    const [a, b, c] = rolesOf(this.kind);
    const mapped = (role: string, value: number): number => {
      if (role === 'string') return ids.stringId(value);
      if (role === 'stack') return ids.stackId(value);
      return role === 'object' && value !== 0 ? ids.note(ids.objectText(value)) : value;
    };
    this.rawB = events.b[i]!;
    const isCall = this.kind === EVENT.call || this.kind === EVENT.return;
    const isRegion = this.kind === EVENT.regionBegin || this.kind === EVENT.regionEnd;
    this.name = isCall ? ids.text(events.a[i]!) : isRegion ? ids.text(events.c[i]!) : '';
    this.a = mapped(a, events.a[i]!);
    this.b = mapped(b, events.b[i]!);
    this.c = mapped(c, events.c[i]!);
    this.ids = ids;
  }
}
