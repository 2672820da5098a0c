import type { MachineCode } from '../../arch/index.ts';
import { runtimeAddress, UserError } from '../../base/index.ts';
import { functionStart, type SchedulerFacts } from '../../golang/index.ts';
import { type FunctionTable, funcIdName } from '../../image/index.ts';
import {
  type FunctionWindows,
  functionWindows,
  PROLOGUE_BYTES,
  type ProbeBody,
  patchSite,
} from '../../probe/index.ts';
import type { Memory } from '../../target/index.ts';
import { type CallLayouts, callLayouts, NO_VALUES } from './call-layout.ts';
import { writeCallRecord } from './call-probe.ts';
import { CALL_KIND } from './call-record.ts';
import { nameByShape } from './instances.ts';
import { type NamePattern, namePattern } from './name-pattern.ts';
import { nearNames } from './near-names.ts';
import { nilFaultWriter } from './nil-fault.ts';

/** What calls are to be seen. */
export interface CallRequest {
  readonly pattern: NamePattern;
  /** Functions that these call are told of too, so many levels down. */
  readonly followCalls: number;
  /** Return addresses with each call. */
  readonly frames: number;
}

/** A function whose calls are seen. */
export interface TracedFunction {
  readonly name: string;
  readonly address: number;
  /** 0: it was asked for; n: one that is called from there in n steps. */
  readonly level: number;
  readonly layouts: CallLayouts;
  /** Whether DWARF says what it takes and gives. */
  readonly described: boolean;
  /** Some of its returns cannot be patched: a call may end without being seen to. */
  readonly unseenReturns: boolean;
}

export interface CallPlan {
  /** By the number in the records. */
  readonly functions: readonly TracedFunction[];
  readonly probes: readonly ProbeBody[];
  /** What cannot be seen, and why. */
  readonly notes: readonly string[];
}

/** What the binary is asked for. */
export interface CallSubject {
  readonly facts: SchedulerFacts;
  readonly memory: Memory;
  readonly code: MachineCode;
  /** Where other probes of the same recording are. */
  readonly taken: readonly ProbeBody[];
  /** Whether traps may stand where there is no room for a jump: nobody may trace the program then. */
  readonly traps?: boolean;
}

/** Of a program that ran already: whether it is in a function is known of who enters it. */
export const belowNote = ({ followCalls }: CallRequest): readonly string[] =>
  followCalls > 0
    ? ['what functions call is shown below calls that begin from now on, not below those that were going on']
    : [];

const LONGEST_FUNCTION = 1 << 20;
/** More return addresses than this do not fit into a record with everything else. */
export const MOST_FRAMES = 32;
const NAMES_IN_NOTES = 3;
/** A signal and the way back from it, once or twice, on machines of 2020 to 2025. */
const TRAP_COST = '2 to 10 µs';
const WORD = 8;

/**
 * Functions of the runtime that a thread runs before it has a g of its own, or that change which it has
 * (runtime/signal_unix.go, runtime/proc.go, runtime/cgocall.go).
 */
const OUT_OF_BOUNDS =
  /^runtime\.(sig|badsignal|adjustSignalStack|needm|needAndBindM|dropm|cgocallbackg|mstart|minit|unminit|debugCall|exitThread|newosproc|abort|crash|dieFromSignal|morestack|newstack)/;

/**
 * What runs where SIGTRAP may be blocked: in handlers of signals, where threads begin and end, and between fork and exec.
 * What else the runtime calls is in internal packages (go list -deps runtime syscall).
 */
const BLOCKS_SIGNALS = /^(type:\.\w+\.)?(\[\d+\]|\*)*(runtime|syscall|internal)[./]/;
/** Of programs in which any function may be called with it blocked: C calls Go, or Go's code does as C's. */
const MAY_BLOCK_SIGNALS = /^_cgoexp_|\.PthreadSigmask$/;

/** Of a pattern that is no regular expression. */
const TYPE_ARGUMENTS = /(?<=^[^/].*)\[.*\]/;

/** Of C's functions, parts that gcc has set apart. */
const PART_OF_C = /\.(cold|part|isra|constprop|lto_priv)(\.\d+)*$/;

