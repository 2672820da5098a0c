import { goid, type RuntimeAddress, runtimeAddress, TargetFault, type ThreadId } from '../../base/index.ts';
import { describeSignal, describeSignalCode, type Target, type Thread } from '../../target/index.ts';
import type { Frame } from '../frame.ts';
import type { GoProgram } from '../go-program.ts';
import type { Goroutine } from '../goroutine.ts';
import type { Machine } from '../machines.ts';
import type { PanicFacts, Program, Verdict } from '../program.ts';
import { GOROUTINE_STATES, SCAN_BIT } from '../runtime-facts/constants.ts';
import { isRuntimeInternal, SIGNAL_LOOP } from '../runtime-facts/functions.ts';
import { M, Panic } from '../runtime-facts/structs.ts';
import { describePlace } from './fault-place.ts';
import { type Cause, originalSignal } from './original-signal.ts';
import { panicText } from './panic-text.ts';
import { throwText } from './throw-text.ts';

const SIGABRT = 6;
const MAIN_GOROUTINE = goid(1);
const MAX_PANICS = 1000;
/** Panics while panicking and C callbacks can stack up; the user's frame is not deeper than this. */
const FRAME_DEPTH = 500;

/** What killed the program, from the signal and from what the runtime noted while it died. */
export function readVerdict(program: Program, go: GoProgram | undefined): Verdict {
  const { target } = program;
  const dying = go === undefined ? undefined : dyingMachine(go, target);
  const thread = dying?.thread ?? target.process.currentThread;
  const atFault = go === undefined ? undefined : goroutineAtFault(program, go, dying, thread);
  const cause = originalSignal(target, go, atFault, handlingThreads(go, target, thread));
  // A signal that was sent comes to whichever thread the kernel chooses, and a core that somebody has taken without one
  // names any: what the runtime did there says nothing.
  const isByChance = go !== undefined && (cause === undefined || isFromOutside(cause, target));
  const goroutine =
    isByChance && (atFault === undefined || isIdle(atFault))
      ? (goroutineToShow(program, go) ?? atFault)
      : atFault;
  const state = target.threads.find(({ id }) => id === thread);
  let counts: Verdict['counts'];
  return {
    signal: cause && signalFacts(cause, program, go !== undefined),
    fault:
      cause?.address === undefined
        ? undefined
        : { address: cause.address, what: describePlace(target, go, cause.address) },
    panics: go !== undefined && goroutine !== undefined ? readPanics(go, goroutine.address) : [],
    fatal: go !== undefined && state !== undefined ? throwText(go, state) : undefined,
    thread,
    goroutine,
    frame: frameToShow(program, thread, goroutine),
    /** Reads every goroutine: only when it is asked for. */
    get counts() {
      counts ??= go === undefined ? undefined : countStates(go);
      return counts;
    },
  };
}

/**
 * The thread that began to die: startpanic_m counts m.dying up (runtime/panic.go). throw and the handler of a deadly
 * signal set m.throwing before that, the handler on every thread: with GOTRACEBACK=crash all are asked to print their
 * stacks, one after the other, and until go1.21 the last of them ended the process (sighandler, dieFromSignal).
 */
function dyingMachine(go: GoProgram, target: Target): Machine | undefined {
  const layout = go.runtime.layout(M);
  const { memory } = go.runtime;
  const { currentThread } = target.process;
  const withThread = go.machines.all.filter((machine) => machine.thread !== 0);
  for (const offset of [layout.dying, layout.throwing]) {
    const found = withThread.filter(({ address }) => memory.uint32(runtimeAddress(address + offset)) !== 0);
    if (found.length > 0) return found.find(({ thread }) => thread === currentThread) ?? found[0];
  }
  return undefined;
}

function goroutineAtFault(
  program: Program,
  go: GoProgram,
  dying: Machine | undefined,
  thread: ThreadId,
): Goroutine | undefined {
  const current = program.goroutineOn(thread);
  if (current !== undefined || dying === undefined) return current;
  const caught = go.fields.word(dying.address, go.runtime.layout(M).caughtSignal);
  // An idle thread catches signals on its g0, which is no goroutine: its own registers tell more.
  if (caught === dying.g0) return undefined;
  // A thread without a goroutine found that none can ever run (checkdead): it is main's wait that is to be seen.
  return caught === 0 ? program.goroutine(MAIN_GOROUTINE) : go.record(runtimeAddress(caught));
}

function signalFacts(cause: Cause, { target }: Program, isGo: boolean): Verdict['signal'] {
  const { name, meaning } = describeSignal(cause.number);
  const { number, code, sender, handled } = cause;
  const byItself = sender !== undefined && sender.pid === target.process.pid;
  // Its own last signal is the runtime's, which lets go of its handler before; abort() of C, and kill, find that in place.
  if (byItself && number === SIGABRT && !handled && isGo) {
    return {
      number,
      name,
      meaning: `${meaning}, raised by the runtime to end the program`,
      code: undefined,
      sender,
    };
  }
  if (byItself) {
    return { number, name, meaning: `${meaning}, sent by the process to itself`, code: undefined, sender };
  }
  return {
    number,
    name,
    meaning,
    code: code === undefined ? undefined : describeSignalCode(number, code),
    sender,
  };
}

const isFromOutside = ({ sender }: Cause, { process }: Target): boolean =>
  sender !== undefined && sender.pid !== process.pid;

