import { type RuntimeAddress, runtimeAddress, TargetFault, UserError } from '../../base/index.ts';
import type { CallAnswer, Value } from '../../expr/index.ts';
import type { Program } from '../../golang/index.ts';
import { functionName } from '../../golang/values/functions.ts';
import type { LiveTarget, LiveThread } from '../../target/index.ts';
import type { CallOrder } from './call-order.ts';
import { restoreFlags, restoreRegisters, type SavedRegisters, saveRegisters } from './saved-registers.ts';

/**
 * One injected call: runtime.debugCallV2 (runtime/asm_amd64.s, debugcall.go). It answers by int3 with a code in R12:
 * 0 the frame is there, 1 the function has returned, 2 it has panicked, 8 no call is possible here, 16 the registers
 * are to be restored. The call runs on a goroutine of its own, which is on the
 * same thread until it is there; from Go 1.21 on it stays locked to that.
 */

export const ANSWER = { ready: 0, returned: 1, panicked: 2, refused: 8, restore: 16 } as const;
const INT3_ANSWERS = /^(?:runtime\.)?debugCall(?:V2|Panicked|\d+)/;
/** runtime.debugCallV2: "at least 256 bytes free on the stack", and its caller's pc. */
const STACK_NEEDED = 256 + 8;
/** From the last int3 of debugCallV2 to the instruction behind its RET. */
const MOST_STEPS_OUT = 64;
const LONGEST_REASON = 200;

export type Outcome =
  | { readonly kind: 'returned'; readonly values: CallAnswer }
  | { readonly kind: 'panicked'; readonly value: Value }
  | { readonly kind: 'refused'; readonly reason: string };

/** Where such an answer comes from. */
export const isAnswer = (program: Program, pc: number): boolean =>
  INT3_ANSWERS.test(functionName(program, runtimeAddress(pc)) ?? '');

export class Injection {
  readonly #target: LiveTarget;
  readonly #program: Program;
  /** The one that answered last. */
  #thread: LiveThread;
  readonly #saved: SavedRegisters;
  readonly #order: CallOrder | undefined;
  outcome: Outcome | undefined;

