import type * as Iced from 'iced-x86';
import type { DecodedInstruction, MachineState, WritableMachineState } from '../machine-code.ts';
import { asAddress } from './address.ts';
import { conditionOf, flagsOf, ZF } from './flags.ts';
import type { OperandReader } from './operands.ts';
import { RCX, RIP } from './register-part.ts';
import { drop, push, top } from './stack.ts';
import { type ReadValue, readOperand } from './values.ts';

/** What an instruction does to the instruction pointer. */
export interface ControlFlow {
  target(state: MachineState): number | undefined;
  taken(state: MachineState): boolean;
  emulate(state: WritableMachineState): boolean;
}

/**
 * To go to an address whose upper 17 bits differ is a fault of the jump itself (AMD64 APM vol. 2 §8.2.14), which is for
 * the CPU to raise. So are those of programs that Linux gives 57 bits, because they ask for it.
 */
function isCanonical(address: bigint): boolean {
  return address < USER_END || address >= KERNEL_START;
}

const USER_END = 1n << 47n;
const KERNEL_START = 0xffff_8000_0000_0000n;

/**
 * Near calls, jumps, branches and returns. Not done: far ones, interrupts and returns from them, transactions
 * (xbegin), and near ones with an operand-size prefix but no REX.W, of which Intel ignores the prefix and AMD cuts
 * the instruction pointer to 16 bits (AMD64 APM vol. 3 §1.2.2): even their length differs, Intel's is given. Shadow
 * stacks (CET) are not kept; Linux gives them only to programs that ask for them, and Go's do not.
 */
export function controlFlows(
  iced: typeof Iced,
  reader: OperandReader,
): (
  it: Iced.Instruction,
  flow: DecodedInstruction['flow'],
  next: number,
  bytes: Uint8Array,
) => ControlFlow | undefined {
  const { Code, Mnemonic } = iced;

  const nearTarget = (it: Iced.Instruction): ReadValue | undefined => {
    if (it.isJmpShortOrNear || it.isCallNear) {
      const target = it.nearBranchTarget;
      return () => target;
    }
    const operand = it.isJmpNearIndirect || it.isCallNearIndirect ? reader.operands(it)?.[0] : undefined;
    return operand && readOperand(operand, 64);
  };

  const loopCounter = (it: Iced.Instruction): 32 | 64 | undefined => {
    switch (it.code) {
      case Code.Jrcxz_rel8_64:
      case Code.Loop_rel8_64_RCX:
      case Code.Loope_rel8_64_RCX:
      case Code.Loopne_rel8_64_RCX:
        return 64;
      case Code.Jecxz_rel8_64:
      case Code.Loop_rel8_64_ECX:
      case Code.Loope_rel8_64_ECX:
      case Code.Loopne_rel8_64_ECX:
        return 32;
      default:
        return undefined;
    }
  };

  const branch = (it: Iced.Instruction, next: number): ControlFlow | undefined => {
    const target = it.nearBranchTarget;
    if (it.isJccShortOrNear) return conditional(target, next, conditionOf(it.conditionCode - 1));
    const bits = loopCounter(it);
    if (bits === undefined) return undefined;
    if (it.isJcxShort) return counted(target, next, bits, { decrement: 0n, zero: true, flag: undefined });
    const flag = it.mnemonic === Mnemonic.Loop ? undefined : it.mnemonic === Mnemonic.Loope;
    return counted(target, next, bits, { decrement: 1n, zero: false, flag });
  };

  return (it, flow, next, bytes) => {
    if (flow === 'next' || flow === 'trap' || flow === 'syscall' || isAmbiguous(bytes)) return undefined;
    if (flow === 'branch') return branch(it, next);
    if (flow === 'return') {
      if (it.code === Code.Retnq) return returning(0);
      return it.code === Code.Retnq_imm16 ? returning(it.immediate16) : undefined;
    }
    const target = nearTarget(it);
    if (target === undefined) return undefined;
    return flow === 'call' ? calling(target, next) : jumping(target);
  };
}

/** An operand-size prefix that no REX.W overrides. */
function isAmbiguous(bytes: Uint8Array): boolean {
  let narrow = false;
  for (const byte of bytes) {
    if (byte === 0x66) narrow = true;
    else if (byte >= 0x40 && byte <= 0x4f) return narrow && (byte & 8) === 0;
    else if (!isLegacyPrefix(byte)) return narrow;
  }
  return narrow;
}

function isLegacyPrefix(byte: number): boolean {
  return [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67, 0xf0, 0xf2, 0xf3].includes(byte);
}

const always = () => true;

function addressIn(read: ReadValue): (state: MachineState) => number | undefined {
  return (state) => {
    const value = read(state);
    return value === undefined ? undefined : asAddress(value);
  };
}

function jumping(target: ReadValue): ControlFlow {
  return {
    target: addressIn(target),
    taken: always,
    emulate(state) {
      const to = target(state);
      if (to === undefined || !isCanonical(to)) return false;
      state.setRegister(RIP, to);
      return true;
    },
  };
}

function calling(target: ReadValue, next: number): ControlFlow {
  const back = BigInt(next);
  return {
    target: addressIn(target),
    taken: always,
    emulate(state) {
      const to = target(state);
      if (to === undefined || !isCanonical(to) || !push(state, back)) return false;
      state.setRegister(RIP, to);
      return true;
    },
  };
}

function returning(extra: number): ControlFlow {
  const dropped = BigInt(8 + extra);
  return {
    target: addressIn(top),
    taken: always,
    emulate(state) {
      const to = top(state);
      if (to === undefined || !isCanonical(to)) return false;
      drop(state, dropped);
      state.setRegister(RIP, to);
      return true;
    },
  };
}

function conditional(target: bigint, next: number, condition: (flags: number) => boolean): ControlFlow {
  const address = asAddress(target);
  const behind = BigInt(next);
  return {
    target: () => address,
    taken: (state) => condition(flagsOf(state)),
    emulate(state) {
      const to = condition(flagsOf(state)) ? target : behind;
      if (!isCanonical(to)) return false;
      state.setRegister(RIP, to);
      return true;
    },
  };
}

interface Counting {
  /** What is taken from the counter before it is looked at. */
  readonly decrement: bigint;
  /** Whether it branches when the counter is zero, or when it is not. */
  readonly zero: boolean;
  /** What the zero flag must be too. */
  readonly flag: boolean | undefined;
}

function counted(
  target: bigint,
  next: number,
  bits: 32 | 64,
  { decrement, zero, flag }: Counting,
): ControlFlow {
  const address = asAddress(target);
  const behind = BigInt(next);
  const counter = (state: MachineState) => BigInt.asUintN(bits, state.register(RCX) - decrement);
  const decides = (state: MachineState, count: bigint) =>
    (count === 0n) === zero && (flag === undefined || ((flagsOf(state) & ZF) !== 0) === flag);
  return {
    target: () => address,
    taken: (state) => decides(state, counter(state)),
    emulate(state) {
      const count = counter(state);
      const to = decides(state, count) ? target : behind;
      if (!isCanonical(to)) return false;
      if (decrement !== 0n) state.setRegister(RCX, count);
      state.setRegister(RIP, to);
      return true;
    },
  };
}
