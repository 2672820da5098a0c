import { STATE } from '../src/trace/events.ts';
import type { PageData } from '../src/trace/export/page-data.ts';

/** What a span is coloured by. Light and dark variants keep the contrast to the paper. */
export const KINDS = [
  { name: 'running', light: '#2f8f4e', dark: '#4fbf73' },
  { name: 'runnable', light: '#e0a100', dark: '#e8b93a' },
  { name: 'system call', light: '#8a5fc4', dark: '#b08ae0' },
  { name: 'channel', light: '#2f74c0', dark: '#5a9fe6' },
  { name: 'select', light: '#4aa6b5', dark: '#6fc4d2' },
  { name: 'lock, sync', light: '#c4392b', dark: '#ef6f61' },
  { name: 'network', light: '#7f93a6', dark: '#8296a9' },
  { name: 'sleep', light: '#b9c4ce', dark: '#566472' },
  { name: 'collector, runtime', light: '#a6772f', dark: '#c99a52' },
  { name: 'other waiting', light: '#93897f', dark: '#9a9087' },
  { name: 'unknown', light: '#dfe3e7', dark: '#333b44' },
] as const;

export const STATE_NAMES = ['unknown', 'runnable', 'running', 'syscall', 'waiting', 'ended'] as const;

/** By Go's tracer's words (runtime/traceruntime.go, traceBlockReasonStrings) and the runtime's wait reasons. */
const REASONS: readonly (readonly [RegExp, number])[] = [
  [/chan/i, 3],
  [/select/i, 4],
  [/sync|mutex|semacquire|waitgroup|cond/i, 5],
  [/network|io wait|netpoll/i, 6],
  [/sleep|timer/i, 7],
  [/gc|garbage|mark|sweep|scav|finalizer|system goroutine|force|debug call|trace/i, 8],
];

/** The kind of each span, as an index of KINDS. */
export function kindsOf(data: PageData): Uint8Array {
  const byReason = data.strings.map((reason) => REASONS.find(([words]) => words.test(reason))?.[1] ?? 9);
  const kinds = new Uint8Array(data.spans);
  for (let i = 0; i < data.spans; i++) {
    switch (data.state[i]) {
      case STATE.running:
        kinds[i] = 0;
        break;
      case STATE.runnable:
        kinds[i] = 1;
        break;
      case STATE.syscall:
        kinds[i] = 2;
        break;
      case STATE.waiting:
        kinds[i] = byReason[data.reason[i]!]!;
        break;
      default:
        kinds[i] = 10;
    }
  }
  return kinds;
}
