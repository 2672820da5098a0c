import { type RuntimeAddress, runtimeAddress, type ThreadId } from '../base/index.ts';
import type { Target, Thread } from '../target/index.ts';
import { BlockingFacts, type BlockingHost } from './blocking/blocking-facts.ts';
import type { CodeMap } from './code/code-map.ts';
import { wrappedFunction } from './code/wrapped-function.ts';
import type { Location, Stack } from './frame.ts';
import type { GoRuntime } from './go-runtime.ts';
import type { BlockedOn } from './goroutine.ts';
import { type Moment, now } from './goroutines/clock.ts';
import { GoroutineFields } from './goroutines/goroutine-fields.ts';
import { GoroutineList } from './goroutines/goroutine-list.ts';
import { type GoroutineHost, GoroutineRecord } from './goroutines/goroutine-record.ts';
import { GoroutineSlice } from './goroutines/goroutine-slice.ts';
import { readLabels } from './goroutines/labels.ts';
import { Machines } from './machines.ts';
import { type RunningG, RunningGs } from './running-g.ts';
import { CLEANUP_GOROUTINES, FINALIZER_GOROUTINES, USER_START_FUNCTIONS } from './runtime-facts/functions.ts';
import { RuntimeTypes } from './runtime-types.ts';
import { StackStarts } from './stack/stack-starts.ts';
import { UserFrames } from './stack/user-frames.ts';
import { type FrameVisitor, StackWalker, type WalkSetting } from './stack/walker.ts';

/** How deep a user's frame is looked for under the runtime's own. */
const USER_LOCATION_DEPTH = 100;

/**
 * The Go side of a program: goroutines, threads and stacks, each read once and kept until `refresh`. What is kept of
 * code stays good for as long as the program is loaded.
 */
export class GoProgram implements GoroutineHost, BlockingHost {
  readonly runtime: GoRuntime;
  readonly code: CodeMap;
  readonly fields: GoroutineFields;
  readonly types: RuntimeTypes;
  readonly #setting: WalkSetting;
  readonly #userFrames: UserFrames;
  readonly #running: RunningGs;
  readonly #hasLinkRegister: boolean;
  #machines: Machines | undefined;
  #starts: StackStarts | undefined;
  #list: GoroutineList | undefined;
  #blocking: BlockingFacts | undefined;
  #now: Moment | undefined | null = null;
  /** Goroutines that were asked of their threads. */
  readonly #places = new Map<number, { readonly thread: Thread; readonly running: RunningG }>();
  /** By function entry: isSystemGoroutine's answer before the finalizer and cleanup exceptions. */
  readonly #functionStarts = new Map<number, Location>();
  readonly #startKinds = new Map<number, 'user' | 'system' | 'finalizer' | 'cleanup'>();

  constructor(runtime: GoRuntime, setting: WalkSetting) {
    this.runtime = runtime;
    this.code = setting.code;
    this.#setting = setting;
    this.fields = new GoroutineFields(runtime);
    this.types = new RuntimeTypes(runtime);
    this.#running = new RunningGs(runtime);
    this.#hasLinkRegister = runtime.target.arch.dwarf.lr !== undefined;
    this.#userFrames = new UserFrames(setting);
  }

  /** The program has run or was written. */
  refresh(): void {
    this.#machines = undefined;
    this.#starts = undefined;
    this.#places.clear();
    this.#list = undefined;
    this.#blocking = undefined;
    this.#now = null;
    for (const [pc, { function: name }] of this.#functionStarts) {
      if (name === undefined) this.#functionStarts.delete(pc);
    }
    this.#userFrames.refresh();
    this.fields.refresh();
    this.types.refresh();
    this.runtime.refresh();
  }

  get target(): Target {
    return this.runtime.target;
  }

  get machines(): Machines {
    this.#machines ??= new Machines(this.runtime);
    return this.#machines;
  }

  get starts(): StackStarts {
    this.#starts ??= new StackStarts(this.fields, () => this.machines);
    return this.#starts;
  }

  get list(): GoroutineList {
    this.#list ??= new GoroutineList(this.fields);
    return this.#list;
  }

  get blocking(): BlockingFacts {
    this.#blocking ??= new BlockingFacts(this);
    return this.#blocking;
  }

  /** The goroutine that a thread runs: from the thread itself where that can be told, else from the runtime's list. */
  runningOn(thread: Thread): RunningG | undefined {
    const running = this.#running.on(thread);
    if (running !== undefined) return running ?? undefined;
    const curg = this.machines.ofThread(thread.id)?.curg;
    const id = curg === undefined || curg === 0 ? undefined : this.tryId(curg);
    if (curg === undefined || id === undefined) return undefined;
    const { stackLow, stackHigh } = this.fields.layout;
    return {
      address: curg,
      id,
      stack: { low: this.fields.word(curg, stackLow), high: this.fields.word(curg, stackHigh) },
    };
  }

  record(g: RuntimeAddress): GoroutineRecord {
    return new GoroutineRecord(this, new GoroutineSlice(this.fields, Float64Array.of(g)), 0);
  }

  /** The goroutine that a thread runs. */
  recordOn(thread: Thread): GoroutineRecord | undefined {
    const running = this.runningOn(thread);
    if (running === undefined) return undefined;
    this.#places.set(running.address, { thread, running });
    return this.record(running.address);
  }

