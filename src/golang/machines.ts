import { type RuntimeAddress, runtimeAddress, type ThreadId, threadId } from '../base/index.ts';
import type { Thread } from '../target/index.ts';
import type { GoRuntime } from './go-runtime.ts';
import type { Layout } from './runtime-facts/form.ts';
import { ALL_MS } from './runtime-facts/globals.ts';
import { G, M } from './runtime-facts/structs.ts';
import { wordIn } from './word-in.ts';

/** One `runtime.m`: an OS thread as the runtime sees it. */
export interface Machine {
  readonly address: RuntimeAddress;
  readonly thread: ThreadId;
  readonly g0: RuntimeAddress;
  readonly gsignal: RuntimeAddress;
  /** 0: none. */
  readonly curg: RuntimeAddress;
}

/** A corrupted list is not followed for ever. */
const MAX_MACHINES = 1_000_000;
/** Of the marks of goroutines; a power of two. */
const MARKS = 4096;
const markOf = (g: number): number => (g / 64) & (MARKS - 1);

/** The runtime's threads, from allm. */
export class Machines {
  readonly all: readonly Machine[];
  readonly #byThread: ReadonlyMap<ThreadId, Machine>;
  readonly #byAddress: ReadonlyMap<number, Machine>;
  readonly #byGoroutine: ReadonlyMap<number, Machine>;
  /** By bits of their addresses, which goroutines may be on machines: most are not, and each of a list is asked of. */
  readonly #marks = new Uint8Array(MARKS);
  readonly #threads: ReadonlyMap<ThreadId, Thread>;

  constructor(runtime: GoRuntime) {
    this.all = readMachines(runtime);
    this.#byThread = new Map(this.all.map((machine) => [machine.thread, machine]));
    this.#byAddress = new Map(this.all.map((machine) => [machine.address, machine]));
    this.#byGoroutine = new Map(this.all.map((machine) => [machine.curg, machine]));
    for (const { curg } of this.all) if (curg !== 0) this.#marks[markOf(curg)] = 1;
    this.#threads = new Map(runtime.target.threads.map((thread) => [thread.id, thread]));
  }

  ofThread(thread: ThreadId): Machine | undefined {
    return this.#byThread.get(thread);
  }

  /** By the address of its m. */
  at(m: number): Machine | undefined {
    return m === 0 ? undefined : this.#byAddress.get(m);
  }

  /** The machine that runs a goroutine, or that it sits on in a system call. */
  running(g: number): Machine | undefined {
    return this.#marks[markOf(g)] === 0 || g === 0 ? undefined : this.#byGoroutine.get(g);
  }

  threadOf(machine: Machine): Thread | undefined {
    return this.#threads.get(machine.thread);
  }
}

function readMachines(runtime: GoRuntime): readonly Machine[] {
  const { memory } = runtime;
  const m: Layout<typeof M> = runtime.layout(M);
  const g: Layout<typeof G> = runtime.layout(G);
  const machines: Machine[] = [];
  const seen = new Set<number>();
  const length = Math.max(m.allLink, m.procId, m.g0, m.gsignal, m.curg) + 8;
  let address = memory.pointer(runtime.global(ALL_MS));
  while (address !== 0 && !seen.has(address) && machines.length < MAX_MACHINES) {
    seen.add(address);
    // At every stop, and all of it at once: a read of each word would cost more than all else here.
    const bytes = memory.tryRead(address, length);
    if (bytes === undefined) break;
    const pointer = (offset: number): RuntimeAddress => wordIn(bytes, offset) as RuntimeAddress;
    const curg = pointer(m.curg);
    machines.push({
      address,
      thread: threadId(wordIn(bytes, m.procId)),
      g0: pointer(m.g0),
      gsignal: pointer(m.gsignal),
      // A g that is being handed over may still be noted here: it runs on the m that it names itself.
      curg: curg !== 0 && owner(runtime, curg, g.m) === address ? curg : runtimeAddress(0),
    });
    address = pointer(m.allLink);
  }
  return machines;
}

function owner(runtime: GoRuntime, g: RuntimeAddress, offset: number): number {
  const bytes = runtime.memory.tryRead(runtimeAddress(g + offset), 8);
  return bytes === undefined ? 0 : wordIn(bytes, 0);
}
