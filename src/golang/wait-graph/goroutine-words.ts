import type { RuntimeAddress } from '../../base/index.ts';
import type { GoProgram } from '../go-program.ts';
import { pointersIn } from './words.ts';

/** Deeper stacks are looked at near both ends: where it is, and where it began. */
const MOST_STACK = 1 << 20;

/** More than the stack on which a signal's handler runs (runtime/os_linux.go, mpreinit). */
const SIGNAL_STACK = 1 << 16;

/**
 * Calls `each` with every word of a goroutine that may be a pointer: of its stack, and of its registers if it runs. One
 * in a system call has on its stack whatever it needs (runtime/proc.go, reentersyscall); of one whose thread is on
 * another stack, such as a signal's handler, both are looked at, for where it was is known to the handler only.
 */
export function wordsOfGoroutine(go: GoProgram, g: RuntimeAddress, each: (word: number) => void): void {
  const { fields } = go;
  const { memory, target } = go.runtime;
  const low = fields.word(g, fields.layout.stackLow);
  const high = fields.word(g, fields.layout.stackHigh);
  const inside = (sp: number | undefined): sp is number => sp !== undefined && sp >= low && sp < high;
  const system = fields.systemCall(g)?.sp;
  const machine = inside(system) ? undefined : go.machines.running(g);
  const thread = machine && go.machines.threadOf(machine);
  if (thread === undefined) {
    const sp = [system, fields.word(g, fields.layout.schedSp)].find(inside);
    if (sp !== undefined) endsOf(sp, high, (start, end) => pointersIn(memory, start, end, each));
    return;
  }
  for (let register = 0; register < target.arch.dwarf.count; register++) {
    const value = thread.registers.get(register);
    if (value !== undefined) each(value);
  }
  const live = thread.registers.get(target.arch.dwarf.sp);
  if (live !== undefined && !inside(live)) pointersIn(memory, live, live + SIGNAL_STACK, each);
  endsOf(inside(live) ? live : low, high, (start, end) => pointersIn(memory, start, end, each));
}

function endsOf(low: number, high: number, each: (start: number, end: number) => void): void {
  if (high - low <= MOST_STACK) each(low, high);
  else {
    each(low, low + MOST_STACK / 2);
    each(high - MOST_STACK / 2, high);
  }
}
