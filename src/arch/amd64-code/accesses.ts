import type * as Iced from 'iced-x86';
import type { MemoryAccess } from '../machine-code.ts';
import { elementAccesses } from './gather.ts';
import type { OperandReader } from './operands.ts';
import { singleAccesses } from './single-accesses.ts';
import { repeatedAccesses } from './string-accesses.ts';
import type { Accesses, Touch } from './touch.ts';

/**
 * What iced's `usedMemory` says, with what it leaves to be computed: repeated string instructions, bit strings, gathers
 * and the sizes of saved states. What is accessed on a condition (a mask, a comparison) counts as accessed. Not
 * there: what lies beyond any program's memory, prefetches, `clzero`, and tables that only the CPU reads. Flushing a
 * cache line counts as a read: it faults like one.
 */
export function memoryAccesses(iced: typeof Iced, reader: OperandReader): (it: Iced.Instruction) => Accesses {
  const factory = new iced.InstructionInfoFactory();
  return (it) => {
    if (it.isVsib) return elementAccesses(iced, reader, it);
    const info = factory.info(it);
    try {
      const touches = touchesOf(iced, reader, it, info);
      return it.isStringInstruction
        ? repeatedAccesses(iced, it, touches)
        : singleAccesses(iced, reader, it, touches, registersWritten(iced, reader, info));
    } finally {
      info.free();
    }
  };
}

function touchesOf(
  iced: typeof Iced,
  { parts, segment }: OperandReader,
  it: Iced.Instruction,
  info: Iced.InstructionInfo,
): Touch[] {
  const touches: Touch[] = [];
  for (const used of info.usedMemory() as Iced.UsedMemory[]) {
    const access = accessKind(iced, used.access);
    const base = parts.get(used.base);
    const index = parts.get(used.index);
    const absolute = base === undefined && index === undefined;
    const short =
      base?.bits === 32 ||
      index?.bits === 32 ||
      (absolute && (it.memoryDisplSize === 4 || it.memoryBase === iced.Register.EIP));
    if (access !== undefined) {
      touches.push({
        access,
        place: {
          kind: 'memory',
          size: iced.MemorySizeExt.size(used.memorySize),
          base,
          index,
          scale: used.scale,
          displacement: BigInt.asIntN(64, used.displacement),
          addressBits: short ? 32 : 64,
          segment: segment(used.segment),
        },
      });
    }
    used.free();
  }
  return touches;
}

function accessKind({ OpAccess }: typeof Iced, access: Iced.OpAccess): MemoryAccess['access'] | undefined {
  switch (access) {
    case OpAccess.Read:
    case OpAccess.CondRead:
      return 'read';
    case OpAccess.Write:
    case OpAccess.CondWrite:
      return 'write';
    case OpAccess.ReadWrite:
    case OpAccess.ReadCondWrite:
      return 'read-write';
    default:
      return undefined;
  }
}

/** DWARF numbers of the general registers that it may change. */
function registersWritten(
  iced: typeof Iced,
  { parts }: OperandReader,
  info: Iced.InstructionInfo,
): ReadonlySet<number> {
  const written = new Set<number>();
  for (const used of info.usedRegisters() as Iced.UsedRegister[]) {
    const part = parts.get(used.register);
    const kind = accessKind(iced, used.access);
    if (part !== undefined && kind !== undefined && kind !== 'read') written.add(part.dwarf);
    used.free();
  }
  return written;
}
