import type * as Iced from 'iced-x86';
import type { MachineState, MemoryAccess } from '../machine-code.ts';
import { addressOf } from './address.ts';
import { bitOffsetOf } from './bit-string.ts';
import { elementAccesses } from './gather.ts';
import type { OperandReader } from './operands.ts';
import type { RegisterPart } from './register-part.ts';
import { stateAreaSize } from './state-area.ts';
import { repeatedAccesses } from './string-accesses.ts';
import type { AccessesOf, Touch } from './touch.ts';

/**
 * What iced's `usedMemory` says, with what it leaves to be computed: repeated string instructions, bit strings, gathers
 * and the sizes of saved states. What is accessed on a condition (a mask, a comparison) counts as accessed. Not
 * there: what lies beyond any program's memory, prefetches, and tables that only the CPU reads. Flushing a cache line
 * counts as a read: it faults like one.
 */
export function memoryAccesses(
  iced: typeof Iced,
  reader: OperandReader,
): (it: Iced.Instruction) => AccessesOf {
  const { MemorySizeExt, Mnemonic, OpKind } = iced;
  const factory = new iced.InstructionInfoFactory();
  const bitStrings = new Set<Iced.Mnemonic>([Mnemonic.Bt, Mnemonic.Btc, Mnemonic.Btr, Mnemonic.Bts]);

  const touches = (it: Iced.Instruction): Touch[] => {
    const info = factory.info(it);
    const used = info.usedMemory() as Iced.UsedMemory[];
    const found = used.map((memory) => touchOf(iced, reader, it, memory));
    for (const memory of used) memory.free();
    info.free();
    return found.filter((touch) => touch !== undefined);
  };

  return (it) => {
    if (it.isVsib) return elementAccesses(iced, reader, it);
    const found = touches(it);
    if (it.isStringInstruction) {
      return repeatedAccesses(found, {
        size: MemorySizeExt.size(it.memorySize),
        repeated: it.hasRepPrefix || it.hasRepnePrefix,
      });
    }
    const stateArea = stateAreaSize(iced, it);
    const bits =
      bitStrings.has(it.mnemonic) && it.op1Kind === OpKind.Register
        ? reader.parts.get(it.op1Register)
        : undefined;
    const accesses = found.map((touch) => singleAccess(touch, bits, stateArea));
    if (accesses.length === 1) {
      const only = accesses[0]!;
      return (state) => {
        const access = only(state);
        return access === undefined ? [] : [access];
      };
    }
    return (state) => accesses.map((access) => access(state)).filter((access) => access !== undefined);
  };
}

function touchOf(
  iced: typeof Iced,
  { parts, segment }: OperandReader,
  it: Iced.Instruction,
  used: Iced.UsedMemory,
): Touch | undefined {
  const access = accessKind(iced, used.access);
  if (access === undefined) return undefined;
  const base = parts.get(used.base);
  const index = parts.get(used.index);
  const short =
    base?.bits === 32 ||
    index?.bits === 32 ||
    (base === undefined &&
      index === undefined &&
      (it.memoryDisplSize === 4 || it.memoryBase === iced.Register.EIP));
  return {
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
  };
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

function singleAccess(
  { place, access }: Touch,
  bits: RegisterPart | undefined,
  stateArea: ((state: MachineState) => number) | undefined,
): (state: MachineState) => MemoryAccess | undefined {
  const address = bits === undefined ? addressOf(place) : bitOffsetOf(place, bits);
  const { size } = place;
  const kind = stateArea === undefined || access === 'read' ? access : 'write';
  return (state) => {
    const at = address(state);
    const length = stateArea === undefined ? size : stateArea(state);
    return at === undefined || length === 0 ? undefined : { address: at, length, access: kind };
  };
}