  stackOf(g: RuntimeAddress, depth: number): Stack {
    const place = this.#places.get(g);
    const start =
      place === undefined ? this.starts.ofGoroutine(g) : this.starts.ofRunning(place.thread, place.running);
    return new StackWalker(this.#setting, start.switches).walk(start.cursor, depth);
  }

  typeName(runtimeType: RuntimeAddress): string | undefined {
    return this.types.nameAt(runtimeType);
  }

  /** goid of a g, for searches; undefined where it cannot be read. */
  tryId(g: RuntimeAddress): number | undefined {
    const at = runtimeAddress(g + this.fields.layout.goid);
    return this.runtime.memory.tryRead(at, 8) === undefined ? undefined : this.fields.id(g);
  }

  visitStack(g: RuntimeAddress, each: FrameVisitor): Stack['end'] {
    const start = this.starts.ofGoroutine(g);
    return new StackWalker(this.#setting, start.switches).visit(start.cursor, each);
  }

  visitThread(thread: Thread, each: FrameVisitor): void {
    const start = this.starts.ofThread(thread);
    new StackWalker(this.#setting, start.switches).visit(start.cursor, each);
  }

  stackOfThread(thread: Thread, depth: number): Stack {
    const start = this.starts.ofThread(thread);
    return new StackWalker(this.#setting, start.switches).walk(start.cursor, depth);
  }

  waited(since: number): number | undefined {
    const { now } = this;
    return now === undefined ? undefined : Math.max(0, now.time - since);
  }

  /** For a process, of the first question after it has stopped. */
  get now(): Moment | undefined {
    if (this.#now === null) this.#now = now(this.runtime);
    return this.#now;
  }

  threadOf(g: RuntimeAddress): ThreadId | undefined {
    return this.machines.running(g)?.thread;
  }

  isSystem(g: RuntimeAddress): boolean {
    const startPc = this.fields.word(g, this.fields.layout.startPc);
    let kind = this.#startKinds.get(startPc);
    if (kind === undefined) {
      kind = this.#startKind(startPc);
      this.#startKinds.set(startPc, kind);
    }
    if (kind === 'finalizer') return !this.fields.finalizerRuns;
    if (kind === 'cleanup') {
      const offset = this.fields.layout.runningCleanups;
      return offset === undefined || this.runtime.memory.uint8(runtimeAddress(g + offset)) === 0;
    }
    return kind === 'system';
  }

  #startKind(startPc: number): 'user' | 'system' | 'finalizer' | 'cleanup' {
    const name = this.code.functionAt(startPc)?.name ?? '';
    if (USER_START_FUNCTIONS.has(name)) return 'user';
    if (FINALIZER_GOROUTINES.has(name)) return 'finalizer';
    if (CLEANUP_GOROUTINES.has(name)) return 'cleanup';
    return name.startsWith('runtime.') ? 'system' : 'user';
  }

  currentLocation(goroutine: GoroutineRecord): Location {
    // The ordinary case first and without an object: parked, nothing of it on a thread.
    if (this.#parked(goroutine)) return this.code.at(goroutine.schedPc).locations[0]!;
    const { cursor } = this.starts.ofGoroutine(goroutine.address);
    return this.code.at(cursor.pc).locations[0]!;
  }

  userLocation(goroutine: GoroutineRecord): Location {
    const g = goroutine.address;
    if (this.#parked(goroutine)) {
      const lr = this.#hasLinkRegister ? this.fields.word(g, this.fields.layout.schedLr) : 0;
      const quick = this.#userFrames.find(goroutine.schedPc, goroutine.schedSp, lr);
      if (quick !== undefined) return quick;
    }
    let found: Location | undefined;
    let count = 0;
    this.visitStack(g, (_, point) => {
      found = point.userLocation;
      return found === undefined && ++count < USER_LOCATION_DEPTH;
    });
    return found ?? this.currentLocation(goroutine);
  }

  #parked({ address, state, problem }: GoroutineRecord): boolean {
    return problem === undefined && state !== '_Gsyscall' && this.machines.running(address) === undefined;
  }

  goStatement(pc: number): Location {
    const fn = this.code.functionAt(pc);
    return this.code.locate(runtimeAddress(pc), fn !== undefined && pc > fn.entry);
  }

  /** The function that starts at an entry; for a compiler's wrapper, the one that it wraps. */
  functionStart(pc: number): Location {
    let location = this.#functionStarts.get(pc);
    if (location === undefined) {
      location = this.#findStart(pc);
      this.#functionStarts.set(pc, location);
    }
    return location;
  }

  #findStart(pc: number): Location {
    const fn = this.code.functionAt(pc);
    const { memory, version } = this.runtime;
    const wrapped = fn && wrappedFunction(this.code, memory, version, fn);
    if (wrapped === undefined) return this.code.locate(runtimeAddress(pc), false);
    return { pc: wrapped.entry ?? runtimeAddress(pc), ...wrapped.level };
  }

  labels(g: RuntimeAddress): ReadonlyMap<string, string> {
    return readLabels(this.runtime, this.fields.word(g, this.fields.layout.labels));
  }

  blockedOn(goroutine: GoroutineRecord): BlockedOn | undefined {
    return this.blocking.of(goroutine);
  }
}
