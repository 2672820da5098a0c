import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import { readSignalFrame, type SignalInfo, type Target, type Thread } from '../../target/index.ts';
import type { GoProgram } from '../go-program.ts';
import type { Goroutine } from '../goroutine.ts';

const SIGQUIT = 3;
const SIGABRT = 6;
/** Synchronous faults: si_addr tells where. */
const FAULTS: ReadonlySet<number> = new Set([4, 5, 7, 8, 11]);
/** Of which the runtime dies (_SigThrow in runtime/sigtab_linux_generic.go): faults, SIGQUIT, SIGABRT, SIGSTKFLT, SIGSYS. */
const DEADLY: ReadonlySet<number> = new Set([...FAULTS, SIGQUIT, SIGABRT, 16, 31]);
const FRAME_DEPTH = 500;

/** The signal that began it. */
export interface Cause {
  readonly number: number;
  readonly code: number | undefined;
  /** Where a fault was. */
  readonly address: RuntimeAddress | undefined;
  /** Who sent it, if it was sent. */
  readonly sender: SignalInfo['sender'];
  /** A handler of the runtime's has taken it, which then ended the process by SIGABRT. */
  readonly handled: boolean;
}

/**
 * A fault in Go code becomes a panic, and the process is then ended by the runtime's own SIGABRT: the first signal
 * is noted in the goroutine (g.sig, g.sigcode0, g.sigcode1; runtime/signal_unix.go, sighandler). Where the runtime
 * dies in its handler, as for a fault in C or a signal that was sent, the signal is in the handler's frame: `threads`
 * are those that may be in one, the one that died first.
 */
export function originalSignal(
  target: Target,
  go: GoProgram | undefined,
  goroutine: Goroutine | undefined,
  threads: Iterable<Thread>,
): Cause | undefined {
  const { signal } = target.process;
  const last = signal === undefined || signal.signo === 0 ? undefined : signal;
  if (go !== undefined && (last === undefined || last.signo === SIGABRT)) {
    const first = (goroutine && notedInGoroutine(go, goroutine)) ?? handledOn(go, threads);
    if (first !== undefined) return first;
  }
  // Handlers fail too: printing the stack of code that the runtime does not know may take it to addresses that are none.
  if (go !== undefined && last !== undefined && FAULTS.has(last.signo)) {
    const first = handledOn(go, threads);
    if (first !== undefined) return first;
  }
  return last && causeOf(last, false);
}

const causeOf = ({ signo, code, address, sender }: SignalInfo, handled: boolean): Cause => ({
  number: signo,
  code,
  address: FAULTS.has(signo) ? address : undefined,
  sender,
  handled,
});

/**
 * g.sig is not cleared when a fault was recovered from: it counts while sigpanic is on the stack. The g is the one
 * that ran: in C code that is the thread's g0.
 */
function notedInGoroutine(go: GoProgram, goroutine: Goroutine): Cause | undefined {
  const { fields, machines, runtime } = go;
  const g0 = machines.running(goroutine.address)?.g0;
  const g = [goroutine.address, g0].find(
    (one) =>
      one !== undefined && FAULTS.has(runtime.memory.uint32(runtimeAddress(one + fields.layout.signal))),
  );
  if (g === undefined) return undefined;
  let panics = false;
  let count = 0;
  go.visitStack(goroutine.address, (_, point) => {
    panics = point.fn?.name === 'runtime.sigpanic';
    return !panics && ++count < FRAME_DEPTH;
  });
  if (!panics) return undefined;
  return {
    number: runtime.memory.uint32(runtimeAddress(g + fields.layout.signal)),
    code: fields.word(g, fields.layout.signalCode0),
    address: runtimeAddress(fields.word(g, fields.layout.signalCode1)),
    sender: undefined,
    handled: true,
  };
}

function handledOn(go: GoProgram, threads: Iterable<Thread>): Cause | undefined {
  for (const thread of threads) {
    const found = handledSignal(go, thread);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first deadly signal whose handler has not returned: the outermost one on the stack. */
function handledSignal(go: GoProgram, thread: Thread): Cause | undefined {
  const { arch, memory, process } = go.target;
  let found: Cause | undefined;
  let entering: SignalInfo | undefined;
  let count = 0;
  go.visitThread(thread, (cursor, { fn }) => {
    if (cursor.inTrampoline) {
      const isThere = memory.tryRead(runtimeAddress(cursor.sp), 8) !== undefined;
      entering = isThere ? readSignalFrame(arch, memory, cursor.sp).signal : undefined;
    } else {
      // dieFromSignal raises the signal twice: the handler that takes the first passes it on.
      const isRaised = fn?.name === 'runtime.raise';
      if (entering !== undefined && !isRaised && isBeginning(entering, process.pid)) {
        found = causeOf(entering, true);
      }
      entering = undefined;
    }
    return ++count < FRAME_DEPTH;
  });
  return found;
}

/** With GOTRACEBACK=crash the runtime asks its threads by SIGQUIT, one after the other, to print their stacks (sighandler). */
const isBeginning = ({ signo, sender }: SignalInfo, pid: number | undefined): boolean =>
  DEADLY.has(signo) && !(signo === SIGQUIT && sender !== undefined && sender.pid === pid);
