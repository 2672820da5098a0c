import { EVENT } from '../events.ts';
import type { Subject } from './subject.ts';

/** Whether the trace is whole and follows from itself. */
export interface Consistency {
  /** Transitions that do not follow from the state before; 0 in a sound trace. */
  readonly violations: number;
  readonly examples: readonly { readonly atNs: number; readonly what: string }[];
  /** Events that were lost while they were recorded, by reason. */
  readonly lost: readonly { readonly reason: string; readonly events: number }[];
  readonly notes: readonly string[];
}

const MOST = 10;

export function consistencyOf({ trace, lives }: Subject): Consistency {
  const { events } = trace;
  const all = [...trace.violations, ...lives.violations];
  const lost = new Map<string, number>();
  for (let i = 0; i < events.count; i++) {
    if (events.kind[i] !== EVENT.lost) continue;
    const reason = trace.strings[events.b[i]!] ?? '';
    lost.set(reason, (lost.get(reason) ?? 0) + events.a[i]!);
  }
  return {
    violations: all.length,
    examples: all.slice(0, MOST).map(({ event, what }) => ({ atNs: events.time[event] ?? 0, what })),
    lost: Array.from(lost, ([reason, count]) => ({ reason, events: count })),
    notes: trace.notes,
  };
}
