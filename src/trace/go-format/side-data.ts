import type { EventKind } from '../events.ts';
import type { TraceProcess } from '../trace.ts';
import type { Emitter } from './emitter.ts';
import type { IdTable } from './id-table.ts';
import { parseNote } from './notes.ts';
import { parseProcess } from './process-text.ts';
import {
  ENDED,
  HIDDEN,
  PROCESS,
  parseHidden,
  parseSideEvent,
  type Role,
  rolesOf,
  SIDE_EVENT,
  type SideEvent,
  STARTED,
  TICKS,
} from './side-strings.ts';

/** What one generation of a file of ours says beside its events: side-strings.ts. */
export class SideData {
  readonly #hidden = new Set<number>();
  readonly #events: SideEvent[] = [];
  #next = 0;
  readonly processes: TraceProcess[] = [];
  startedAt: bigint | undefined;
  endedAt = 0;

  /** Takes a string that is meant for us; false: it is an ordinary one. */
  take(text: string): boolean {
    if (text.startsWith(HIDDEN)) for (const tick of parseHidden(text)) this.#hidden.add(tick);
    else if (text.startsWith(SIDE_EVENT)) {
      const event = parseSideEvent(text);
      if (event !== undefined) this.#events.push(event);
    } else if (text.startsWith(STARTED) && /^\d{1,19}$/.test(text.slice(STARTED.length)))
      this.startedAt = BigInt(text.slice(STARTED.length));
    else if (text.startsWith(ENDED) && /^\d{1,15}$/.test(text.slice(ENDED.length)))
      this.endedAt = Number(text.slice(ENDED.length));
    else if (text.startsWith(PROCESS)) {
      const process = parseProcess(text.slice(PROCESS.length), this.processes.at(-1));
      if (process !== undefined) this.processes.push(process);
    } else return false;
    return true;
  }

  finish(): void {
    this.#events.sort((x, y) => x.tick - y.tick);
  }

  hides(nanoseconds: number): boolean {
    return this.#hidden.size > 0 && this.#hidden.has(nanoseconds * TICKS);
  }

  /** Emits the events that come before a time. */
  emitUntil(nanoseconds: number, out: Emitter, strings: IdTable, stacks: IdTable): void {
    for (; this.#next < this.#events.length; this.#next++) {
      const { tick, fields } = this.#events[this.#next]!;
      if (tick / TICKS >= nanoseconds) return;
      const [kind, goroutine, actor, proc, thread, stack, a, b, c] = fields;
      const roles = rolesOf(kind!);
      const mapped = (role: Role, value: number): number => {
        if (role === 'string') return strings.get(value);
        if (role === 'stack') return stacks.get(value);
        return role === 'object' ? objectOf(out, strings.get(value)) : value;
      };
      const [x, y, z] = [mapped(roles[0], a!), mapped(roles[1], b!), mapped(roles[2], c!)];
      out.emit(
        kind as EventKind,
        tick / TICKS,
        goroutine!,
        actor!,
        proc!,
        thread!,
        stacks.get(stack!),
        x,
        y,
        z,
      );
    }
  }
}

function objectOf(out: Emitter, text: number): number {
  const note = parseNote(out.builder.text(text));
  return note?.kind === 'object' ? out.builder.object(note.object) : 0;
}
