import type * as Iced from 'iced-x86';
import { binaryEffect, type Effect, unaryEffect } from './arithmetic.ts';
import { conditionOf } from './flags.ts';
import {
  conditionalMoveEffect,
  exchangeEffect,
  leaEffect,
  leaveEffect,
  moveEffect,
  popEffect,
  pushEffect,
  pushFlagsEffect,
  setByConditionEffect,
} from './moves.ts';
import type { OperandReader } from './operands.ts';

/**
 * The instructions that are done without the CPU, by Intel SDM vol. 2: what the compiler puts at the start of
 * functions and statements, over general registers. Nothing atomic, no shifts (their flags), no vectors.
 */
export function dataEffects(
  iced: typeof Iced,
  reader: OperandReader,
): (it: Iced.Instruction) => Effect | undefined {
  const { Mnemonic } = iced;
  const nothing = new Set<Iced.Mnemonic>([Mnemonic.Nop, Mnemonic.Endbr64, Mnemonic.Endbr32, Mnemonic.Pause]);
  return (it) => {
    const { mnemonic } = it;
    if (nothing.has(mnemonic)) return () => true;
    if (mnemonic === Mnemonic.Leave) return it.code === iced.Code.Leaveq ? leaveEffect : undefined;
    if (it.code === iced.Code.Pushfq) return pushFlagsEffect;
    const operands = it.hasLockPrefix ? undefined : reader.operands(it);
    const first = operands?.[0];
    if (operands === undefined || first === undefined) return undefined;
    const name = Mnemonic[mnemonic];
    switch (mnemonic) {
      case Mnemonic.Mov:
      case Mnemonic.Movzx:
        return moveEffect(operands, false);
      case Mnemonic.Movsx:
      case Mnemonic.Movsxd:
        return moveEffect(operands, true);
      case Mnemonic.Lea:
        return leaEffect(operands);
      case Mnemonic.Push:
        return it.stackPointerIncrement === -8 ? pushEffect(first) : undefined;
      case Mnemonic.Pop:
        return it.stackPointerIncrement === 8 ? popEffect(first) : undefined;
      case Mnemonic.Xchg:
        return exchangeEffect(operands);
      case Mnemonic.Inc:
      case Mnemonic.Dec:
      case Mnemonic.Neg:
      case Mnemonic.Not:
        return unaryEffect(name, first);
    }
    if (it.conditionCode === 0) return binaryEffect(name, operands);
    const condition = conditionOf(it.conditionCode - 1);
    if (name.startsWith('Cmov')) return conditionalMoveEffect(operands, condition);
    return name.startsWith('Set') ? setByConditionEffect(first, condition) : undefined;
  };
}
