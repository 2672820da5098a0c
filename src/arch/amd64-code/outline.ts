import type * as Iced from 'iced-x86';
import type { MachineCode, OutlinedInstruction } from '../machine-code.ts';

/** Decodes functions from end to end: one decoder, and no more of each instruction than where it may be moved. */
export function outliner(
  iced: typeof Iced,
  flowOf: (it: Iced.Instruction) => OutlinedInstruction['flow'],
): MachineCode['outline'] {
  const { Mnemonic, OpKind, Register } = iced;
  /** Stack, frame pointer (which Go's compiler uses for nothing else), g, and the program's data. */
  const safe: ReadonlySet<Iced.Register> = new Set([Register.RSP, Register.RBP, Register.R14, Register.RIP]);
  const harmless: ReadonlySet<Iced.Mnemonic> = new Set([Mnemonic.Lea, Mnemonic.Nop]);
  const faulting: ReadonlySet<Iced.Mnemonic> = new Set([Mnemonic.Div, Mnemonic.Idiv]);
  const isMemory = (kind: Iced.OpKind): boolean => kind >= OpKind.MemorySegSI;

  const cannotFault = (it: Iced.Instruction): boolean => {
    const { mnemonic } = it;
    if (faulting.has(mnemonic)) return false;
    if (harmless.has(mnemonic)) return true;
    for (let i = 0; i < it.opCount; i++) {
      const kind = it.opKind(i);
      if (!isMemory(kind)) continue;
      if (kind !== OpKind.Memory || !safe.has(it.memoryBase)) return false;
      if (it.memoryIndex !== Register.None || it.segmentPrefix !== Register.None) return false;
    }
    return true;
  };

  const distanceAt = (decoder: Iced.Decoder, it: Iced.Instruction): number => {
    const offsets = decoder.getConstantOffsets(it);
    const at = offsets.displacementOffset;
    offsets.free();
    return at;
  };

  return (bytes, address) => {
    const found: OutlinedInstruction[] = [];
    const decoder = new iced.Decoder(64, bytes, iced.DecoderOptions.None);
    const it = new iced.Instruction();
    try {
      decoder.ip = BigInt(address);
      for (let at = 0; decoder.canDecode; ) {
        decoder.decodeOut(it);
        if (it.isInvalid) break;
        const flow = flowOf(it);
        const near = flow !== 'next' && it.opCount > 0 && it.opKind(0) === OpKind.NearBranch64;
        const relative = it.isIpRelMemoryOperand && it.memoryBase === Register.RIP;
        found.push({
          address: address + at,
          length: it.length,
          flow,
          target: near ? Number(it.nearBranchTarget) : undefined,
          movable: flow === 'next' && it.memoryBase !== Register.EIP && cannotFault(it),
          addresses: relative ? Number(it.memoryDisplacement) : undefined,
          distanceAt: relative ? distanceAt(decoder, it) : undefined,
        });
        at += it.length;
      }
    } finally {
      it.free();
      decoder.free();
    }
    return found;
  };
}
