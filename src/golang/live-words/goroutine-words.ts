import type { RuntimeAddress } from '../../base/index.ts';
import type { GoProgram } from '../go-program.ts';
import { pointersIn } from '../pointer-words.ts';
import { ParkedStacks } from './parked-stack.ts';

/** Deeper stacks are looked at near both ends: where it is, and where it began. */
const MOST_STACK = 1 << 20;

/** More than the stack on which a signal's handler runs (runtime/os_linux.go, mpreinit). */
const SIGNAL_STACK = 1 << 16;

/** Words of goroutines that may be pointers. */
export class GoroutineWords {
  readonly #go: GoProgram;
  readonly #parked: ParkedStacks;

  constructor(go: GoProgram) {
    this.#go = go;
    this.#parked = new ParkedStacks(go);
  }

  /**
   * Calls `each` with every word of a goroutine that may be a pointer: those of its stack that are live if it is parked,
   * all of them and its registers if it runs. One in a system call has on its stack whatever it needs (runtime/proc.go,
   * reentersyscall); of one whose thread is on another stack, such as a signal's handler, both are looked at, for where
   * it was is known to the handler only.
   */
  of(g: RuntimeAddress, each: (word: number) => void): void {
    const { fields, machines, runtime } = this.#go;
    const { memory, target } = runtime;
    const low = fields.word(g, fields.layout.stackLow);
    const high = fields.word(g, fields.layout.stackHigh);
    const inside = (sp: number | undefined): sp is number => sp !== undefined && sp >= low && sp < high;
    const system = fields.systemCall(g)?.sp;
    if (inside(system)) {
      endsOf(system, high, (start, end) => pointersIn(memory, start, end, each));
      return;
    }
    const machine = machines.running(g);
    const thread = machine && machines.threadOf(machine);
    if (thread === undefined) {
      const sp = fields.word(g, fields.layout.schedSp);
      if (inside(sp)) this.#parked.wordsOf(g, sp, high, each);
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
}

function endsOf(low: number, high: number, each: (start: number, end: number) => void): void {
  if (high - low <= MOST_STACK) each(low, high);
  else {
    each(low, low + MOST_STACK / 2);
    each(high - MOST_STACK / 2, high);
  }
}
