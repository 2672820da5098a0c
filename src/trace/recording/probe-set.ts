import { UserError } from '../../base/index.ts';
import { functionStart, type SchedulerFacts } from '../../golang/index.ts';
import { type PatchSite, PROLOGUE_BYTES, type ProbeBody, patchSite, writeDoor } from '../../probe/index.ts';
import { inlinedChanges, unseenText } from './inlined-changes.ts';
import { STATE_PROBES, type StateChange, SYSCALL_PROBES, writeStateProbe } from './state-probe.ts';
import { type ValueProbe, valueProbes, writeValueProbe } from './value-probe.ts';

/** Functions by where they call casgstatus: half of an address says who called. */
export interface CallerRange {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface ProbeSet {
  readonly probes: readonly ProbeBody[];
  /** What this binary does not let us see, and why. */
  readonly missing: readonly string[];
  /** System calls have probes of their own. */
  readonly syscallProbes: boolean;
}

/**
 * Called by a child that was forked before it executes a program (syscall/exec_linux.go, forkAndExecInChild1), and by
 * who lets the process itself execute another one (syscall/exec_unix.go, Exec).
 */
const BEFORE_EXEC = ['syscall.runtime_AfterForkInChild', 'syscall.runtime_BeforeExec'] as const;

/**
 * Without casgstatus there is no trace; what else cannot be patched is left out, and told. `waitsForUs`: whoever is about to
 * execute another program says so and waits for an answer (see Door).
 */
export function planProbes(facts: SchedulerFacts, waitsForUs = false): ProbeSet {
  const probes: ProbeBody[] = [];
  const missing: string[] = [];
  const add = (
    functions: readonly string[],
    write: NonNullable<ProbeBody['write']>,
    needed: boolean,
  ): void => {
    const site = siteOf(facts, functions);
    if (site !== undefined && typeof site !== 'string') probes.push({ site, write });
    else if (needed) throw new UserError(`inline probes are not possible: ${site ?? `no ${functions[0]}`}`);
    else if (site !== undefined) missing.push(site);
  };
  const changes = stateChanges(facts);
  for (const change of changes) {
    const write: NonNullable<ProbeBody['write']> = (code) => writeStateProbe(code, change, facts);
    add(change.functions, write, true);
  }
  const [onCall] = STATE_PROBES;
  const inlined = inlinedChanges(facts);
  for (const site of inlined.sites)
    probes.push({ site, writeBehind: (code) => writeStateProbe(code, onCall, facts, site.address) });
  if (inlined.unseen.length > 0) missing.push(unseenText(inlined.unseen));
  for (const probe of valueProbes(facts)) {
    add(probe.functions, (code) => writeValueProbe(code, probe as ValueProbe, facts), false);
  }
  if (waitsForUs) for (const each of BEFORE_EXEC) add([each], writeDoor, false);
  return { probes, missing, syscallProbes: changes !== STATE_PROBES };
}

export function stateChanges(
  facts: SchedulerFacts,
): readonly (StateChange & { readonly functions: readonly string[] })[] {
  // go1.26 made exitsyscallfast a part of exitsyscall when it gave system calls a compare-and-swap of their own.
  const old = facts.image.functions?.byName('runtime.exitsyscallfast').length !== 0;
  return old ? STATE_PROBES : [...STATE_PROBES, ...SYSCALL_PROBES];
}

/** Where the first function that there is can be patched, or why not; undefined: what it does cannot happen here. */
function siteOf(facts: SchedulerFacts, functions: readonly string[]): PatchSite | string | undefined {
  for (const name of functions) {
    const start = functionStart(facts, name, PROLOGUE_BYTES);
    if (start === undefined) continue;
    return patchSite(name, start.entry, start.bytes) ?? `${name} begins in a way that is not known`;
  }
  return undefined;
}

/** Of functions that are there. */
export function callerRanges(facts: SchedulerFacts, names: readonly string[]): CallerRange[] {
  return names.flatMap((name) => {
    const start = functionStart(facts, name, 0);
    return start === undefined ? [] : [{ name, start: start.entry, end: start.end }];
  });
}
