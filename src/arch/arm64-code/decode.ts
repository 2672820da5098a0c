import { flowOf } from '../arm64-flow.ts';
import type {
  DecodedInstruction,
  InstructionEffects,
  MachineCode,
  MachineState,
  MemoryAccess,
  OutlinedInstruction,
  TrapInstruction,
  WritableMachineState,
} from '../machine-code.ts';
import { accessesOf } from './accesses.ts';
import { addressed } from './address.ts';
import { branchTaken, branchTarget, LINK, PC } from './branches.ts';

/**
 * A64 (Arm ARM, C4). Every instruction has 4 bytes. Not known: what pointer authentication makes of the addresses in its
 * branches (they are left to the CPU), and the effects that probes would have to know.
 */
const LENGTH = 4;
/** Of the distance in `b`: 26 bits, words. */
const NEAR = 2 ** 27;
const B = 0x14000000;

/** brk #0. Linux says TRAP_BRKPT of it, the CPU stands at it (arch/arm64/kernel/debug-monitors.c). */
const BRK: TrapInstruction = {
  bytes: Uint8Array.of(0, 0, 0x20, 0xd4),
  passed: 0,
  signalCode: 1,
  window: { from: 0, length: LENGTH },
  isTrap: (window) => (wordOf(window) & 0xffe0001f) >>> 0 === 0xd4200000,
};

const wordOf = (bytes: Uint8Array): number =>
  (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0;

function bytesOf(word: number): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  new DataView(bytes.buffer).setUint32(0, word, true);
  return bytes;
}

export const arm64Code: MachineCode = {
  longest: LENGTH,
  trap: BRK,
  reach: NEAR,

  jump(from, to) {
    const distance = to - from;
    if (distance < -NEAR || distance >= NEAR || distance % LENGTH !== 0) return undefined;
    return bytesOf((B | ((distance / LENGTH) & 0x3ff_ffff)) >>> 0);
  },

  decode(bytes, address) {
    if (bytes.length < LENGTH || address % LENGTH !== 0) return undefined;
    return new Arm64Instruction(address, wordOf(bytes));
  },

  outline(bytes, address) {
    const outlined: OutlinedInstruction[] = [];
    for (let at = 0; at + LENGTH <= bytes.length; at += LENGTH) {
      const word = wordOf(bytes.subarray(at));
      const { flow, target } = flowOf(word, address + at);
      const kind = flow === 'invalid' ? 'trap' : flow;
      const addresses = addressed(word, address + at);
      outlined.push({
        address: address + at,
        length: LENGTH,
        flow: kind,
        target,
        movable: kind === 'next' && addresses === undefined && !mayTouch(word),
        addresses: addresses?.address,
        distanceAt: undefined,
      });
    }
    return outlined;
  },

  effects: (): InstructionEffects | undefined => undefined,
};

/** Loads and stores: op0 has the form x1x0 (Arm ARM, C4.1). */
const mayTouch = (word: number): boolean => (word & 0x0a000000) === 0x08000000;

class Arm64Instruction implements DecodedInstruction {
  readonly address: number;
  readonly length = LENGTH;
  readonly flow: DecodedInstruction['flow'];
  readonly #word: number;
  readonly #target: number | undefined;

  constructor(address: number, word: number) {
    const { flow, target } = flowOf(word, address);
    this.address = address;
    this.flow = flow === 'invalid' ? 'trap' : flow;
    this.#word = word;
    this.#target = target;
  }

  target(state: MachineState): number | undefined {
    return this.#target ?? branchTarget(this.#word, state);
  }

  taken(state: MachineState): boolean {
    if (this.flow === 'branch') return branchTaken(this.#word, state);
    return this.flow === 'call' || this.flow === 'jump' || this.flow === 'return';
  }

  accesses(state: MachineState): readonly MemoryAccess[] {
    return accessesOf(this.#word, this.address, state).map(({ address, length, access }) => ({
      address,
      length,
      access,
    }));
  }

  accessTo(address: number, length: number, after: MachineState): MemoryAccess['access'] | undefined {
    const touched = accessesOf(this.#word, this.address, after, 'after');
    const hit = touched.filter(
      (each) =>
        each.isOverwritten || (each.address < address + length && address < each.address + each.length),
    );
    if (hit.length === 0) return undefined;
    const kinds = new Set(hit.map(({ access }) => access));
    return kinds.size === 1 ? hit[0]!.access : 'read-write';
  }

  /** All but what says a distance is the same everywhere. */
  relocate(_elsewhere: number): Uint8Array | undefined {
    if (this.flow !== 'next' && this.flow !== 'syscall') return undefined;
    return addressed(this.#word, this.address) === undefined ? bytesOf(this.#word) : undefined;
  }

  emulate(state: WritableMachineState): boolean {
    if (this.flow === 'next') {
      const operand = addressed(this.#word, this.address);
      if (operand === undefined || !operand.load(state)) return false;
      state.setRegister(PC, BigInt(this.address + LENGTH));
      return true;
    }
    if (this.flow === 'trap' || this.flow === 'syscall') return false;
    const goes = this.taken(state);
    const target = goes ? this.target(state) : this.address + LENGTH;
    if (target === undefined) return false;
    if (this.flow === 'call') state.setRegister(LINK, BigInt(this.address + LENGTH));
    state.setRegister(PC, BigInt(target));
    return true;
  }
}
