import { STATE } from '../events.ts';
import { isWorse, type Risk, riskOf } from './risk.ts';
import type { Subject } from './subject.ts';
import { WAIT_CLASSES, type WaitClass } from './wait-class.ts';

/** What the program's goroutines do at a time, by state. */
export interface StateRow {
  readonly state: LiveState;
  readonly count: number;
  /** Of all goroutines of the program that live then. */
  readonly share: number;
  readonly risk: Risk;
  readonly because: string;
}

export type LiveState = WaitClass | 'running' | 'runnable' | 'syscall';

/** The worst first. */
export function statesAt(subject: Subject, time: number): readonly StateRow[] {
  const counts = new Map<LiveState, number>();
  let all = 0;
  subject.lives.goroutines.forEach((life, index) => {
    if (subject.isSystem(index)) return;
    const span = subject.spanAt(life, time);
    if (span === undefined) return;
    all++;
    const state = liveState(subject, span);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  });
  return [...counts]
    .map(([state, count]) => ({ state, count, share: count / all, ...riskOf(state, count / all) }))
    .sort((a, b) => (a.risk === b.risk ? b.count - a.count : isWorse(a.risk, b.risk) ? -1 : 1));
}

export function liveState(subject: Subject, span: number): LiveState {
  switch (subject.lives.spans.state[span]) {
    case STATE.running:
      return 'running';
    case STATE.runnable:
      return 'runnable';
    case STATE.syscall:
      return 'syscall';
    default:
      return WAIT_CLASSES[subject.classOfSpan[span]!]!;
  }
}
