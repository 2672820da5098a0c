import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Thread } from '../../target/index.ts';
import { GoroutineFields } from '../goroutines/goroutine-fields.ts';
import type { Machine, Machines } from '../machines.ts';
import type { RunningG } from '../running-g.ts';
import type { Layout } from '../runtime-facts/form.ts';
import { M } from '../runtime-facts/structs.ts';
import { type Cursor, cursorAt } from './cursor.ts';
import { type SavedStates, StackSwitches } from './stack-switch.ts';

export interface StackStart {
  readonly cursor: Cursor;
  /** A thread runs the goroutine: how to get from its system stack to the goroutine's. */
  readonly switches: StackSwitches | undefined;
}

/** Where the walk of a stack begins. */
export class StackStarts {
  readonly #fields: GoroutineFields;
  readonly #machinesNow: () => Machines;
  readonly #m: Layout<typeof M>;

  constructor(fields: GoroutineFields, machines: () => Machines) {
    this.#fields = fields;
    this.#machinesNow = machines;
    this.#m = fields.runtime.layout(M);
  }

  get #machines(): Machines {
    return this.#machinesNow();
  }

  /** A goroutine that runs on a thread, and on its own stack there: without any list, unless the walk leaves that stack. */
  ofRunning(thread: Thread, { address, stack }: RunningG): StackStart {
    const { runtime } = this.#fields;
    const cursor = threadCursor(thread, runtime.target.arch);
    const isOnOwnStack = cursor.sp >= stack.low && cursor.sp <= stack.high;
    if (!isOnOwnStack) return this.ofThread(thread);
    return {
      cursor,
      switches: new StackSwitches(runtime.target.arch, runtime.memory, stack, () => {
        const machine = this.#machines.ofThread(thread.id);
        return machine === undefined ? NOTHING_SAVED : this.#saved(machine, address);
      }),
    };
  }

  /**
   * A goroutine that a thread runs, or sits on in a system call, is where the thread is. Every other is where the
   * scheduler left it (g.sched), or where it entered a system call whose thread is gone.
   */
  ofGoroutine(g: RuntimeAddress): StackStart {
    const machine = this.#machines.running(g);
    const thread = machine && this.#machines.threadOf(machine);
    if (thread !== undefined) return this.ofThread(thread);
    const saved =
      GoroutineFields.state(this.#fields.rawStatus(g)) === '_Gsyscall'
        ? (this.#fields.systemCall(g) ?? this.#fields.sched(g))
        : this.#fields.sched(g);
    // Locked to a thread, as it is while C waits for it: C's frames are on that thread's system stack.
    const locked = this.#machines.at(this.#fields.word(g, this.#fields.layout.lockedM));
    return {
      cursor: savedCursor(saved.pc, saved.sp, saved.fp, saved.lr),
      switches: locked && this.#switches(locked, g),
    };
  }

  ofThread(thread: Thread): StackStart {
    const machine = this.#machines.ofThread(thread.id);
    return {
      cursor: threadCursor(thread, this.#fields.runtime.target.arch),
      switches: machine && this.#switches(machine, machine.curg),
    };
  }

  #switches(machine: Machine, curg: RuntimeAddress): StackSwitches {
    const { runtime, layout } = this.#fields;
    const bounds = {
      low: curg === 0 ? 0 : this.#fields.word(curg, layout.stackLow),
      high: curg === 0 ? 0 : this.#fields.word(curg, layout.stackHigh),
    };
    const saved = this.#saved(machine, curg);
    return new StackSwitches(runtime.target.arch, runtime.memory, bounds, () => saved);
  }

  #saved({ address, g0 }: Machine, curg: RuntimeAddress): SavedStates {
    const { layout } = this.#fields;
    const vdsoSp = this.#fields.word(address, this.#m.vdsoSp);
    return {
      sched: curg === 0 ? NOTHING_SAVED.sched : this.#fields.sched(curg),
      syscall: curg === 0 ? undefined : this.#fields.systemCall(curg),
      vdso:
        vdsoSp === 0
          ? undefined
          : {
              pc: this.#fields.word(address, this.#m.vdsoPc),
              sp: vdsoSp,
              fp: undefined,
              lr: undefined,
            },
      g0Sp: this.#fields.word(g0, layout.schedSp),
    };
  }
}

const NOTHING_SAVED: SavedStates = {
  sched: { pc: 0, sp: 0, fp: undefined, lr: undefined },
  syscall: undefined,
  vdso: undefined,
  g0Sp: 0,
};

const savedCursor = (pc: number, sp: number, fp: number | undefined, lr: number | undefined): Cursor => ({
  pc,
  sp,
  fp,
  lr,
  exact: true,
  arrivedBy: 'start',
  registers: undefined,
  inTrampoline: false,
});

/** A thread's own registers. */
export function threadCursor(
  thread: Thread,
  arch: {
    readonly dwarf: {
      readonly pc: number;
      readonly sp: number;
      readonly fp: number;
      readonly lr: number | undefined;
      readonly count: number;
    };
  },
): Cursor {
  const { pc, sp, fp, lr, count } = arch.dwarf;
  const registers: (number | undefined)[] = [];
  for (let dwarf = 0; dwarf < count; dwarf++) registers.push(thread.registers.get(dwarf));
  return cursorAt({
    pc: registers[pc] ?? 0,
    sp: runtimeAddress(registers[sp] ?? 0),
    fp: registers[fp],
    lr: lr === undefined ? undefined : registers[lr],
    exact: true,
    arrivedBy: 'start',
    registers,
  });
}