/** Whoever sends a program a signal asks what it does: one that runs, or else main, tells most. */
function goroutineToShow(program: Program, go: GoProgram): Goroutine | undefined {
  const running = go.machines.all
    .filter(({ curg, thread }) => curg !== 0 && thread !== 0)
    .map(({ curg }) => go.record(curg))
    .filter((goroutine) => !isIdle(goroutine));
  return (
    running.find(({ state }) => state === '_Grunning') ?? running[0] ?? program.goroutine(MAIN_GOROUTINE)
  );
}

/** The runtime's own, and the one of os/signal, which has a thread while it waits for signals. */
const isIdle = ({ system, state, startLocation }: Goroutine): boolean =>
  system || (state === '_Gsyscall' && startLocation.function === SIGNAL_LOOP);

/** The thread that died first, and the others that the runtime has seen die (m.throwing: sighandler, throw). */
function* handlingThreads(go: GoProgram | undefined, target: Target, first: ThreadId): Generator<Thread> {
  const died = target.threads.find(({ id }) => id === first);
  if (died !== undefined) yield died;
  if (go === undefined) return;
  const { throwing } = go.runtime.layout(M);
  for (const { address, thread: id } of go.machines.all) {
    if (id === first || go.runtime.memory.uint32(runtimeAddress(address + throwing)) === 0) continue;
    const thread = target.threads.find((one) => one.id === id);
    if (thread !== undefined) yield thread;
  }
}

/** `g._panic` and what it interrupted, the newest first. */
function readPanics(go: GoProgram, g: RuntimeAddress): readonly PanicFacts[] {
  const layout = go.runtime.layout(Panic);
  const { memory } = go.runtime;
  const flag = (panic: number, offset: number | undefined): boolean =>
    offset !== undefined && memory.uint8(runtimeAddress(panic + offset)) !== 0;
  const panics: PanicFacts[] = [];
  const seen = new Set<number>();
  let panic = go.fields.word(g, go.fields.layout.panic);
  while (panic !== 0 && !seen.has(panic) && panics.length < MAX_PANICS) {
    if (memory.tryRead(runtimeAddress(panic), layout.size) === undefined) break;
    seen.add(panic);
    // A frame that returns through deferreturn keeps its state in a _panic too.
    if (!flag(panic, layout.deferReturn)) {
      const argument = runtimeAddress(panic + layout.argument);
      panics.push({
        argument,
        type: go.types.nameAt(memory.pointer(argument)),
        text: flag(panic, layout.goexit) ? undefined : panicText(go, argument),
        recovered: flag(panic, layout.recovered),
        goexit: flag(panic, layout.goexit),
      });
    }
    panic = memory.uint64(runtimeAddress(panic + layout.link));
  }
  return panics;
}

/** Packages in which a fault is the caller's doing. */
const NEVER_AT_FAULT = /^(runtime|runtime\/.*|internal\/.*|sync|sync\/atomic|reflect|iter)\./;
/** What the runtime dies in: where none of the user's code is on the stack, their caller tells most. */
const DEATHS: ReadonlySet<string> = new Set([
  'runtime.throw',
  'runtime.fatal',
  'runtime.gopanic',
  'runtime.sigpanic',
]);

/**
 * The innermost frame of the user's code. C code counts where a signal struck it; so does code that nothing names, such
 * as is made while the program runs, where there is no other.
 */
function frameToShow(
  program: Program,
  thread: ThreadId,
  goroutine: Goroutine | undefined,
): Frame | undefined {
  const exists = program.target.threads.some(({ id }) => id === thread);
  const stack =
    goroutine !== undefined
      ? program.stackOf(goroutine, FRAME_DEPTH)
      : exists
        ? program.stackOfThread(thread, FRAME_DEPTH)
        : undefined;
  const frames = stack?.frames ?? [];
  const isUsers = (frame: Frame): boolean =>
    frame.entry === undefined
      ? frame.arrivedBy === 'signal' && frame.function !== undefined
      : frame.function !== undefined &&
        !isRuntimeInternal(frame.function) &&
        !NEVER_AT_FAULT.test(frame.function);
  const struck = frames.findLast((frame) => frame.entry === undefined && frame.arrivedBy === 'signal');
  const death = frames.findLastIndex((frame) => DEATHS.has(frame.function ?? ''));
  return frames.find(isUsers) ?? struck ?? frames[death + 1] ?? frames[0];
}

/** None where the list is damaged or of another program: a verdict is of use without, and `goroutines` says why. */
function countStates(go: GoProgram): Verdict['counts'] {
  try {
    return statesIn(go);
  } catch (error) {
    if (error instanceof TargetFault) return undefined;
    throw error;
  }
}

/** By itself, so that the engine has little to compile when it finds the loop to be hot. */
function countIn(statuses: Uint32Array, counts: Uint32Array): void {
  const last = counts.length - 1;
  for (let i = 0; i < statuses.length; i++) counts[Math.min((statuses[i]! & ~SCAN_BIT) >>> 0, last)]!++;
}

function statesIn(go: GoProgram): NonNullable<Verdict['counts']> {
  // By number, the last for those that Go does not have: a list may be of a million.
  const unknown = GOROUTINE_STATES.length;
  const counts = new Uint32Array(unknown + 1);
  for (const { statuses, problems } of go.list.slices()) {
    countIn(statuses, counts);
    for (const i of problems.keys()) {
      counts[Math.min((statuses[i]! & ~SCAN_BIT) >>> 0, unknown)]!--;
      counts[unknown]!++;
    }
  }
  const byState = new Map<string, number>();
  let total = 0;
  counts.forEach((count, number) => {
    const state = GOROUTINE_STATES[number] ?? 'unreadable';
    if (count === 0 || state === '_Gdead' || state === '_Gdeadextra' || state === '_Gidle') return;
    byState.set(state, count);
    total += count;
  });
  return { total, byState };
}
