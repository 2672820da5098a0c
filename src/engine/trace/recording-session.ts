import { UserError } from '../../base/index.ts';
import type { FrozenMemory } from '../../target/index.ts';
import {
  type Age,
  type GoroutineProbes,
  type ProbeRequest,
  planned,
  trapsPlanned,
} from './goroutine-probes.ts';
import { type ProbeOrder, ProbeSession } from './probe-session.ts';
import { TrapSession } from './trap-session.ts';

export interface RecordingOptions
  extends ProbeRequest,
    Pick<ProbeOrder<GoroutineProbes>, 'subject' | 'lossless' | 'ringBytes'> {
  /** Where there may be a file for what memory is too small for; undefined: the system's folder for such files. */
  readonly spoolFolder?: string | undefined;
  /** Traps see the same where code cannot be patched, for some thousand times the price. By itself: inline. */
  readonly engine?: TraceEngine;
}

export type TraceEngine = 'inline' | 'trap';

/** How it is seen what goroutines do. */
export type Session = Pick<
  ProbeSession<GoroutineProbes, FrozenMemory>,
  'pid' | 'plan' | 'stoppedMs' | 'started' | 'now' | 'kernel' | 'seen' | 'status' | 'ended' | 'drain' | 'stop'
> &
  Partial<
    Pick<
      ProbeSession<GoroutineProbes, FrozenMemory>,
      'door' | 'switchOff' | 'replaced' | 'end' | 'tellElsewhere'
    >
  >;

export type BeginningOptions = Omit<RecordingOptions, 'subject' | 'engine'>;
export type Setting = Pick<Session, 'kernel' | 'now'>;
export const startProbes = (options: RecordingOptions): Promise<Session> =>
  ProbeSession.start(orderOf(options, options.subject.kind === 'attach' ? 'runs' : 'starts'));

export function orderOf(options: RecordingOptions, age: Age): ProbeOrder<GoroutineProbes, FrozenMemory> {
  const { subject, lossless, ringBytes, follow, calls, children } = options;
  return {
    subject,
    lossless,
    ...(ringBytes === undefined ? {} : { ringBytes }),
    hasDoors: children === true,
    // Goroutines are never preempted within the runtime.
    preemptible: follow !== undefined || calls !== undefined,
    plan: (target, kernel) => planned(target, kernel, age, options),
    look: (_, { sight }, kernel) => sight!.look(kernel),
  };
}

export function startTraps({ subject, follow, calls }: RecordingOptions): Promise<Session> {
  if (calls !== undefined) throw new UserError('--engine=trap sees no calls', 'use inline probes');
  if (follow !== undefined)
    throw new UserError('--engine=trap follows all goroutines', 'leave -g out, or use inline probes');
  return TrapSession.start<GoroutineProbes, FrozenMemory>({
    subject,
    plan: (target, kernel) => trapsPlanned(target, kernel, subject.kind === 'attach'),
    look: (_, { sight }, kernel) => sight!.look(kernel),
  });
}
