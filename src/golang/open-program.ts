import {
  type Goid,
  goid,
  MattockError,
  type RuntimeAddress,
  type ThreadId,
  UserError,
} from '../base/index.ts';
import type { Type } from '../image/index.ts';
import type { Module, Target, Thread } from '../target/index.ts';
import { CodeMap } from './code/code-map.ts';
import { readDeferredCalls } from './defers/deferred-calls.ts';
import type { DeferredCall, Location, Stack } from './frame.ts';
import { GoProgram } from './go-program.ts';
import { findGoRuntime, noGoRuntime } from './go-runtime.ts';
import type { Goroutine } from './goroutine.ts';
import { GoroutineRecord } from './goroutines/goroutine-record.ts';
import { type GoroutineSlice, READ_TOGETHER } from './goroutines/goroutine-slice.ts';
import type { ListOptions, Program, RunningGoroutine, RuntimeFacts, Verdict } from './program.ts';
import { RunningRecord } from './running-record.ts';
import { threadCursor } from './stack/stack-starts.ts';
import { StackWalker, type WalkSetting } from './stack/walker.ts';
import { TypeNames } from './type-names.ts';
import { readVerdict } from './verdict/verdict.ts';
import type { WaitGraph } from './wait-graph/graph.ts';
import { type LockHolder, lockHolders } from './wait-graph/lock-holders.ts';
import { type GraphProgress, programGraph } from './wait-graph/program-graph.ts';

/** Sees a target with Go's eyes. Nothing is read before it is asked for. */
export function openProgram(target: Target): Program {
  return new TargetProgram(target);
}

class TargetProgram implements Program {
  readonly target: Target;
  readonly #setting: WalkSetting;
  readonly #typeNames: TypeNames;
  #go: GoProgram | null | undefined;
  /** How often somebody asked while there was none. */
  #asked = 0;
  #problem: MattockError | undefined;
  #facts: RuntimeFacts | undefined;
  #executable: Module | undefined;

