import type * as Iced from 'iced-x86';
import type { MachineState, MemoryAccess } from '../machine-code.ts';
import { addressOf } from './address.ts';
import { bitOffsetOf } from './bit-string.ts';
import type { MemoryPlace, OperandReader } from './operands.ts';
import { RSP } from './register-part.ts';
import { stateAreaSize } from './state-area.ts';
import { type Accesses, overlaps, type Touch, union } from './touch.ts';

/** A place whose address is computed once. */
interface Site {
  readonly access: MemoryAccess['access'];
  /** Whether the instruction overwrites a register of its address, so that it cannot be told afterwards. */
  readonly lost: boolean;
  at(state: MachineState): MemoryAccess | undefined;
}

/** Instructions that touch each of their places once. */
export function singleAccesses(
  iced: typeof Iced,
  reader: OperandReader,
  it: Iced.Instruction,
  touches: readonly Touch[],
  written: ReadonlySet<number>,
): Accesses {
  const moved = it.stackPointerIncrement;
  // Where the stack pointer was is known, unless the instruction also loads it.
  const loadsStack = it.opCount > 0 && reader.parts.get(it.op0Register)?.dwarf === RSP && !isPush(iced, it);
  const knowsStack = moved !== 0 && !loadsStack;
  const isLost = ({ base, index }: MemoryPlace): boolean =>
    [base, index].some(
      (part) => part !== undefined && written.has(part.dwarf) && !(part.dwarf === RSP && knowsStack),
    );
  const sites = touches.map(({ place, access }) => siteOf(iced, reader, it, place, access, isLost(place)));
  const before = (state: MachineState) =>
    sites.map((site) => site.at(state)).filter((access) => access !== undefined);
  return {
    before,
    behind(address, length, after) {
      const earlier = knowsStack ? withStackAt(after, after.register(RSP) - BigInt(moved)) : after;
      const known = sites.filter((site) => {
        const access = site.lost ? undefined : site.at(earlier);
        return access !== undefined && overlaps(access, address, length);
      });
      const those = known.length > 0 ? known : sites.filter((site) => site.lost);
      return union(those.map(({ access }) => access));
    },
  };
}

function isPush({ Mnemonic }: typeof Iced, it: Iced.Instruction): boolean {
  return it.mnemonic === Mnemonic.Push;
}

function siteOf(
  iced: typeof Iced,
  reader: OperandReader,
  it: Iced.Instruction,
  place: MemoryPlace,
  access: MemoryAccess['access'],
  lost: boolean,
): Site {
  const bits = bitNumber(iced, reader, it);
  const address = bits === undefined ? addressOf(place) : bitOffsetOf(place, bits);
  const area = stateAreaSize(iced, it);
  if (area !== undefined) {
    // What is saved is written, though the header in front of it is read as well.
    const kind = access === 'read' ? 'read' : 'write';
    return { access: kind, lost, at: (state) => found(address(state), area(state), kind) };
  }
  return { access, lost, at: (state) => found(address(state), place.size, access) };
}

function found(
  address: number | undefined,
  length: number,
  access: MemoryAccess['access'],
): MemoryAccess | undefined {
  return address === undefined || length === 0 ? undefined : { address, length, access };
}

/** The register that numbers a bit in memory. */
function bitNumber({ Mnemonic, OpKind }: typeof Iced, { parts }: OperandReader, it: Iced.Instruction) {
  switch (it.mnemonic) {
    case Mnemonic.Bt:
    case Mnemonic.Btc:
    case Mnemonic.Btr:
    case Mnemonic.Bts:
      return it.op1Kind === OpKind.Register ? parts.get(it.op1Register) : undefined;
    default:
      return undefined;
  }
}

function withStackAt(state: MachineState, sp: bigint): MachineState {
  const wrapped = BigInt.asUintN(64, sp);
  return {
    register: (dwarf) => (dwarf === RSP ? wrapped : state.register(dwarf)),
    segmentBase: (segment) => state.segmentBase(segment),
    read: (address, length) => state.read(address, length),
  };
}
