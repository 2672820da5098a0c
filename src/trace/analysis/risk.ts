import type { WaitClass } from './wait-class.ts';

/** In rising order. */
export const RISKS = ['normal', 'low', 'medium', 'high'] as const;
export type Risk = (typeof RISKS)[number];

export const isWorse = (a: Risk, b: Risk): boolean => RISKS.indexOf(a) > RISKS.indexOf(b);

interface RiskRule {
  readonly states: readonly string[];
  /** From which share of all goroutines on; the first that holds counts. */
  readonly limits: readonly { readonly above: number; readonly risk: Risk; readonly because: string }[];
}

/**
 * What it means that so many of a program's goroutines are in one state. A server at rest waits for the network and in
 * selects; senders that wait are senders without receivers.
 */
const RULES: readonly RiskRule[] = [
  {
    states: ['chan send'],
    limits: [
      { above: 0.65, risk: 'high', because: 'most goroutines wait for a receiver: there may be none' },
      { above: 0.2, risk: 'medium', because: 'receivers do not keep up with senders, or are gone' },
      { above: 0, risk: 'low', because: 'a sender waits only while its receiver is busy' },
    ],
  },
  {
    states: ['mutex', 'rwmutex read', 'rwmutex write', 'sync'],
    limits: [
      { above: 0.5, risk: 'high', because: 'most goroutines wait for a lock: look at who holds it' },
      { above: 0.1, risk: 'medium', because: 'a lock is held for long or wanted by many' },
      { above: 0, risk: 'low', because: 'a lock is wanted by several' },
    ],
  },
  {
    states: ['chan receive', 'waitgroup', 'cond'],
    limits: [
      { above: 0.65, risk: 'medium', because: 'workers without work, or waiting for what never comes' },
      { above: 0, risk: 'normal', because: 'workers wait so for work' },
    ],
  },
  {
    states: ['select'],
    limits: [
      { above: 0.65, risk: 'high', because: 'selects without a way out (no ctx.Done, no timeout) leak so' },
      { above: 0.2, risk: 'medium', because: 'usual in servers, but a select without a way out leaks so' },
      { above: 0, risk: 'normal', because: 'loops of servers wait so' },
    ],
  },
  {
    states: ['forever'],
    limits: [{ above: 0, risk: 'low', because: 'a select without cases or a nil channel: it never goes on' }],
  },
  {
    states: ['runnable'],
    limits: [
      { above: 0.5, risk: 'medium', because: 'more work than processors' },
      { above: 0, risk: 'normal', because: 'waits for a processor' },
    ],
  },
  { states: ['network'], limits: [{ above: 0, risk: 'normal', because: 'connections wait so for data' }] },
  { states: ['sleep'], limits: [{ above: 0, risk: 'normal', because: 'ends by itself' }] },
];

/** How bad it is that a share of all goroutines is in a state. */
export function riskOf(
  state: WaitClass | 'running' | 'runnable' | 'syscall',
  share: number,
): { readonly risk: Risk; readonly because: string } {
  const limits = RULES.find(({ states }) => states.includes(state))?.limits ?? [];
  return limits.find(({ above }) => share > above) ?? { risk: 'normal', because: '' };
}
