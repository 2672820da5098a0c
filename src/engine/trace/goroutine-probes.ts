import { UserError } from '../../base/index.ts';
import { openProgram, readSchedulerFacts, type SchedulerFacts } from '../../golang/index.ts';
import type { Kernel, ProcessTarget } from '../../target/index.ts';
import {
  belowNote,
  type CallPlan,
  type CallRequest,
  type CallSubject,
  hasFunctions,
  planCalls,
  planEntries,
  planUnwinding,
} from '../../trace/calls/call-plan.ts';
import { CallValues } from '../../trace/calls/call-values.ts';
import type { NamePattern } from '../../trace/calls/name-pattern.ts';
import type { CallFilter } from '../../trace/calls/seen-calls.ts';
import { type ProbeSet, planProbes } from '../../trace/recording/probe-set.ts';
import { planTraps, type TrapSet } from '../../trace/recording/trap-records.ts';
import type { ProbePlan } from './probe-session.ts';
import { textOf } from './program-text.ts';
import { Sight } from './sight.ts';
import { trapSignals } from './trap-signals.ts';

/** The probes that see what goroutines do. */
export interface GoroutineProbes extends ProbePlan, ProbeSet {
  readonly facts: SchedulerFacts;
  /** Of a program that runs already: how to see what its goroutines did before. */
  readonly sight: Sight | undefined;
  readonly target: ProcessTarget;
  /** What else there is to say of the probes. */
  readonly notes: readonly string[];
  readonly calls: PlannedCalls | undefined;
}

interface PlannedCalls {
  readonly plan: CallPlan;
  /** Of the target as it was opened for the plan: its memory can be read for as long as it lives. */
  readonly values: CallValues;
  /** Numbers of functions whose goroutines are followed besides. */
  readonly followed: ReadonlySet<number>;
}

export interface RecordedCalls extends CallFilter {
  readonly request: CallRequest;
  /** Throws if the calls that will be seen are not what is wanted: nothing is put into the program then. */
  readonly check?: (plan: CallPlan) => void;
}

/** What of a program's goroutines and calls is asked for. */
export interface ProbeRequest {
  /** Only goroutines that enter a function of these, and what they create, in turn; undefined: all. */
  readonly follow?: NamePattern | undefined;
  /** Calls that are recorded besides; of those that are followed, if not all are. */
  readonly calls?: RecordedCalls | undefined;
  /** Whoever is about to execute another program waits until it is answered at `door`. */
  readonly children?: boolean;
  /** Whether traps stand in functions without room for jumps. */
  readonly traps?: boolean;
}

/** A child that begins has what there is to see in it, perhaps nothing. */
export type Age = 'runs' | 'starts' | 'begins';

export function planned(
  target: ProcessTarget,
  kernel: Kernel,
  age: Age,
  { follow, calls: wanted, children, traps: mayTrap = true }: ProbeRequest,
): GoroutineProbes {
  const facts = readSchedulerFacts(target);
  const { memory, code } = target;
  // A child that begins is one of several processes that are traced: it is not run to where its runtime handles signals.
  const signals = mayTrap && age !== 'begins' ? trapSignals(kernel, target, facts) : undefined;
  const subject = { facts, memory, code, traps: signals !== undefined };
  const sight = age === 'runs' ? new Sight(target, kernel, facts) : undefined;
  const states = planProbes(facts, children);
  const refused: string[] = [];
  const ifThere = <T>(pattern: NamePattern | undefined, what: string, plan: (pattern: NamePattern) => T) => {
    if (pattern === undefined || (children && !hasFunctions(facts, pattern))) return undefined;
    if (age !== 'begins') return plan(pattern);
    return unlessRefused(
      () => plan(pattern),
      (why) => refused.push(`${what}: ${why}`),
    );
  };
  const calls = ifThere(wanted?.request.pattern, 'calls are not recorded', () =>
    callsOf(target, subject, states, wanted!, follow),
  );
  const taken = { ...states, probes: [...states.probes, ...(calls?.plan.probes ?? [])] };
  const entries =
    ifThere(follow, 'no goroutine is followed', (pattern) => entriesOf(subject, taken, pattern, calls)) ??
    NO_ENTRIES;
  return {
    ...states,
    probes: [...taken.probes, ...entries.probes],
    notes: [
      ...refused,
      ...entries.notes,
      ...(calls?.plan.notes ?? []),
      ...(calls !== undefined && age === 'runs' ? belowNote(wanted!.request) : []),
    ],
    text: textOf(facts),
    facts,
    sight,
    target,
    calls,
    handlesSignalsAt: signals?.handledAt,
  };
}

type Subject = Omit<CallSubject, 'taken'>;

/** A call of a function whose goroutines are followed tells of both. */
function callsOf(
  target: ProcessTarget,
  subject: Subject,
  { probes: taken }: ProbeSet,
  { request, check }: RecordedCalls,
  follow: NamePattern | undefined,
): PlannedCalls {
  const names = new Set(taken.map(({ site }) => site.name));
  const unwinding = planUnwinding(subject).filter(({ site }) => !names.has(site.name));
  const plan = planCalls({ ...subject, taken: [...taken, ...unwinding] }, request);
  check?.(plan);
  const followed = plan.functions.flatMap(({ name }, i) => (follow?.matches(name) ? [i] : []));
  return {
    plan: { ...plan, probes: [...unwinding, ...plan.probes] },
    values: new CallValues(target, () => target.memory.invalidate()),
    followed: new Set(followed),
  };
}

/** A child goes on without what cannot be had in it. */
function unlessRefused<T>(plan: () => T, refused: (why: string) => void): T | undefined {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    refused(error.message);
    return undefined;
  }
}

/** Before its first instruction a program has none. */
export function hasGoroutines(target: ProcessTarget): boolean {
  for (const _ of openProgram(target).goroutines({ reads: [] })) return true;
  return false;
}

export function trapsPlanned(
  target: ProcessTarget,
  kernel: Kernel,
  runs: boolean,
): GoroutineProbes & { readonly traps: TrapSet } {
  const facts = readSchedulerFacts(target);
  const sight = runs ? new Sight(target, kernel, facts) : undefined;
  const traps = planTraps(facts);
  const { missing, syscallProbes } = traps;
  return {
    calls: undefined,
    probes: [],
    notes: [],
    text: textOf(facts),
    facts,
    sight,
    target,
    missing,
    syscallProbes,
    traps,
  };
}

const NO_ENTRIES: Pick<CallPlan, 'probes' | 'notes'> = { probes: [], notes: [] };

/** Functions whose calls are recorded have probes already. */
function entriesOf(
  subject: Subject,
  { probes: taken }: ProbeSet,
  follow: NamePattern,
  calls: PlannedCalls | undefined,
): Pick<CallPlan, 'probes' | 'notes'> {
  const seen = new Set(calls?.plan.functions.map(({ name }) => name));
  const others: NamePattern = {
    text: follow.text,
    matches: (name) => follow.matches(name) && !seen.has(name),
  };
  try {
    return planEntries({ ...subject, taken }, others);
  } catch (error) {
    if (error instanceof UserError && (calls?.followed.size ?? 0) > 0) return NO_ENTRIES;
    throw error;
  }
}
