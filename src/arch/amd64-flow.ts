import type * as Iced from 'iced-x86';
import type { FlowKind } from './arch.ts';

type Flow = Exclude<FlowKind, 'invalid'>;

/** What iced's `FlowControl` is in our words. */
export function flowReader(iced: typeof Iced): (it: Iced.Instruction) => Flow {
  const { FlowControl, Mnemonic } = iced;
  const flows = new Map<Iced.FlowControl, Flow>([
    [FlowControl.Next, 'next'],
    [FlowControl.UnconditionalBranch, 'jump'],
    [FlowControl.IndirectBranch, 'jump'],
    [FlowControl.ConditionalBranch, 'branch'],
    [FlowControl.Return, 'return'],
    [FlowControl.Call, 'call'],
    [FlowControl.IndirectCall, 'call'],
    [FlowControl.Interrupt, 'trap'],
    [FlowControl.Exception, 'trap'],
    [FlowControl.XbeginXabortXend, 'next'],
  ]);
  return (it) => {
    const flow = flows.get(it.flowControl) ?? 'next';
    switch (it.mnemonic) {
      case Mnemonic.Syscall:
      case Mnemonic.Sysenter:
        return 'syscall';
      case Mnemonic.Int:
        // Linux' 32-bit system calls.
        return it.immediate8 === 0x80 ? 'syscall' : 'trap';
      case Mnemonic.Hlt:
        return 'trap';
      case Mnemonic.Xbegin:
        return 'branch';
      default:
        // iced also calls it a call when a hypervisor is called, which comes back behind the instruction.
        return flow === 'call' && it.mnemonic !== Mnemonic.Call ? 'next' : flow;
    }
  };
}
