import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import { readSignalFrame, type SignalInfo, type Target } from '../../target/index.ts';
import type { GoProgram } from '../go-program.ts';
import type { Goroutine } from '../goroutine.ts';

const SIGABRT = 6;
/** Synchronous faults: si_addr tells where. */
const FAULTS: ReadonlySet<number> = new Set([4, 5, 7, 8, 11]);
const FRAME_DEPTH = 500;

/** The signal that began it. */
export interface Cause {
  readonly number: number;
  readonly code: number | undefined;
  /** Where a fault was. */
  readonly address: RuntimeAddress | undefined;
}

/**
 * A fault in Go code becomes a panic, and the process is then ended by the runtime's own SIGABRT: the first signal
 * is noted in the goroutine (g.sig, g.sigcode0, g.sigcode1; runtime/signal_unix.go, sighandler). Where the runtime
 * dies in its handler, as for a fault in C, the signal is in the handler's frame.
 */
export function originalSignal(
  target: Target,
  go: GoProgram | undefined,
  goroutine: Goroutine | undefined,
): Cause | undefined {
  const { signal } = target.process;
  const last = signal === undefined || signal.signo === 0 ? undefined : signal;
  if (go !== undefined && goroutine !== undefined && (last === undefined || last.signo === SIGABRT)) {
    const first = notedInGoroutine(go, goroutine) ?? handledSignal(go, goroutine);
    if (first !== undefined) return first;
  }
  return last && causeOf(last);
}

const causeOf = ({ signo, code, address }: SignalInfo): Cause => ({
  number: signo,
  code,
  address: FAULTS.has(signo) ? address : undefined,
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
  };
}

/** The first fault whose handler has not returned: the outermost one on the stack. */
function handledSignal(go: GoProgram, goroutine: Goroutine): Cause | undefined {
  const { arch, memory } = go.target;
  let found: Cause | undefined;
  let count = 0;
  go.visitStack(goroutine.address, (cursor) => {
    if (cursor.inTrampoline && memory.tryRead(runtimeAddress(cursor.sp), 8) !== undefined) {
      const { signal } = readSignalFrame(arch, memory, cursor.sp);
      if (signal !== undefined && FAULTS.has(signal.signo)) found = causeOf(signal);
    }
    return ++count < FRAME_DEPTH;
  });
  return found;
}
