import { type RuntimeAddress, runtimeAddress, TargetFault, type ThreadId } from '../../base/index.ts';
import type { LiveThread } from '../../target/index.ts';
import type { Debugger } from '../debugger.ts';
import type { StopCause } from '../stop.ts';
import type { TrapWish } from '../trap-sites.ts';
import { type CodeOf, type FunctionCode, unknownCode } from './function-code.ts';
import type { Instructions } from './instructions.ts';
import type { Subject } from './subject.ts';

/** A place where a run is to end. */
export interface Goal<Tag> {
  readonly address: RuntimeAddress;
  readonly tag: Tag;
  /** Asked while other threads run, of a thread that runs the goroutine that is stepped. */
  readonly accepts?: (thread: LiveThread) => boolean;
}

/** A function's frame on the stack, by depths (see Subject). */
export interface FrameHere {
  readonly code: FunctionCode;
  /** Of the canonical frame address. */
  readonly depth: number;
  /** Of the stack pointer, which stays where it is while a Go function runs. */
  readonly spDepth: number;
  readonly returnAddress: RuntimeAddress;
}

/** Something else ended the step: its causes are in `Walk.causes`. */
export const INTERRUPTED = 'interrupted';

/** Follows one goroutine: instruction by instruction, or letting everything run until it arrives somewhere. */
export class Walk {
  readonly control: Debugger;
  readonly subject: Subject;
  readonly code: CodeOf;
  readonly instructions: Instructions;
  thread: LiveThread;
  /** Why the step was interrupted, or what else happened at its end. */
  causes: StopCause[] = [];

  constructor(
    control: Debugger,
    tools: { readonly code: CodeOf; readonly instructions: Instructions },
    subject: Subject,
    thread: LiveThread,
  ) {
    this.control = control;
    this.code = tools.code;
    this.instructions = tools.instructions;
    this.subject = subject;
    this.thread = thread;
  }

  get pc(): RuntimeAddress {
    return runtimeAddress(this.thread.registers.get(this.control.target.arch.dwarf.pc)!);
  }

  get sp(): number {
    return spOf(this.control, this.thread);
  }

  /** One instruction, everybody else stopped. */
  stepOne(): typeof INTERRUPTED | undefined {
    const { id } = this.thread;
    if (this.control.emulate(id)) return this.#arrivedAlone();
    const causes = this.control.run({ kind: 'step', thread: id });
    const others = causes.filter((cause) => !(cause.kind === 'step' && cause.thread === id));
    if (others.length > 0 || causes.length === 0 || !this.#find(id)) return this.#interrupted(others);
    return this.#arrivedAlone();
  }

  /** The same, if that needs no run; undefined: it does. */
  emulateOne(): 'done' | typeof INTERRUPTED | undefined {
    if (!this.control.emulate(this.thread.id)) return undefined;
    return this.#arrivedAlone() ?? 'done';
  }

  /** Traps are not in the text while one thread is stepped. */
  #arrivedAlone(): typeof INTERRUPTED | undefined {
    const { target, traps } = this.control;
    const { pc } = this;
    if (!traps.has(pc)) return undefined;
    const hits = [...traps.hit(this.thread, pc)];
    target.passTrap(this.thread.id);
    return hits.length > 0 ? this.#interrupted(hits) : undefined;
  }

  /** Everything runs until the goroutine arrives at one of the goals. */
  runUntil<Tag>(goals: Iterable<Goal<Tag>>): Tag | typeof INTERRUPTED {
    let reached: { readonly thread: ThreadId; readonly tag: Tag } | undefined;
    const wishes: TrapWish[] = [];
    const { traps } = this.control;
    let causes: StopCause[];
    try {
      for (const { address, tag, accepts } of goals) {
        const wish = tryAdd(traps, address, (thread) => {
          if (reached !== undefined || !this.subject.isOn(thread)) return undefined;
          if (accepts !== undefined && !accepts(thread)) return undefined;
          reached = { thread: thread.id, tag };
          return { kind: 'step', thread: thread.id };
        });
        if (wish !== undefined) wishes.push(wish);
      }
      causes = this.control.run({ kind: 'all' });
    } finally {
      for (const wish of wishes) traps.remove(wish);
    }
    const others = causes.filter((cause) => cause.kind !== 'step');
    // Assigned in a callback: the compiler does not see it.
    const found = reached as { readonly thread: ThreadId; readonly tag: Tag } | undefined;
    if (found === undefined || others.length > 0 || !this.#find(found.thread))
      return this.#interrupted(others);
    return found.tag;
  }

  #find(id: ThreadId): boolean {
    const thread = this.control.target.thread(id);
    if (thread !== undefined) this.thread = thread;
    return thread !== undefined && this.control.target.ended === undefined;
  }

  #interrupted(causes: readonly StopCause[]): typeof INTERRUPTED {
    this.causes.push(...causes);
    return INTERRUPTED;
  }

  /** The frame in which the thread is. Undefined: it cannot be told where it ends. */
  frameHere(): FrameHere | undefined {
    const { pc, sp, thread, subject } = this;
    const code = this.code.at(pc) ?? unknownCode(pc);
    const cfa = this.cfaOf(thread);
    if (cfa === undefined) return undefined;
    const returnAddress = this.control.target.memory.tryRead(runtimeAddress(cfa - 8), 8);
    return {
      code,
      depth: subject.depth(thread, cfa),
      spDepth: subject.depth(thread, sp),
      returnAddress: runtimeAddress(returnAddress === undefined ? 0 : word(returnAddress)),
    };
  }

  /**
   * Canonical frame address of the frame in which a thread is: by the table of functions, by call frame information alone
   * where that says it, by the stack.
   */
  cfaOf(thread: LiveThread): number | undefined {
    const { target, program } = this.control;
    const pc = runtimeAddress(thread.registers.get(target.arch.dwarf.pc)!);
    const size = this.code.frameSizeAt(pc);
    if (size !== undefined) return spOf(this.control, thread) + size + (target.arch.name === 'amd64' ? 8 : 0);
    const module = target.modules.at(pc);
    const rule = module?.image?.frames.rowAt(module.toLinked(pc))?.cfa;
    if (rule?.kind === 'register') {
      const base = thread.registers.get(rule.register);
      return base === undefined ? undefined : base + rule.offset;
    }
    const cfa = program.stackOfThread(thread.id, 1).frames[0]?.cfa;
    return cfa === 0 ? undefined : cfa;
  }

  /** The same frame with its stack pointer where it is now: behind the prologue. */
  now(frame: FrameHere): FrameHere {
    return { ...frame, spDepth: this.depthOfSp(this.thread) };
  }

  depthOfSp(thread: LiveThread): number {
    return this.subject.depth(thread, spOf(this.control, thread));
  }
}

const spOf = ({ target }: Debugger, thread: LiveThread): number =>
  thread.registers.get(target.arch.dwarf.sp)!;

const word = (bytes: Uint8Array): number =>
  Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));

/** Where no code is, nobody arrives. */
function tryAdd(
  traps: Debugger['traps'],
  address: RuntimeAddress,
  handler: (thread: LiveThread) => StopCause | undefined,
): TrapWish | undefined {
  try {
    return traps.add(address, handler);
  } catch (error) {
    if (!(error instanceof TargetFault)) throw error;
    return undefined;
  }
}