  constructor(target: Target) {
    this.target = target;
    this.#setting = {
      arch: target.arch,
      memory: target.memory,
      // A target that runs may load others.
      get modules() {
        return target.modules;
      },
      code: new CodeMap(target),
    };
    this.#typeNames = new TypeNames(target);
    this.#executable = target.modules.executable;
  }

  refresh(): void {
    const { executable } = this.target.modules;
    if (executable !== this.#executable) {
      // Another program runs in the process now.
      this.#executable = executable;
      this.#go = undefined;
    }
    // Where there was no runtime one may have been loaded.
    this.#go ??= undefined;
    this.#asked = 0;
    this.#problem = undefined;
    this.#facts = undefined;
    this.#setting.code.refresh();
    this.#typeNames.refresh();
    this.#go?.refresh();
  }

  get runtime(): RuntimeFacts | undefined {
    const go = this.#tryGo();
    if (go === undefined) return undefined;
    this.#facts ??= { version: go.runtime.version, layouts: go.runtime.layouts.kind };
    return this.#facts;
  }

  *goroutines(options: ListOptions = {}): Generator<Goroutine, void, undefined> {
    const { dead = false, byId = false, reads = [] } = options;
    const go = this.#requireGo();
    for (const slice of go.list.slices()) {
      const order = byId ? slice.byId : undefined;
      for (let i = 0; i < slice.length; i++) {
        if (i % READ_TOGETHER === 0) this.#prefetch(slice, order, i, reads);
        const goroutine = new GoroutineRecord(go, slice, order === undefined ? i : order[i]!);
        if (dead || !isDead(goroutine)) yield goroutine;
      }
    }
  }

  #prefetch(
    slice: GoroutineSlice,
    order: Uint16Array | undefined,
    first: number,
    reads: NonNullable<ListOptions['reads']>,
  ): void {
    if (reads.length === 0 || this.target.memory.prefetch === undefined) return;
    const count = Math.min(READ_TOGETHER, slice.length - first);
    const wanted = new Float64Array(count * reads.length);
    reads.forEach((what, n) => {
      const column = what === 'stack' ? slice.schedSp : slice.waiting;
      for (let i = 0; i < count; i++) wanted[n * count + i] = column[order?.[first + i] ?? first + i]!;
    });
    this.target.memory.prefetch(wanted);
  }

  goroutineCount(): number {
    return this.#requireGo().list.length;
  }

  goroutine(id: Goid): Goroutine | undefined {
    const go = this.#requireGo();
    for (const slice of go.list.slices()) {
      for (let i = slice.ids.indexOf(id); i >= 0; i = slice.ids.indexOf(id, i + 1)) {
        const goroutine = new GoroutineRecord(go, slice, i);
        if (!isDead(goroutine)) return goroutine;
      }
    }
    return undefined;
  }

  goroutineOn(id: ThreadId): Goroutine | undefined {
    const go = this.#tryGo();
    const thread = go && this.target.threads.find((candidate) => candidate.id === id);
    return thread && go.recordOn(thread);
  }

  goidOn(thread: Thread): Goid | undefined {
    const running = this.#goNow()?.runningOn(thread);
    return running && goid(running.id);
  }

  runningOn(thread: Thread): RunningGoroutine | undefined {
    const go = this.#goNow();
    const running = go?.runningOn(thread);
    return running && go && new RunningRecord(go, running);
  }

  stackOf(goroutine: Goroutine, depth: number): Stack {
    return this.#requireGo().stackOf(goroutine.address, depth);
  }

  stackOfThread(id: ThreadId, depth: number): Stack {
    const thread = this.#thread(id);
    const go = this.#tryGo();
    if (go !== undefined) return go.stackOfThread(thread, depth);
    return new StackWalker(this.#setting, undefined).walk(threadCursor(thread, this.target.arch), depth);
  }

  deferredCalls(goroutine: Goroutine): readonly DeferredCall[] {
    return readDeferredCalls(this.#requireGo(), goroutine.address);
  }

  waitGraph(progress: GraphProgress): WaitGraph {
    const go = this.#requireGo();
    const goroutines = this.goroutines({ reads: ['stack', 'sudog'] });
    return programGraph(go, goroutines, go.list.length, progress);
  }

  lockHolders(): readonly LockHolder[] {
    return lockHolders(this.#requireGo(), this.goroutines({ reads: ['stack', 'sudog'] }));
  }

  locate(pc: RuntimeAddress, isReturnAddress: boolean): Location {
    return this.#setting.code.locate(pc, isReturnAddress);
  }

  typeNamed(name: string): Type | undefined {
    return this.#typeNames.find(name);
  }

  typeAt(runtimeType: RuntimeAddress): Type | undefined {
    return this.#requireGo().types.typeAt(runtimeType);
  }

  verdict(): Verdict {
    return readVerdict(this, this.#tryGo());
  }

  #thread(id: ThreadId): Thread {
    const thread = this.target.threads.find((candidate) => candidate.id === id);
    if (thread === undefined) throw new UserError(`there is no thread ${id}`, '`threads` lists them');
    return thread;
  }

  /**
   * For those who ask while the program runs: of a stripped one the runtime can be made out when it has set itself up,
   * which is tried again, ever more seldom.
   */
  #goNow(): GoProgram | undefined {
    if (this.#go === null && isPowerOfTwo(++this.#asked)) this.#go = undefined;
    return this.#tryGo();
  }

  /** Threads, registers and C stacks can be seen even where Go's runtime cannot be made out: why not is kept. */
  #tryGo(): GoProgram | undefined {
    if (this.#go === undefined) {
      this.#go = null;
      try {
        const runtime = findGoRuntime(this.target);
        const go = runtime && new GoProgram(runtime, this.#setting);
        // In a stripped binary this is where it shows whether the runtime's variables can be found.
        if (go?.machines !== undefined) this.#go = go;
      } catch (error) {
        if (!(error instanceof MattockError)) throw error;
        this.#problem = error;
      }
    }
    return this.#go ?? undefined;
  }

  #requireGo(): GoProgram {
    const go = this.#tryGo();
    if (go !== undefined) return go;
    throw this.#problem ?? noGoRuntime(this.target, 'its threads, their registers and stacks can be seen');
  }
}

const isPowerOfTwo = (count: number): boolean => (count & (count - 1)) === 0;

/** Gone, or never used (runtime/proc.go: forEachG passes them too). One that is unreadable is shown with its problem. */
const isDead = (goroutine: Goroutine): boolean =>
  goroutine.problem === undefined &&
  (goroutine.state === '_Gdead' || goroutine.state === '_Gdeadextra' || goroutine.state === '_Gidle');