/** Finds the functions and writes down what is to be done to them. Throws a UserError if there is nothing to see. */
export function planCalls(subject: CallSubject, request: CallRequest): CallPlan {
  const planner = new Planner(subject, request.frames);
  planner.add(matching(subject.facts, request.pattern), 0);
  for (let level = 1; level <= request.followCalls; level++) planner.add(planner.callees(level - 1), level);
  return planner.plan(request.pattern);
}

/** Of functions by their indexes: of those that can be seen, in any number. */
export function planFunctions(
  subject: CallSubject,
  indexes: Iterable<number>,
): Pick<CallPlan, 'functions' | 'probes'> {
  const planner = new Planner(subject, 0);
  planner.add(indexes, 0);
  return planner.planned;
}

/** Records of functions whose goroutines are followed: that they were entered, and by whom. */
export function planEntries(subject: CallSubject, pattern: NamePattern): CallPlan {
  const planner = new Planner(subject, 0, CALL_KIND.enter);
  planner.add(matching(subject.facts, pattern), 0);
  return planner.plan(pattern);
}

/** Where goroutines leave calls without returning: by a panic that is recovered further up, and by their end. */
export function planUnwinding({ facts }: Pick<CallSubject, 'facts'>): ProbeBody[] {
  const probes: ProbeBody[] = [];
  for (const [kind, name] of [
    [CALL_KIND.panic, 'runtime.gopanic'],
    [CALL_KIND.end, 'runtime.goexit1'],
  ] as const) {
    const start = functionStart(facts, name, PROLOGUE_BYTES);
    const site = start && patchSite(name, start.entry, start.bytes);
    if (site === undefined) continue;
    const order = { kind, function: 0, layout: NO_VALUES, mayLackG: false };
    probes.push({ site, write: (out) => writeCallRecord(out, order, facts) });
  }
  return probes;
}

/** Whether there are functions of these names, inlined ones too: what there is to see of them `planCalls` tells. */
export function hasFunctions({ image: { functions } }: SchedulerFacts, pattern: NamePattern): boolean {
  if (functions === undefined) return false;
  return named(functions, pattern).length > 0 || functions.places.inlinedNames().some(pattern.matches);
}

const named = (functions: FunctionTable, pattern: NamePattern): number[] =>
  Array.from({ length: functions.count }, (_, index) => index).filter((index) =>
    pattern.matches(functions.name(index)),
  );

/** Indexes of functions by name. */
function matching({ image: { functions } }: SchedulerFacts, pattern: NamePattern): number[] {
  if (functions === undefined) return [];
  const found = named(functions, pattern);
  if (found.length > 0) return found;
  const inlined = functions.places.inlinedNames().find((name) => pattern.matches(name));
  if (inlined === undefined) {
    const general = pattern.text.replace(TYPE_ARGUMENTS, '');
    if (general !== pattern.text && named(functions, namePattern(general)).length > 0)
      throw new UserError(
        `one instance of ${general} cannot be asked for: they share their code`,
        `${general} means all of them, and the calls say which they are of`,
      );
    const near = nearNames(pattern.text, functionNames(functions));
    const remedy = near.length > 0 ? `there is ${near.join(', ')}` : '`funcs` in a session lists them';
    throw new UserError(`no function is called ${pattern.text}`, remedy);
  }
  throw new UserError(`${inlined} is inlined wherever it is called`, 'build it with -gcflags=-l');
}

function* functionNames(functions: FunctionTable): Iterable<string> {
  for (let index = 0; index < functions.count; index++) yield functions.name(index);
}

class Planner {
  readonly #subject: CallSubject;
  readonly #frames: number;
  readonly #kind: number;
  readonly #functions: TracedFunction[] = [];
  readonly #probes: ProbeBody[] = [];
  readonly #refused = new Map<string, string[]>();
  readonly #seen = new Set<number>();
  readonly #called: Set<number>[] = [];
  readonly #taken: ReadonlySet<string>;
  readonly #writeFault: ProbeBody['writeFault'];
  readonly #mayTrap: boolean;

