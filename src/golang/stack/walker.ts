import type { Arch } from '../../arch/index.ts';
import { hex, type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import { type Registers, readSignalFrame, type UnwindSetting, unwindFrame } from '../../target/index.ts';
import { isSignalTrampoline } from '../../target/signal-frame.ts';
import type { CodeMap } from '../code/code-map.ts';
import type { CodePoint } from '../code/code-point.ts';
import type { Frame, Stack } from '../frame.ts';
import { hostRegistersSavedBy } from './crosscall.ts';
import { type Cursor, callerCursor, cursorAt } from './cursor.ts';
import { type GoFrame, goFrameRules } from './go-frame-rule.ts';
import { type FrameExtent, StackFrame, UNKNOWN_EXTENT } from './stack-frame.ts';
import type { StackSwitches } from './stack-switch.ts';

export interface WalkSetting extends UnwindSetting {
  readonly code: CodeMap;
}

/** Told of every physical frame; false ends the walk. */
export type FrameVisitor = (cursor: Cursor, point: CodePoint, extent: FrameExtent) => boolean;

/** What stepping to the caller came to. */
type Step =
  | { readonly kind: 'caller'; readonly extent: FrameExtent; readonly caller: Cursor }
  | { readonly kind: 'bottom'; readonly extent: FrameExtent }
  | { readonly kind: 'broken'; readonly extent: FrameExtent; readonly reason: string };

/** As glibc and musl name it in their sources, and debuggers look for it. */
const SIGNAL_TRAMPOLINE = '__restore_rt';

/** No real stack is this deep (Go's limit is 1 GB of stack); a walk that is led in circles ends here. */
const MAX_PHYSICAL_FRAMES = 4_000_000;

/**
 * Walks one stack from the innermost frame to the goroutine's or thread's first function. `switches` is there
 * when a thread runs a goroutine, and leads from its system stack back to the goroutine's.
 */
export class StackWalker {
  readonly #setting: WalkSetting;
  readonly #switches: StackSwitches | undefined;

  constructor(setting: WalkSetting, switches: StackSwitches | undefined) {
    this.#setting = setting;
    this.#switches = switches;
  }

  /** All frames up to `depth`, inlined calls counted. */
  walk(start: Cursor, depth: number): Stack {
    const frames: Frame[] = [];
    const end = this.visit(start, (cursor, point, extent) => {
      for (let level = 0; level < point.levels.length; level++) {
        if (frames.length >= depth) return false;
        frames.push(
          new StackFrame({
            arch: this.#setting.arch,
            index: frames.length,
            cursor,
            point,
            level,
            name: point.levels[level]!.function ?? this.#trampolineName(cursor),
            extent,
            systemStack: this.#onSystemStack(cursor.sp),
          }),
        );
      }
      return frames.length < depth;
    });
    return { frames, end };
  }

  /** Calls `each` with every physical frame until it returns false. */
  visit(start: Cursor, each: FrameVisitor): Stack['end'] {
    let cursor = start;
    for (let count = 0; count < MAX_PHYSICAL_FRAMES; count++) {
      const point = this.#point(cursor);
      const step = this.#step(cursor, point);
      const wanted = each(cursor, point, step.extent);
      if (step.kind === 'bottom') return { kind: 'bottom' };
      if (step.kind === 'broken') return broken(cursor, step.reason);
      if (!wanted) return { kind: 'depth' };
      cursor = step.caller;
    }
    return broken(cursor, `no end after ${MAX_PHYSICAL_FRAMES} frames`);
  }

  /** libc exports no symbol for the code that signal handlers return to. */
  #trampolineName({ pc, inTrampoline }: Cursor): string | undefined {
    const { arch, memory } = this.#setting;
    return inTrampoline || isSignalTrampoline(arch, memory, pc) ? SIGNAL_TRAMPOLINE : undefined;
  }

  #point(cursor: Cursor): CodePoint {
    return cursor.exact ? this.#setting.code.at(cursor.pc) : this.#setting.code.before(cursor.pc);
  }

  #onSystemStack(sp: number): boolean {
    return this.#switches !== undefined && !this.#switches.onGoroutine(sp);
  }

  #step(cursor: Cursor, point: CodePoint): Step {
    try {
      if (cursor.inTrampoline || point.fn?.role === 'sigreturn') return this.#signalStep(cursor);
      return point.fn === undefined ? this.#foreignStep(cursor, point) : this.#goStep(cursor, point);
    } catch (error) {
      if (!(error instanceof TargetFault)) throw error;
      return { kind: 'broken', extent: UNKNOWN_EXTENT, reason: `its frame cannot be read: ${error.message}` };
    }
  }

  #goStep(cursor: Cursor, point: CodePoint): Step {
    const fn = point.fn!;
    const switched = this.#switchStep(cursor, point);
    if (switched !== undefined) return switched;
    const delta = point.spDelta;
    if (delta === undefined) {
      return this.#lost(cursor, `the function table does not say how large the frame of ${fn.name} is`);
    }
    if (fn.traits.topFrame && fn.role !== 'sigtramp') {
      return {
        kind: 'bottom',
        extent: { cfa: this.#rule(cursor, point, delta)?.cfa ?? 0, returnAddressSlot: 0 },
      };
    }
    const frame = goFrameRules[this.#setting.arch.name](this.#setting.memory, cursor, point, delta);
    const extent = { cfa: frame.cfa, returnAddressSlot: frame.returnAddressSlot };
    switch (fn.role) {
      case 'sigtramp':
        return this.#trampolineStep(frame, extent);
      case 'cgocallback':
        return this.#callbackStep(cursor, point, frame, extent);
      case 'crosscall2':
        return { kind: 'caller', extent, caller: hostRegistersSavedBy(this.#setting, cursor, frame) };
      case 'injected':
        return { kind: 'caller', extent, caller: this.#injectedCaller(frame) };
    }
    if (frame.returnAddress === 0)
      return this.#atNoReturnAddress(fn.traits.writesSp, fn.name, extent, cursor);
    if (frame.cfa <= cursor.sp && frame.returnAddress === cursor.pc) {
      return { kind: 'broken', extent, reason: `${fn.name} returns to itself` };
    }
    return {
      kind: 'caller',
      extent,
      caller: callerCursor(frame.returnAddress, frame.cfa, frame.callerFp),
    };
  }

  /** Only for the innermost frame's CFA: unreadable memory must not hide that the bottom is reached. */
  #rule(cursor: Cursor, point: CodePoint, delta: number): { cfa: number } | undefined {
    const onStack = this.#setting.arch.name === 'amd64' ? 8 : 0;
    return point.fn === undefined ? undefined : { cfa: cursor.sp + delta + onStack };
  }

  /** Frames of the system stack from which the walk goes on at the goroutine. */
  #switchStep(cursor: Cursor, point: CodePoint): Step | undefined {
    const role = point.fn!.role;
    if (role !== 'systemstack' && role !== 'asmcgocall' && role !== 'mcall' && role !== 'morestack') {
      return undefined;
    }
    if (!this.#onSystemStack(cursor.sp)) return undefined;
    const goroutine = this.#switches?.toGoroutine();
    const extent = this.#extentOnSystemStack(cursor, point);
    if (goroutine === undefined) {
      // The goroutine has been taken off the thread: nobody waits for what mcall or morestack called.
      const ends = role === 'mcall' || (role === 'morestack' && this.#switches?.isSystemStart(cursor.sp));
      return ends ? { kind: 'bottom', extent } : undefined;
    }
    // The goroutine is in systemstack_switch, a function that only stands for systemstack on its stack.
    if (role === 'systemstack') return { kind: 'caller', extent, caller: { ...goroutine, exact: true } };
    if (role !== 'asmcgocall') return { kind: 'caller', extent, caller: goroutine };
    // asmcgocall left the goroutine looking as if it had called systemstack_switch: one frame up is its caller.
    const pretended = this.#setting.code.at(goroutine.pc);
    if (pretended.spDelta === undefined) return undefined;
    const { arch, memory } = this.#setting;
    const frame = goFrameRules[arch.name](
      memory,
      { ...goroutine, exact: true },
      pretended,
      pretended.spDelta,
    );
    return {
      kind: 'caller',
      extent: { cfa: frame.cfa, returnAddressSlot: frame.returnAddressSlot },
      caller: cursorAt({
        pc: frame.returnAddress,
        sp: frame.cfa,
        fp: frame.callerFp,
        arrivedBy: 'stack-switch',
      }),
    };
  }

  /**
   * newstack is called by morestack on the system stack: a frame like any other, with variables. Of the functions that
   * change the stack pointer themselves pclntab does not know the frame.
   */
  #extentOnSystemStack(cursor: Cursor, point: CodePoint): FrameExtent {
    const { fn, spDelta } = point;
    if (spDelta === undefined || fn === undefined || fn.traits.assembly) return UNKNOWN_EXTENT;
    const cfa = this.#rule(cursor, point, spDelta)?.cfa ?? 0;
    const onStack = this.#setting.arch.name === 'amd64' ? cfa - 8 : cursor.sp;
    return { cfa, returnAddressSlot: onStack };
  }

  /** The kernel entered the handler as if the trampoline, which stands where it returns to, had called it. */
  #trampolineStep(frame: { cfa: number; returnAddress: number }, extent: FrameExtent): Step {
    const caller = cursorAt({ pc: frame.returnAddress, sp: frame.cfa, exact: true, inTrampoline: true });
    // What no one can name is not worth a frame.
    if (this.#setting.code.at(caller.pc).module === undefined) return this.#signalStep(caller);
    return { kind: 'caller', extent, caller };
  }

  #signalStep(cursor: Cursor): Step {
    const { arch, memory } = this.#setting;
    const { registers } = readSignalFrame(arch, memory, cursor.sp);
    const caller = this.#callerOf(registers, true);
    return { kind: 'caller', extent: UNKNOWN_EXTENT, caller: { ...caller, arrivedBy: 'signal' } };
  }

  /** A cursor for a whole register file. */
  #callerOf(registers: Registers, exact: boolean): Cursor {
    const { pc, sp, fp, lr } = this.#setting.arch.dwarf;
    return cursorAt({
      pc: registers[pc] ?? 0,
      sp: registers[sp] ?? 0,
      fp: registers[fp],
      lr: lr === undefined ? undefined : registers[lr],
      exact,
      arrivedBy: exact ? 'signal' : 'call',
      registers,
    });
  }

  #callbackStep(cursor: Cursor, point: CodePoint, frame: GoFrame, extent: FrameExtent): Step {
    const { arch, memory, code } = this.#setting;
    const frameOn = (sp: number): GoFrame =>
      goFrameRules[arch.name](memory, cursorAt({ pc: cursor.pc, sp }), point, point.spDelta!);
    const sp = this.#onSystemStack(cursor.sp)
      ? undefined
      : this.#switches?.toCallingC(
          frame,
          (candidate) => code.before(frameOn(candidate).returnAddress).fn?.role === 'crosscall2',
        );
    if (sp === undefined) {
      const { returnAddress: pc, cfa, callerFp: fp } = frame;
      // It returns to the g.sched of the call into C: until go1.20 the first instruction of systemstack_switch.
      const exact = code.at(pc).fn?.entry === pc;
      return { kind: 'caller', extent, caller: cursorAt({ pc, sp: cfa, fp, exact }) };
    }
    const below = frameOn(sp);
    return {
      kind: 'caller',
      extent,
      caller: cursorAt({
        pc: below.returnAddress,
        sp: below.cfa,
        fp: below.callerFp,
        arrivedBy: 'stack-switch',
      }),
    };
  }

  /**
   * The caller of sigpanic or asyncPreempt is where the signal came. On arm64 the handler made room for the link
   * register, which then still holds the return address of a function that has no frame (traceback.go, next).
   */
  #injectedCaller(frame: { cfa: number; returnAddress: number; callerFp: number | undefined }): Cursor {
    const caller = cursorAt({
      pc: frame.returnAddress,
      sp: frame.cfa,
      fp: frame.callerFp,
      exact: true,
      arrivedBy: 'signal',
    });
    if (this.#setting.arch.name === 'arm64') {
      caller.lr = this.#setting.memory.uint64(frame.cfa as RuntimeAddress);
      caller.sp += 16;
    }
    return caller;
  }

  #atNoReturnAddress(writesSp: boolean, name: string, extent: FrameExtent, cursor: Cursor): Step {
    if (writesSp) return this.#lost(cursor, `${name} changes the stack pointer`);
    return { kind: 'broken', extent, reason: `the return address of ${name} is 0` };
  }

  #foreignStep(cursor: Cursor, point: CodePoint): Step {
    const vdso = point.module === undefined || isVdso(point) ? this.#switches?.toVdsoCaller() : undefined;
    if (vdso !== undefined) return { kind: 'caller', extent: UNKNOWN_EXTENT, caller: vdso };
    const { arch } = this.#setting;
    const step = unwindFrame(this.#setting, cursor.registers ?? sparseRegisters(arch, cursor), cursor.exact);
    if (step.kind === 'end') {
      return step.bottom ? { kind: 'bottom', extent: UNKNOWN_EXTENT } : this.#lost(cursor, step.reason);
    }
    const extent = { cfa: step.cfa, returnAddressSlot: step.returnAddressSlot };
    const caller = this.#callerOf(step.registers, step.exact);
    // A handler returns to the trampoline's first instruction: no call is before it.
    if (isSignalTrampoline(arch, this.#setting.memory, caller.pc)) {
      caller.inTrampoline = true;
      caller.exact = true;
    }
    if (caller.sp <= cursor.sp && caller.pc === cursor.pc) {
      return { kind: 'broken', extent, reason: `the frame at ${hex(cursor.sp)} leads to itself` };
    }
    return { kind: 'caller', extent, caller };
  }

  /** Where one frame cannot be unwound, what the runtime noted of its goroutine may still be good. */
  #lost(cursor: Cursor, reason: string): Step {
    if (this.#onSystemStack(cursor.sp)) {
      const goroutine = this.#switches?.toSystemCall();
      if (goroutine !== undefined) return { kind: 'caller', extent: UNKNOWN_EXTENT, caller: goroutine };
    }
    return { kind: 'broken', extent: UNKNOWN_EXTENT, reason };
  }
}

const isVdso = (point: CodePoint): boolean => /\[vdso\]|linux-(vdso|gate)/.test(point.module?.path ?? '');

function sparseRegisters(arch: Arch, cursor: Cursor): readonly (number | undefined)[] {
  const registers: (number | undefined)[] = new Array(arch.dwarf.count).fill(undefined);
  registers[arch.dwarf.pc] = cursor.pc;
  registers[arch.dwarf.sp] = cursor.sp;
  registers[arch.dwarf.fp] = cursor.fp;
  if (arch.dwarf.lr !== undefined) registers[arch.dwarf.lr] = cursor.lr;
  return registers;
}

const broken = (cursor: Cursor, reason: string): Stack['end'] => ({
  kind: 'broken',
  pc: runtimeAddress(cursor.pc),
  sp: runtimeAddress(cursor.sp),
  reason,
});
