import { type Goid, MattockError, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Type } from '../../image/index.ts';
import type { LiveThread } from '../../target/index.ts';
import type { StopCause } from '../stop.ts';
import type { TrapWish } from '../trap-sites.ts';
import type { Done } from './last-instruction.ts';
import { FrameFollower } from './stack-place.ts';
import type { WatchTools } from './watch-tools.ts';
import type { WatchAccess, WatchFacts, WatchHit, WatchMeans, WatchRequest, Writer } from './watchpoint.ts';

/** Of more memory only what is touched is remembered. */
const MOST_REMEMBERED = 1 << 16;

/** Words of which it is known who wrote them. */
const MOST_WRITERS = 1 << 16;
const WORD = 8;

export interface WatchListener {
  hit(thread: LiveThread, hit: WatchHit): StopCause | undefined;
  ended(thread: LiveThread, why: string): StopCause | undefined;
}

/** A watch in a process: where it is now, how it is kept, what stands there and who wrote it. */
export class Watching implements WatchFacts {
  readonly request: WatchRequest;
  readonly expression: string;
  readonly access: WatchAccess;
  readonly type: Type | undefined;
  readonly size: number;
  address: RuntimeAddress;
  means: WatchMeans | undefined;
  remark: string | undefined;
  ended: string | undefined;
  readonly #tools: WatchTools;
  #listener: WatchListener | undefined;
  #follower: FrameFollower | undefined;
  #trap: TrapWish | undefined;
  /** The stack with it is being moved. */
  #moving = false;
  #bytes: Uint8Array | undefined;
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

  /** Idempotent. */
  arm(listener: WatchListener): void {
    this.#listener = listener;
    if (this.means !== undefined || this.ended !== undefined) return;
    this.#keep();
    const { stack } = this.request;
    if (stack === undefined) return;
    this.#follower = new FrameFollower(this.#tools, stack, {
      moving: () => {
        this.#moving = true;
      },
      moved: (high) => {
        this.#moving = false;
        this.#tools.target.whileStopped(() => this.#moveTo(runtimeAddress(high - stack.depth)));
      },
      ended: (why, thread) => {
        this.disarm();
        this.ended = why;
        return this.#listener?.ended(thread, why);
      },
    });
  }

  /** Idempotent. */
  disarm(): void {
    this.#follower?.close();
    this.#follower = undefined;
    this.#release();
  }

  /** The program's memory or what is mapped is gone. */
  forget(why: string): void {
    this.means = undefined;
    this.#trap = undefined;
    this.#follower = undefined;
    this.ended = why;
  }

  /** What stands there before the program goes on: changes made while it stood still are nobody's. */
  remember(): void {
    if (this.means === undefined || this.access.execute) return;
    const before = this.#bytes;
    this.#bytes = this.#read();
    if (before !== undefined && !equal(before, this.#bytes)) this.#writers.clear();
  }

  /** A watch register of its fired. */
  fired(thread: LiveThread): StopCause | undefined {
    if (this.#moving) return undefined;
    if (this.access.execute) return this.#executed(thread);
    const before = this.#bytes ?? new Uint8Array(0);
    const after = this.#read() ?? before;
    this.#bytes = after;
    const done = this.#tools.lastInstruction.to([this], thread);
    const access = done?.access ?? this.#guess(before, after);
    return this.noticed(thread, { done, access, offset: 0, before, after });
  }

  /** An access to its memory was made. */
  noticed(
    thread: LiveThread,
    {
      done,
      access,
      offset,
      before,
      after,
    }: {
      readonly done: Pick<Done, 'instruction'> | undefined;
      readonly access: 'read' | 'write' | 'read-write';
      readonly offset: number;
      readonly before: Uint8Array;
      readonly after: Uint8Array;
    },
  ): StopCause | undefined {
    const { program, target } = this.#tools;
    const words = wordsOf(offset, before, after);
    const writer = words.map((word) => this.#writers.get(word)).find((one) => one !== undefined);
    const pc = runtimeAddress(done?.instruction.address ?? thread.registers.get(target.arch.dwarf.pc)!);
    if (this.means === 'pages') this.#bytes?.set(after, offset);
    if (access !== 'read') this.#wrote(words, { goid: program.goidOn(thread), thread: thread.id, pc });
    if (!this.#wants(access)) return undefined;
    const { address } = this;
    const hit = { watch: this, access, pc, address, offset, before, after, writer, remark: undefined };
    return this.#listener?.hit(thread, hit);
  }

  #wrote(words: readonly number[], writer: Writer): void {
    if (this.#writers.size > MOST_WRITERS) this.#writers.clear();
    for (const word of words) this.#writers.set(word, writer);
  }

  #executed(thread: LiveThread): StopCause | undefined {
    const nothing = new Uint8Array(0);
    return this.#listener?.hit(thread, {
      watch: this,
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
    const access = execute ? 'execute' : read ? 'read-write' : 'write';
    this.remark = undefined;
    if (registers.take(this, this.address, this.size, access)) {
      this.means = 'hardware';
    } else if (execute) {
      this.#trap = traps.add(this.address, (thread) => this.#executed(thread));
      this.means = 'trap';
      this.remark = "all of the CPU's watch registers are taken: a breakpoint does it";
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

  #moveTo(address: RuntimeAddress): void {
    const bytes = this.#bytes;
    this.#release();
    this.address = address;
    this.#keep();
    this.#bytes = bytes;
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