  constructor(subject: CallSubject, frames: number, kind: number = CALL_KIND.call) {
    this.#subject = subject;
    this.#frames = frames;
    this.#kind = kind;
    this.#taken = new Set(subject.taken.map(({ site }) => site.name));
    this.#writeFault = nilFaultWriter(subject.facts);
    this.#mayTrap = subject.traps === true && !mayBlockSignals(subject.facts);
  }

  add(indexes: Iterable<number>, level: number): void {
    for (const index of indexes) {
      if (this.#seen.has(index)) continue;
      this.#seen.add(index);
      this.#add(index, level);
    }
  }

  /** Functions that those of a level call directly. */
  callees(level: number): Iterable<number> {
    return this.#called[level] ?? [];
  }

  get planned(): Pick<CallPlan, 'functions' | 'probes'> {
    return { functions: this.#functions, probes: this.#probes };
  }

  plan(pattern: NamePattern): CallPlan {
    const refused = [...this.#refused].map(([why, names]) => `${listed(names)}: ${why}`);
    if (this.#functions.length === 0)
      throw new UserError(
        `no function of ${pattern.text} can be traced: ${refused.join('; ') || 'there is none'}`,
      );
    const undescribed =
      this.#kind === CALL_KIND.enter
        ? []
        : this.#functions.filter(({ described }) => !described).map(({ name }) => name);
    const unseen = this.#functions.filter(({ unseenReturns }) => unseenReturns).map(({ name }) => name);
    const trapped = [...new Set(this.#probes.flatMap(({ site }) => (site.trapped ? [site.name] : [])))];
    return {
      functions: this.#functions,
      probes: this.#probes,
      notes: [
        ...this.#inlinedNote(pattern),
        ...refused.map((text) => `not traced: ${text}`),
        ...(undescribed.length > 0
          ? [`arguments and results are not known, for there is no DWARF: ${listed(undescribed)}`]
          : []),
        ...(trapped.length > 0
          ? [`seen by traps, for want of room, at about ${TRAP_COST} a call: ${listed(trapped)}`]
          : []),
        ...(unseen.length > 0 ? [`some returns are not seen, for want of room: ${listed(unseen)}`] : []),
      ],
    };
  }

  /** Functions whose calls are seen only where they are calls: not where their code stands in that of the caller. */
  #inlinedNote(pattern: NamePattern): readonly string[] {
    const { functions } = this.#subject.facts.image;
    const names = functions?.places.inlinedNames().filter((name) => pattern.matches(name)) ?? [];
    if (names.length === 0) return [];
    return [`not seen where they are inlined (-gcflags=-l builds without that): ${listed(names.sort())}`];
  }

  #add(index: number, level: number): void {
    const { facts } = this.#subject;
    const functions = facts.image.functions!;
    const name = functions.name(index);
    const reason = this.#refusal(index, name, level);
    if (reason === 'silently') return;
    const address = functions.entry(index);
    const windows = reason ?? this.#windows(index, name, level);
    if (typeof windows === 'string') {
      this.#refused.set(windows, [...(this.#refused.get(windows) ?? []), name]);
      return;
    }
    const called = {
      info: facts.image.debugInfo?.functionAt(address),
      entry: address,
      minor: minorOf(facts),
      assembly: false,
    };
    const entered = this.#kind === CALL_KIND.enter;
    const layouts = entered ? { entry: NO_VALUES, exit: NO_VALUES } : callLayouts(called, this.#frames);
    this.#addProbes(windows, layouts, name);
    this.#functions.push({
      name,
      address: facts.module.toRuntime(address),
      level,
      layouts,
      described: called.info !== undefined,
      unseenReturns: !entered && windows.unseenReturns.length > 0,
    });
  }

  #addProbes({ entry, exits }: FunctionWindows, { entry: call, exit }: CallLayouts, name: string): void {
    const { facts } = this.#subject;
    const number = this.#functions.length;
    const mayLackG = name.startsWith('runtime.');
    const begin = { kind: this.#kind, function: number, layout: call, mayLackG };
    const end = { kind: CALL_KIND.return, function: number, layout: exit, mayLackG };
    const write: ProbeBody['write'] = (out) => writeCallRecord(out, begin, facts);
    const writeBehind: ProbeBody['writeBehind'] = (out) => writeCallRecord(out, end, facts);
    const entered = this.#kind === CALL_KIND.enter;
    const whole = !entered && exits.includes(entry);
    if (whole) this.#addProbe({ site: entry, write, writeBehind });
    else
      this.#addProbe(
        entry.growsAt === undefined ? { site: entry, write } : { site: entry, writeBehind: write },
      );
    if (entered) return;
    for (const site of exits) if (site !== entry) this.#addProbe({ site, writeBehind });
  }

  #addProbe(probe: ProbeBody): void {
    const writeFault = probe.site.steps === undefined ? undefined : this.#writeFault;
    this.#probes.push(writeFault === undefined ? probe : { ...probe, writeFault });
  }

  /** Why a function is not for probes, before its code is looked at. */
  #refusal(index: number, name: string, level: number): string | undefined {
    const { facts } = this.#subject;
    const traits = facts.image.functions!.traits(index);
    // The linker lists C functions too.
    if (!name.includes('.') || PART_OF_C.test(name)) return level > 0 ? 'silently' : 'it is no Go function';
    // What the compiler writes around a function: the function itself is seen.
    if (funcIdName(facts.version, traits.funcId) === 'wrapper') return 'silently';
    if (traits.assembly) return level > 0 ? 'silently' : 'it is written in assembly';
    if (this.#taken.has(name)) return level > 0 ? 'silently' : 'the trace itself has a probe there';
    if (OUT_OF_BOUNDS.test(name)) return level > 0 ? 'silently' : 'it may run without a goroutine';
    return level > 0 && name.startsWith('runtime.') ? 'silently' : undefined;
  }

  #windows(index: number, name: string, level: number): FunctionWindows | string {
    const { facts, code, memory } = this.#subject;
    const functions = facts.image.functions!;
    const linked = functions.entry(index);
    const length = functions.end(index) - linked;
    if (length > LONGEST_FUNCTION) return 'it is too long';
    const bytes = facts.image.bytesAt(linked, length);
    const address = facts.module.toRuntime(linked);
    const instructions = code.outline(bytes, address);
    this.#called[level] ??= new Set();
    const called = this.#called[level];
    for (const { flow, target } of instructions) {
      if (flow !== 'call' || target === undefined) continue;
      const callee = functions.find(facts.module.toLinked(runtimeAddress(target)));
      if (callee >= 0) called.add(callee);
    }
    const inside = (word: number): boolean => word >= address && word < address + length;
    const jumpTable = (at: number): number[] => {
      const places: number[] = [];
      for (let place = at; ; place += WORD) {
        const word = wordAt(memory, place);
        if (word === undefined || !inside(word)) return places;
        places.push(word);
      }
    };
    return functionWindows({
      name,
      address,
      bytes,
      instructions,
      jumpTable,
      effects: (it) => code.effects(bytes.subarray(it.address - address), it.address),
      seesFaults: this.#writeFault !== undefined,
      mayTrap: this.#mayTrap && !BLOCKS_SIGNALS.test(name),
    });
  }
}

function mayBlockSignals({ image: { functions } }: SchedulerFacts): boolean {
  if (functions === undefined) return true;
  for (const name of functionNames(functions)) if (MAY_BLOCK_SIGNALS.test(name)) return true;
  return false;
}

/** Of an unknown version: the newest. */
const minorOf = ({ version }: SchedulerFacts): number => Number(/^go1\.(\d+)/.exec(version)?.[1] ?? Infinity);

function wordAt(memory: Memory, address: number): number | undefined {
  const bytes = memory.tryRead(runtimeAddress(address), WORD);
  if (bytes === undefined) return undefined;
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_IN_NOTES).map(nameByShape).join(', ');
  return names.length > NAMES_IN_NOTES ? `${shown} and ${names.length - NAMES_IN_NOTES} more` : shown;
}
