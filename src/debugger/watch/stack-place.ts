import { type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { Goroutine, Program } from '../../golang/index.ts';
import type { LiveTarget, LiveThread } from '../../target/index.ts';
import type { Exits } from '../stepping/exits.ts';
import type { CodeOf } from '../stepping/function-code.ts';
import type { StopCause } from '../stop.ts';
import type { TrapSites, TrapWish } from '../trap-sites.ts';
import type { StackPlace } from './watchpoint.ts';

/** Frames further out are not looked through. */
const MOST_FRAMES = 10_000;

/** Where in a goroutine's stack an address is; undefined: it is not in it. */
export function stackPlace(
  program: Program,
  goroutine: Goroutine | undefined,
  address: RuntimeAddress,
): StackPlace | undefined {
  if (goroutine === undefined) return undefined;
  const { low, high } = goroutine.stack;
  if (address < low || address >= high) return undefined;
  const frame = program
    .stackOf(goroutine, MOST_FRAMES)
    .frames.find((one) => !one.systemStack && one.cfa > address);
  if (frame === undefined) return undefined;
  return {
    goroutine: goroutine.address,
    goid: goroutine.id,
    depth: high - address,
    frameDepth: high - frame.cfa,
    returnAddress: program.target.memory.pointer(frame.returnAddressSlot),
    function: frame.function,
  };
}

interface Setting {
  readonly target: LiveTarget;
  readonly program: Program;
  readonly traps: TrapSites;
  readonly code: CodeOf;
  readonly exits: Exits;
}

export interface StackListener {
  /** copystack begins: what is done to the old stack is no concern of the program's. */
  moving(): void;
  /** The goroutine's stack is elsewhere now; its upper end. */
  moved(high: number): void;
  /** The frame is gone. */
  ended(why: string, thread: LiveThread): StopCause | undefined;
}

const COPY = 'runtime.copystack';
/** cmd/compile/abi-internal.md: the first integer argument on amd64 is in RAX, DWARF number 0. */
const FIRST_ARGUMENT = 0;

/** Follows a frame of a goroutine until it is gone. runtime/stack.go: copystack moves stacks, up and down. */
export class FrameFollower {
  readonly #setting: Setting;
  readonly #place: StackPlace;
  readonly #listener: StackListener;
  readonly #wishes = new Set<TrapWish>();

  constructor(setting: Setting, place: StackPlace, listener: StackListener) {
    this.#setting = setting;
    this.#place = place;
    this.#listener = listener;
    const { code, exits } = setting;
    const { ends, resumptions } = exits;
    for (const entry of code.entries(COPY)) this.#trap(entry, (thread) => this.#copies(thread));
    this.#trap(place.returnAddress, (thread) => this.#returned(thread));
    for (const end of ends) {
      this.#trap(end, (thread) => this.#gone(thread, `goroutine ${place.goid} has ended`));
    }
    for (const resumption of resumptions) this.#trap(resumption, (thread) => this.#recovered(thread));
  }

  close(): void {
    for (const wish of [...this.#wishes]) this.#drop(wish);
  }

  #trap(
    address: RuntimeAddress,
    handler: (thread: LiveThread) => StopCause | undefined,
  ): TrapWish | undefined {
    try {
      const wish = this.#setting.traps.add(address, handler);
      this.#wishes.add(wish);
      return wish;
    } catch (error) {
      // Where no code is, nobody arrives.
      if (!(error instanceof TargetFault)) throw error;
      return undefined;
    }
  }

  #drop(wish: TrapWish): void {
    this.#wishes.delete(wish);
    this.#setting.traps.remove(wish);
  }

  #copies(thread: LiveThread): undefined {
    const { target, program } = this.#setting;
    if (thread.registers.get(FIRST_ARGUMENT) !== this.#place.goroutine) return undefined;
    const back = target.memory.pointer(runtimeAddress(thread.registers.get(target.arch.dwarf.sp)!));
    this.#listener.moving();
    const wish = this.#trap(back, ({ id }) => {
      if (id !== thread.id || wish === undefined) return undefined;
      this.#drop(wish);
      this.#listener.moved(stackHigh(program, this.#place));
      return undefined;
    });
    return undefined;
  }

  #returned(thread: LiveThread): StopCause | undefined {
    const { target } = this.#setting;
    const high = this.#highOn(thread);
    if (high === undefined) return undefined;
    const depth = high - thread.registers.get(target.arch.dwarf.sp)!;
    if (depth < 0 || depth > this.#place.frameDepth) return undefined;
    return this.#gone(thread, `${this.#place.function ?? 'its function'} has returned`);
  }

  /** A panic was recovered further out: frames within are gone without having returned. */
  #recovered(thread: LiveThread): StopCause | undefined {
    const high = this.#highOn(thread);
    if (high === undefined) return undefined;
    const { sp } = this.#setting.program.runningOn(thread)!.saved();
    if (high - sp > this.#place.frameDepth) return undefined;
    return this.#gone(thread, `a panic has ended ${this.#place.function ?? 'its function'}`);
  }

  #gone(thread: LiveThread, why: string): StopCause | undefined {
    if (this.#highOn(thread) === undefined) return undefined;
    return this.#listener.ended(why, thread);
  }

  /** Upper end of the goroutine's stack, if the thread runs that one. */
  #highOn(thread: LiveThread): number | undefined {
    const running = this.#setting.program.runningOn(thread);
    if (running?.address !== this.#place.goroutine || running.id !== this.#place.goid) return undefined;
    return running.stack.high;
  }
}

/** g.stack.hi: the second word of a g since Go 1 (runtime/runtime2.go). */
function stackHigh({ target }: Program, { goroutine }: StackPlace): number {
  return target.memory.uint64(runtimeAddress(goroutine + 8));
}
