import type { RuntimeAddress } from '../../base/index.ts';
import type { GoProgram } from '../go-program.ts';
import { pointersIn } from './words.ts';

/** Deeper stacks are looked at near both ends: where it is, and where it began. */
const MOST_STACK = 1 << 20;

/** Calls `each` with every word of a goroutine that may be a pointer: of its stack, and of its registers if it runs. */
export function wordsOfGoroutine(go: GoProgram, g: RuntimeAddress, each: (word: number) => void): void {
  const { fields } = go;
  const { memory, target } = go.runtime;
  const low = fields.word(g, fields.layout.stackLow);
  const high = fields.word(g, fields.layout.stackHigh);
  const machine = go.machines.running(g);
  const thread = machine && go.machines.threadOf(machine);
  for (let register = 0; thread !== undefined && register < target.arch.dwarf.count; register++) {
    const value = thread.registers.get(register);
    if (value !== undefined) each(value);
  }
  const live = thread?.registers.get(target.arch.dwarf.sp) ?? 0;
  const system = fields.systemCall(g)?.sp ?? 0;
  const inside = (sp: number): boolean => sp >= low && sp < high;
  const sp = [live, system, fields.word(g, fields.layout.schedSp)].find(inside);
  if (sp === undefined) return;
  if (high - sp <= MOST_STACK) {
    pointersIn(memory, sp, high, each);
    return;
  }
  pointersIn(memory, sp, sp + MOST_STACK / 2, each);
  pointersIn(memory, high - MOST_STACK / 2, high, each);
}
