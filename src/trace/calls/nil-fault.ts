import type { SchedulerFacts } from '../../golang/index.ts';
import { beside, type NilFault, type ProbeBody, R14 } from '../../probe/index.ts';

/** <signal.h> and <asm-generic/siginfo.h>: nothing is mapped there. */
const SIGSEGV = 11;
const SEGV_MAPERR = 1;

/**
 * What the handler of SIGSEGV does when Go code uses a nil pointer (runtime/signal_unix.go, sighandler;
 * runtime/signal_amd64.go, preparePanic): it notes where and why, and makes it look as if that instruction had called
 * sigpanic. With code in a trampoline it would not know where that is. Undefined: this program does it in another way.
 */
export function nilFaultWriter({ faults, g, m }: SchedulerFacts): ProbeBody['writeFault'] {
  if (faults === undefined) return undefined;
  const { entry, signal, code0, code1, pc: pcField } = faults;
  return (code, { pc, memory, scratch, execute }: NilFault) => {
    // On a stack of the runtime's own it is no panic: there the program is to end as it would.
    code.test(R14, R14);
    code.branch('zero', execute);
    code.load(scratch, beside(R14, g.m));
    code.load(scratch, beside(scratch, m.curg));
    code.calculate('compare', scratch, R14);
    code.branch('notEqual', execute);
    code.addressOf(scratch, memory);
    code.store(beside(R14, code1), scratch);
    code.storeNumber32(beside(R14, signal), SIGSEGV);
    code.storeNumber(beside(R14, code0), SEGV_MAPERR);
    code.address(scratch, { at: pc });
    code.store(beside(R14, pcField), scratch);
    code.push(scratch);
    code.jumpTo(entry);
  };
}