  /** Sets the thread's registers so that it makes the call as it goes on. Without an order only the frame is made. */
  constructor(
    target: LiveTarget,
    program: Program,
    thread: LiveThread,
    how: { readonly entry: RuntimeAddress; readonly order?: CallOrder; readonly frameSize: number },
  ) {
    this.#target = target;
    this.#program = program;
    this.#thread = thread;
    this.#order = how.order;
    this.#saved = saveRegisters(target, thread);
    const sp = this.#saved.sp - 8;
    target.memory.write(runtimeAddress(sp - 16), word(how.frameSize));
    target.memory.write(runtimeAddress(sp), word(this.#saved.pc));
    this.#set('sp', sp);
    this.#set('pc', how.entry);
  }

  /** Whether the goroutine has room for the call's first frame. */
  static fits(sp: number, stack: { readonly low: number; readonly high: number }): boolean {
    return sp - STACK_NEEDED >= stack.low && sp <= stack.high;
  }

  get answer(): number {
    return this.#thread.registers.get(12)!;
  }

  /** Deals with an answer, the thread standing behind its int3. */
  accept(thread: LiveThread): 'ready' | 'go-on' | 'restore' {
    this.#thread = thread;
    switch (this.answer) {
      case ANSWER.ready:
        if (this.#order === undefined) return 'ready';
        this.#dispatch(this.#order);
        return 'go-on';
      case ANSWER.returned:
        if (this.#order !== undefined)
          this.outcome = { kind: 'returned', values: this.#results(this.#order) };
        return 'go-on';
      case ANSWER.panicked:
        this.outcome = { kind: 'panicked', value: this.#panicValue() };
        return 'go-on';
      case ANSWER.refused:
        this.outcome = { kind: 'refused', reason: this.#reason() };
        return 'go-on';
      case ANSWER.restore:
        return 'restore';
      default:
        throw new TargetFault(`the runtime answered ${this.answer} to a call, which has no meaning`);
    }
  }

  /** Puts the registers back and leaves debugCallV2. False: the thread or the program has ended. */
  leave(): boolean {
    const { pc } = this.#target.arch.dwarf;
    restoreRegisters(this.#target, this.#thread, this.#saved);
    for (let steps = 0; steps < MOST_STEPS_OUT; steps++) {
      this.#target.run({ kind: 'step', thread: this.#thread.id }, () => 'resume');
      if (this.#target.ended !== undefined) return false;
      if (this.#target.thread(this.#thread.id) === undefined) return false;
      if (this.#thread.registers.get(pc) === this.#saved.pc) {
        // The RET of debugCallV2 is preceded by an ADDQ to the stack pointer.
        restoreFlags(this.#thread, this.#saved);
        return true;
      }
    }
    throw new TargetFault('the call did not come back to where it was made');
  }

  /** What it will have when the call is over. */
  get saved(): SavedRegisters {
    return this.#saved;
  }

  /** The thread stands where it stood before. */
  get origin(): number {
    return this.#saved.pc;
  }

  #dispatch({ entry, closure, places, arguments: values }: CallOrder): void {
    const thread = this.#thread;
    const sp = this.#get('sp');
    const returnTo = this.#get('pc');
    for (const [i, bytes] of values.entries()) {
      const place = places.parameters[i]!;
      if (place.kind === 'stack') this.#write(sp + place.offset, bytes);
      else {
        for (const { register, offset, size } of place.pieces) {
          const whole = thread.registers.bytes(register)!.slice().fill(0);
          whole.set(bytes.subarray(offset, offset + size));
          thread.setRegister(register, whole);
        }
      }
    }
    thread.setRegisterNumber(this.#target.arch.dwarf.closure, closure);
    this.#target.memory.write(runtimeAddress(sp - 8), word(returnTo));
    this.#set('sp', sp - 8);
    this.#set('pc', entry);
  }

  #results({ places, results }: CallOrder): CallAnswer {
    const sp = this.#get('sp');
    return results.map(({ name, type }, i) => {
      const place = places.results[i]!;
      const bytes = new Uint8Array(type.size);
      if (place.kind === 'stack') {
        bytes.set(this.#target.memory.read(runtimeAddress(sp + place.offset), type.size));
      } else {
        for (const { register, offset, size } of place.pieces) {
          bytes.set(this.#thread.registers.bytes(register)!.subarray(0, size), offset);
        }
      }
      return { name, value: { type, storage: { kind: 'bytes', bytes } } };
    });
  }

  /** runtime.debugCallPanicked: an empty interface at the stack pointer. */
  #panicValue(): Value {
    const type = this.#program.typeNamed('interface {}');
    if (type === undefined) throw new UserError('the type interface {} is not known: no debug information');
    const bytes = this.#target.memory.read(runtimeAddress(this.#get('sp')), 16).slice();
    return { type, storage: { kind: 'bytes', bytes } };
  }

  #reason(): string {
    const { memory } = this.#target;
    const sp = this.#get('sp');
    const length = Math.min(memory.uint64(runtimeAddress(sp + 8)), LONGEST_REASON);
    return new TextDecoder().decode(memory.readUpTo(memory.pointer(runtimeAddress(sp)), length));
  }

  #get(which: 'pc' | 'sp'): number {
    return this.#thread.registers.get(this.#target.arch.dwarf[which])!;
  }

  #set(which: 'pc' | 'sp', value: number): void {
    this.#thread.setRegisterNumber(this.#target.arch.dwarf[which], value);
  }

  #write(address: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#target.memory.write(runtimeAddress(address), bytes);
  }
}

function word(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return new Uint8Array(view.buffer);
}
