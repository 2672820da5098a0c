import type * as Iced from 'iced-x86';
import type { InstructionEffects, PlainMemory } from '../machine-code.ts';

const LONGEST = 15;
/** A vector register's; what saves whole states is longer. */
const LONGEST_ACCESS = 64;

/** What relocation must know of instructions that `outline` does not call movable, and of their neighbours. */
export function effectReader(
  iced: typeof Iced,
): (bytes: Uint8Array, address: number) => InstructionEffects | undefined {
  const { MemorySizeExt, Mnemonic, OpAccess, OpKind, Register, RegisterExt, RflagsBits } = iced;
  const factory = new iced.InstructionInfoFactory();
  const it = new iced.Instruction();
  const status =
    RflagsBits.CF | RflagsBits.PF | RflagsBits.AF | RflagsBits.ZF | RflagsBits.SF | RflagsBits.OF;
  const reading: ReadonlySet<Iced.OpAccess> = new Set([OpAccess.Read, OpAccess.CondRead]);
  const always: ReadonlySet<Iced.OpAccess> = new Set([
    ...[OpAccess.Read, OpAccess.Write, OpAccess.ReadWrite, OpAccess.ReadCondWrite],
  ]);
  /** They have other reasons to fault, or touch what is beside their operand. */
  const special: ReadonlySet<Iced.Mnemonic> = new Set([
    ...[Mnemonic.Div, Mnemonic.Idiv, Mnemonic.Bt, Mnemonic.Bts, Mnemonic.Btr, Mnemonic.Btc],
  ]);

  const general = (register: Iced.Register): boolean => RegisterExt.isGPR64(register);

  const registers = (info: Iced.InstructionInfo): Pick<InstructionEffects, 'registers' | 'written'> => {
    let mentioned = 0;
    let written = 0;
    for (const used of info.usedRegisters() as Iced.UsedRegister[]) {
      const full = RegisterExt.fullRegister(used.register);
      if (general(full)) {
        const bit = 1 << RegisterExt.number(full);
        mentioned |= bit;
        if (!reading.has(used.access)) written |= bit;
      }
      used.free();
    }
    return { registers: mentioned, written };
  };

  /** The one operand in memory, if there is nothing else at which the instruction could fault. */
  const memory = (info: Iced.InstructionInfo): PlainMemory | undefined => {
    const { memoryBase: base, memoryIndex: index } = it;
    const used = info.usedMemory() as Iced.UsedMemory[];
    const access = used[0]?.access;
    const size = used[0] === undefined ? 0 : MemorySizeExt.size(used[0].memorySize);
    for (const each of used) each.free();
    if (used.length !== 1 || access === undefined || !always.has(access)) return undefined;
    if (size === 0 || size > LONGEST_ACCESS || special.has(it.mnemonic) || it.isVsib) return undefined;
    if (it.segmentPrefix !== Register.None || it.isStringInstruction || it.isStackInstruction)
      return undefined;
    if (!general(base) || (index !== Register.None && !general(index))) return undefined;
    const operands = Array.from({ length: it.opCount }, (_, i) => it.opKind(i));
    if (operands.filter((kind) => kind === OpKind.Memory).length !== 1) return undefined;
    const displacement = Number(BigInt.asIntN(64, it.memoryDisplacement));
    return {
      base: RegisterExt.number(base),
      index: index === Register.None ? undefined : RegisterExt.number(index),
      scale: it.memoryIndexScale,
      displacement,
      isWritten: access !== OpAccess.Read,
    };
  };

  return (bytes, address) => {
    const decoder = new iced.Decoder(64, bytes.subarray(0, LONGEST), iced.DecoderOptions.None);
    try {
      decoder.ip = BigInt(address);
      decoder.decodeOut(it);
    } finally {
      decoder.free();
    }
    if (it.isInvalid) return undefined;
    const info = factory.info(it);
    try {
      return {
        ...registers(info),
        flagsRead: it.rflagsRead & status,
        flagsReplaced: it.rflagsModified & status,
        memory: memory(info),
      };
    } finally {
      info.free();
    }
  };
}
