import type { Distribution } from './distribution.ts';
import type { Risk } from './risk.ts';
import type { WaitClass } from './wait-class.ts';

export interface LeakRisk {
  /** Their number never fell from one quarter to the next, and rose. */
  readonly grows: boolean;
  readonly risk: Risk;
  readonly because: string;
}

interface Evidence {
  readonly reason: WaitClass;
  readonly count: number;
  readonly counts: readonly number[];
  readonly waiting: Distribution;
  readonly ended: Distribution;
  readonly partners: { readonly seen: number; readonly living: number };
  /** How many did not move at all while the trace was recorded. */
  readonly unmoved: number;
  /** The line is the program's own code. */
  readonly own: boolean;
  readonly durationNs: number;
}

/** Waits that only another goroutine can end. */
const NEEDS_OTHERS: ReadonlySet<WaitClass> = new Set<WaitClass>([
  'chan send',
  'chan receive',
  'select',
  'mutex',
  'rwmutex read',
  'rwmutex write',
  'waitgroup',
  'cond',
  'sync',
]);

const LOCKS: ReadonlySet<WaitClass> = new Set<WaitClass>(['mutex', 'rwmutex read', 'rwmutex write']);

/** Waits that last this much longer than those that ended are of another kind. */
export const UNUSUAL = 10;
/** Of the trace: who has waited for less may just have begun. */
const LONG = 0.1;
const MOST_OF_IT = 0.5;
/** So many are no accident. */
const MANY = 5;
/** Locks are held for microseconds. For so long: */
const LONG_FOR_A_LOCK = 1e8;
const TOO_LONG_FOR_A_LOCK = 1e9;

/** How suspicious goroutines are that wait at one line to the end of a trace, and why. */
export function riskOfGroup(evidence: Evidence): LeakRisk {
  const { reason, count, counts, waiting, ended, partners, own, durationNs } = evidence;
  const grows = counts.at(-1)! > counts[0]! && counts.every((n, i) => i === 0 || n >= counts[i - 1]!);
  const verdict = (risk: Risk, because: string): LeakRisk => ({ grows, risk, because });
  if (reason === 'forever')
    return verdict(grows && count > 1 ? 'high' : 'low', 'a nil channel or a select without cases never ends');
  if (!NEEDS_OTHERS.has(reason)) return verdict('normal', '');
  if (LOCKS.has(reason) && waiting.p50Ns >= LONG_FOR_A_LOCK)
    return verdict(waiting.p50Ns >= TOO_LONG_FOR_A_LOCK ? 'high' : 'medium', lockText(evidence));
  const long = waiting.p50Ns > LONG * durationNs && waiting.p50Ns > UNUSUAL * ended.p99Ns;
  if (!long) return verdict('normal', ended.count > 0 ? 'they do not wait longer than others did here' : '');
  // Receivers are made to last. Senders come and go, and whoever let go of a lock is done with it.
  const abandoned = reason === 'chan send' && partners.seen > 0 && partners.living === 0;
  if (abandoned && (own || count >= MANY))
    return verdict(own ? 'high' : 'medium', 'all that received here have ended');
  if (grows && count >= MANY) {
    const level = !own || reason === 'select' ? 'medium' : 'high';
    return verdict(level, 'their number only grows, and none of them is let go on');
  }
  if (grows && count > 1)
    return verdict(own ? 'medium' : 'low', 'their number grows, and none of them is let go on');
  if (reason === 'chan send' && own && waiting.p50Ns > MOST_OF_IT * durationNs)
    return verdict('medium', 'nobody has received for most of the trace');
  if (own && ended.count > 0 && reason !== 'select')
    return verdict('low', `waits here took at most ${UNUSUAL}th of this before`);
  return verdict('normal', 'it may be idle: nothing changes over the trace');
}

const lockText = ({ unmoved, count }: Evidence): string =>
  unmoved === count
    ? 'whoever holds the lock did not let go of it during the whole trace'
    : 'whoever holds the lock does not let go of it';
