import type { DecodedInstruction } from '../../arch/index.ts';
import { type Goid, hex, MattockError, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import { arrayOf } from '../../expr/synthetic-types.ts';
import { underlying } from '../../golang/values/shapes.ts';
import type { Type } from '../../image/index.ts';
import type { LiveThread } from '../../target/index.ts';
import { machineState } from '../machine-state.ts';
import type { StopCause } from '../stop.ts';
import type { TrapWish } from '../trap-sites.ts';
import { type Contents, contentsOf, HalfAssigned } from './contents.ts';
import { madeOf } from './made-of.ts';
import { wholeElements } from './page-access.ts';
import { FrameFollower } from './stack-place.ts';
import type { WatchTools } from './watch-tools.ts';
import type { Noticed, Watched } from './watched.ts';
import type {
  HeaderPlace,
  StackPlace,
  WatchAccess,
  WatchHit,
  WatchMeans,
  WatchRequest,
  Writer,
} from './watchpoint.ts';

/** Of more memory only what is touched is remembered. */
const MOST_REMEMBERED = 1 << 20;

/** Address and length, or type and data; that a slice's capacity changes says nothing of its contents. */
const HEADER_WORDS = 16;
/** Words of which it is known who wrote them. */
const MOST_WRITERS = 1 << 16;
const WORD = 8;

const MIXED =
  'other threads wrote at the same time: these are the values seen before and after, in which order it was written cannot be told';
const UNSEEN =
  'other threads wrote at the same time, or the kernel did meanwhile: whose the old value is was not seen';
const UNCHANGED = 'it wrote what stood there already, or other threads wrote at the same time';

export interface WatchListener {
  hit(thread: LiveThread, hit: WatchHit): StopCause | undefined;
  ended(thread: LiveThread, why: string): StopCause | undefined;
}

/** A watch in a process: where it is now, how it is kept, what stands there and who wrote it. */
export class Watching implements Watched {
  readonly request: WatchRequest;
  readonly expression: string;
  readonly access: WatchAccess;
  type: Type | undefined;
  size: number;
  address: RuntimeAddress;
  means: WatchMeans | undefined;
  remark: string | undefined;
  ended: string | undefined;
  readonly #tools: WatchTools;
  #listener: WatchListener | undefined;
  #follower: FrameFollower | undefined;
  #trap: TrapWish | undefined;
  #header: { bytes: Uint8Array; readonly watching: Watching; readonly half: HalfAssigned } | undefined;
  /** The stack with it is being moved. */
  #moving = false;
  #bytes: Uint8Array | undefined;
  /** When the program stopped, something else stood there than what the last write that was told of had left. */
  #unseen = false;
  /** By the word that they wrote. */
  readonly #writers = new Map<number, Writer>();

  constructor(request: WatchRequest, tools: WatchTools) {
    this.request = request;
    this.expression = request.expression;
    this.access = request.access;
    this.type = request.type;
    this.size = request.size;
    this.address = request.address;
    this.#tools = tools;
  }

  get onStackOf(): Goid | undefined {
    return this.request.stack?.goid;
  }

  get headerWatching(): Watching | undefined {
    return this.#header?.watching;
  }

  /** Idempotent. Throws a TargetFault: it cannot be watched. */
  arm(listener: WatchListener): void {
    this.#listener = listener;
    if (this.means !== undefined || this.ended !== undefined) return;
    const { stack, header } = this.request;
    if (this.size > 0) this.#keep();
    if (header !== undefined) this.#followHeader(header);
    else if (stack !== undefined) this.#follower ??= this.#follow(stack);
  }

  /** Until it is armed again nothing is noticed; where it is, is known all the same. Idempotent. */
  disarm(): void {
    this.#header?.watching.disarm();
    this.#release();
  }

  /** For good. Idempotent. */
  close(): void {
    this.#header?.watching.close();
    this.#header = undefined;
    this.#follower?.close();
    this.#follower = undefined;
    this.#release();
  }

  /** The program's memory is gone. */
  forget(why: string): void {
    this.#header = undefined;
    this.means = undefined;
    this.#trap = undefined;
    this.#follower = undefined;
    this.ended = why;
  }

  #follow(stack: StackPlace): FrameFollower {
    return new FrameFollower(this.#tools, stack, {
      moving: () => {
        this.#moving = true;
      },
      moved: (high) => {
        this.#moving = false;
        this.#moveTo({ address: runtimeAddress(high - stack.depth), size: this.size });
      },
      ended: (why, thread) => {
        const isKept = this.means !== undefined;
        this.close();
        this.ended = why;
        const cause = this.#listener?.ended(thread, why);
        return isKept ? cause : undefined;
      },
    });
  }

  /** Its memory is what a string, slice or interface refers to: whoever assigns it is a hit too, and moves the watch. */
  #followHeader(header: HeaderPlace): void {
    const { expression, stack, again } = this.request;
    this.#header ??= {
      bytes: this.#tools.target.memory.read(header.address, header.type.size).slice(),
      half: new HalfAssigned(),
      watching: new Watching(
        {
          expression,
          access: { read: false, write: true, execute: false },
          address: header.address,
          size: HEADER_WORDS,
          type: undefined,
          ...(stack === undefined ? {} : { stack }),
          ...(again === undefined ? {} : { again }),
        },
        this.#tools,
      ),
    };
    this.#header.watching.arm({
      hit: (thread, hit) => this.#assigned(thread, hit, header),
      ended: (thread, why) => {
        this.close();
        this.ended = why;
        return this.#listener?.ended(thread, why);
      },
    });
  }

  /** Its words are assigned one after the other: a length without an address is not told of. */
  #assigned(thread: LiveThread, hit: WatchHit, { address, type }: HeaderPlace): StopCause | undefined {
    const { program, target } = this.#tools;
    const header = this.#header!;
    const before = header.bytes;
    const after = target.memory.read(header.watching.address, type.size).slice();
    const isInterface = underlying(type).kind === 'interface';
    if (isInterface && header.half.is(before, after)) return undefined;
    try {
      const found = contentsOf(program, after, type);
      if (found.address === 0 && found.size > 0) return undefined;
      header.bytes = after;
      const { held = { type: this.type } } = found;
      if (found.address !== this.address || found.size !== this.size || held.type !== this.type)
        this.#moveTo(found);
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      header.bytes = after;
      if (isInterface) this.#moveTo({ address: runtimeAddress(0), size: 0, held: { type: undefined } });
      this.remark = error.message;
    }
    const now =
      this.size === 0 ? 'it is empty now' : `now the ${this.size} bytes at ${hex(this.address)} are watched`;
    return this.#listener?.hit(thread, { ...hit, type, before, after, address, watch: this, remark: now });
  }

  /** The program has stopped: who wrote since the last hit is told of that when it goes on, and may not be alone. */
  stopped(): void {
    this.#header?.watching.stopped();
    if (this.means !== 'hardware' || this.#bytes === undefined || this.#moving) return;
    const now = this.#read();
    if (now === undefined || equal(now, this.#bytes)) return;
    this.#unseen = true;
    this.#bytes = now;
    this.#writers.clear();
  }

  /** What stands there before the program goes on: changes made while it stood still are nobody's. */
  remember(): void {
    this.#header?.watching.remember();
    if (this.means === undefined || this.access.execute) return;
    const before = this.#bytes;
    this.#bytes = this.#read();
    if (before !== undefined && !equal(before, this.#bytes)) this.#writers.clear();
  }

  /** A watch register of its fired. */
  fired(thread: LiveThread): StopCause | undefined {
    if (this.#moving) return undefined;
    const before = this.#bytes ?? new Uint8Array(0);
    const after = this.#read() ?? before;
    this.#bytes = after;
    const done = this.#tools.lastInstruction.to([this], thread);
    const access = done?.access ?? this.#guess(before, after);
    const mixed = access === 'read' ? undefined : this.#mixed(done?.instruction, thread, before, after);
    return this.noticed(thread, { done, access, offset: 0, before, after, ...(mixed && { mixed }) });
  }

  /** Of memory that is not remembered no change is seen. */
  changed(thread: LiveThread, instruction: DecodedInstruction): StopCause | undefined {
    const before = this.#bytes;
    const after = this.#read();
    if (before === undefined || after === undefined || equal(before, after)) return undefined;
    this.#bytes = after;
    const isOther = (byte: number, i: number): boolean => byte !== before[i];
    const [offset, end] = wholeElements(this, after.findIndex(isOther), after.findLastIndex(isOther) + 1);
    const part = (bytes: Uint8Array): Uint8Array => bytes.slice(offset, end);
    const what = { access: 'write', offset, before: part(before), after: part(after) } as const;
    return this.noticed(thread, { ...what, done: { instruction } });
  }

  /** An access to its memory was made. */
  noticed(
    thread: LiveThread,
    { done, access, offset, before, after, mixed }: Noticed,
  ): StopCause | undefined {
    if (this.#moving) return undefined;
    const { program, target } = this.#tools;
    const words = wordsOf(offset, before, after);
    const known = words.map((word) => this.#writers.get(word)).find((one) => one !== undefined);
    const writer = mixed === undefined ? known : undefined;
    const pc = runtimeAddress(done?.instruction.address ?? thread.registers.get(target.arch.dwarf.pc)!);
    this.#bytes?.set(after, offset);
    if (mixed !== undefined) for (const word of words) this.#writers.delete(word);
    else if (access !== 'read') this.#wrote(words, { goid: program.goidOn(thread), thread: thread.id, pc });
    if (!this.#wants(access)) return undefined;
    const { address } = this;
    const { type } = this;
    const hit = { watch: this, type, access, pc, address, offset, before, after, writer, remark: mixed };
    return this.#listener?.hit(thread, hit);
  }

  /**
   * The CPU reports when the write is done, and another thread may have written before the memory is read: what stands
   * there is not what this instruction made of what stood there. Gives what is to be told of it.
   */
  #mixed(
    instruction: DecodedInstruction | undefined,
    thread: LiveThread,
    before: Uint8Array,
    after: Uint8Array,
  ): string | undefined {
    const state = machineState(this.#tools.target, thread);
    const unseen = this.#unseen ? UNSEEN : undefined;
    this.#unseen = false;
    const made = instruction && madeOf(instruction, state, this.address, before);
    if (made === undefined) return equal(before, after) ? UNCHANGED : unseen;
    return equal(made, after) ? unseen : MIXED;
  }

  #wrote(words: readonly number[], writer: Writer): void {
    if (this.#writers.size > MOST_WRITERS) this.#writers.clear();
    for (const word of words) this.#writers.set(word, writer);
  }

  #executed(thread: LiveThread): StopCause | undefined {
    const nothing = new Uint8Array(0);
    return this.#listener?.hit(thread, {
      watch: this,
      type: undefined,
      access: 'execute',
      pc: this.address,
      address: this.address,
      offset: 0,
      before: nothing,
      after: nothing,
      writer: undefined,
      remark: undefined,
    });
  }

  #wants(access: 'read' | 'write' | 'read-write'): boolean {
    return (this.access.read && access !== 'write') || (this.access.write && access !== 'read');
  }

  /** Where the instruction is not known, a watch for writes was told of a write. */
  #guess(before: Uint8Array, after: Uint8Array): 'read' | 'write' {
    return !this.access.read || !equal(before, after) ? 'write' : 'read';
  }

  #keep(): void {
    const { registers, traps } = this.#tools;
    const { execute, read } = this.access;
    this.remark = undefined;
    if (execute) {
      // Exact, and as many as one wants; the CPU's way needs the resume flag, which virtual machines lose.
      this.#trap = traps.add(this.address, (thread) => this.#executed(thread));
      this.means = 'trap';
    } else if (registers.take(this, this.address, this.size, read ? 'read-write' : 'write')) {
      this.means = 'hardware';
    } else {
      this.remark = this.#tools.pages.protect(this);
      this.means = 'pages';
    }
    this.#bytes = this.#read();
  }

  #release(): void {
    const { registers, traps, pages } = this.#tools;
    if (this.means === 'hardware') registers.free(this);
    else if (this.means === 'pages') pages.release(this);
    if (this.#trap !== undefined) traps.remove(this.#trap);
    this.#trap = undefined;
    this.means = undefined;
  }

  #moveTo({ address, size, held }: Contents): void {
    const isSame = size === this.size;
    const bytes = this.#bytes;
    const isKept = this.means !== undefined || this.size === 0;
    this.#tools.target.whileStopped(() => {
      this.#release();
      this.address = address;
      this.size = size;
      if (held !== undefined) this.type = held.type;
      else if (!isSame && this.type?.kind === 'array') {
        const { element } = this.type;
        this.type = arrayOf(size / element.size, element);
      }
      if (isKept && size > 0) this.#keep();
    });
    if (isSame && this.#header === undefined) this.#bytes = bytes;
    else this.#writers.clear();
  }

  #read(): Uint8Array | undefined {
    if (this.size > MOST_REMEMBERED) return undefined;
    try {
      return this.#tools.target.memory.read(this.address, this.size).slice();
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      return undefined;
    }
  }
}

export function equal(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a?.length !== b?.length) return false;
  return a === undefined || b === undefined || a.every((byte, i) => byte === b[i]);
}

/** The words that changed; all of them, where none did. */
function wordsOf(offset: number, before: Uint8Array, after: Uint8Array): readonly number[] {
  const changed = new Set<number>();
  const all = new Set<number>();
  for (const [i, byte] of after.entries()) {
    const word = Math.floor((offset + i) / WORD);
    all.add(word);
    if (before[i] !== byte) changed.add(word);
  }
  return [...(changed.size > 0 ? changed : all)];
}
