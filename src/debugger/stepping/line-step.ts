import type { DecodedInstruction } from '../../arch/index.ts';
import { type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import type { LiveThread } from '../../target/index.ts';
import { DEFER_MACHINERY, type Exits } from './exits.ts';
import { type CodeStatement, encloses, type FunctionCode, withoutStatements } from './function-code.ts';
import type { KeptStops, StepKind, StopsByFunction } from './kept-stops.ts';
import { bodyHome, LoopBodies } from './loop-bodies.ts';
import { type FrameHere, type Goal, INTERRUPTED, type Walk } from './walk.ts';

/**
 * So many instructions are stepped one by one (15 to 30 µs each) before traps are set at all statements of the function
 * and everything runs: a line may hold a long loop, or wait for another goroutine.
 */
const MOST_STEPPED = 200;
/** Of a function that is called, so many are done without the CPU (a few µs each). */
const MOST_IN_LEAF = 100;
/** By which reflection calls functions, and its wrapper (runtime/asm_amd64.s). */
const REFLECTION = /^runtime\.(call\d+|reflectcall)(\.abi0)?$/;
/** Wrappers that lead to each other. */
const MOST_WRAPPERS = 16;

/** How a step ended. */
export type Finish =
  | typeof INTERRUPTED
  /** At a statement, or behind a prologue. */
  | { readonly kind: 'statement' }
  /** Behind the call of the function that returned; undefined: it was not called for its results. */
  | { readonly kind: 'returned'; readonly from: FunctionCode | undefined }
  /** The goroutine ends. */
  | { readonly kind: 'goroutine-end' }
  /** In a frame further out, which a recovered panic makes return. */
  | { readonly kind: 'recovered' };

type Place =
  | { readonly kind: 'statement' }
  | { readonly kind: 'return' }
  | { readonly kind: 'behind-call' }
  | { readonly kind: 'unwinding' }
  | { readonly kind: 'deferred-call' }
  | { readonly kind: 'resumption' }
  | { readonly kind: 'goroutine-end' }
  | { readonly kind: 'body' }
  | { readonly kind: 'loop' };

type PlaceGoal = Goal<Place['kind']>;

/** `next`, `step` and `stepout`: one of them, from where it begins to where it ends. */
export class LineStep {
  readonly #walk: Walk;
  readonly #exits: Exits;
  readonly #bodies = new LoopBodies();
  readonly #kind: StepKind;
  /** Where the step began: its line is not its end. */
  #origin: CodeStatement | undefined;
  /** The function whose source is there. */
  #function: string | undefined;
  /** The first that returned on the way out through what the compiler and the runtime put between. */
  #returner: FunctionCode | undefined;
  /** Where its results were, something else is by now: they were put elsewhere, or not wanted. */
  #resultsTaken = false;
  /** A panic or Goexit has been seen to be under way. */
  #unwinds = false;
  readonly #kept: KeptStops;
  #stops: StopsByFunction = new Map();

  constructor(walk: Walk, exits: Exits, kept: KeptStops, kind: StepKind) {
    this.#walk = walk;
    this.#exits = exits;
    this.#kept = kept;
    this.#kind = kind;
  }

  run(): Finish {
    const walk = this.#walk;
    const frame = walk.frameHere();
    if (frame === undefined) {
      throw new UserError('the frame here cannot be told', '`step-instruction` goes on all the same');
    }
    this.#origin = walk.code.positionAt(walk.pc);
    this.#function = this.#origin?.calls.innermost ?? frame.code.name;
    this.#stops = this.#kept.from(this.#origin, this.#kind);
    if (this.#kind !== 'into') this.#bodies.enter(walk, frame);
    return this.#kind === 'out' ? this.#runFree(this.#bodies.home(frame)) : this.#follow(frame);
  }

  /** Over one call, whatever becomes of it. */
  call(call: DecodedInstruction): Finish {
    const frame = this.#walk.frameHere();
    if (frame === undefined) return this.#walk.stepOne() ?? { kind: 'statement' };
    return this.#call(frame, call) ?? { kind: 'statement' };
  }

  /** Steps through one frame. */
  #follow(frame: FrameHere): Finish {
    const walk = this.#walk;
    for (let left = MOST_STEPPED; ; left--) {
      const instruction = left > 0 ? walk.instructions.at(walk.pc) : undefined;
      if (instruction === undefined) return this.#runFree(walk.now(frame));
      if (instruction.flow === 'call') {
        const finish = this.#call(walk.now(frame), instruction);
        if (finish !== undefined) return finish;
      } else {
        if (walk.stepOne() === INTERRUPTED) return INTERRUPTED;
        if (instruction.flow === 'return') return this.#returned(frame);
      }
      const { pc } = walk;
      if (pc < frame.code.entry || pc >= frame.code.end) return this.#left(frame);
      if (this.#stopsIn(frame.code).has(pc)) return { kind: 'statement' };
    }
  }

  /** A jump to another function, or a signal's handler: `step` follows a jump, for the rest it is like a call. */
  #left(frame: FrameHere): Finish {
    const walk = this.#walk;
    const there = walk.code.at(walk.pc);
    if (this.#kind === 'into' && there?.entry === walk.pc && isEntered(there, frame.code)) {
      return this.#enter(frame, MOST_WRAPPERS) ?? this.#runFree(frame);
    }
    return this.#runFree(frame);
  }

  /** Undefined: behind the call, in the same frame. */
  #call(frame: FrameHere, call: DecodedInstruction): Finish | undefined {
    const walk = this.#walk;
    const target = walk.instructions.targetOf(call, walk.thread);
    const callee = target === undefined ? undefined : walk.code.at(runtimeAddress(target));
    if (this.#kind === 'into' && callee !== undefined && isEntered(callee, frame.code)) {
      if (walk.stepOne() === INTERRUPTED) return INTERRUPTED;
      return this.#enter(frame, MOST_WRAPPERS);
    }
    return this.#runOver(frame, runtimeAddress(call.address + call.length), callee);
  }

  #runOver(frame: FrameHere, behind: RuntimeAddress, callee: FunctionCode | undefined): Finish | undefined {
    const walk = this.#walk;
    const depth = walk.depthOfSp(walk.thread);
    const loops = this.#loopGoals();
    // What the runtime does may be the beginning of a panic, or change the stack: goals are to be set before.
    const name = callee?.name ?? '';
    if (callee !== undefined && loops.length === 0 && !isRuntime(name) && !name.startsWith('runtime.')) {
      const through = this.#throughLeaf(callee, behind, depth);
      if (through !== 'unfinished') return through;
    }
    const goals: PlaceGoal[] = [
      {
        address: behind,
        tag: 'behind-call',
        accepts: (thread) => walk.depthOfSp(thread) <= depth,
      },
      ...loops,
    ];
    if (this.#kind === 'into' && callee?.name === 'runtime.deferreturn') {
      for (const address of this.#exits.returnCalls) goals.push({ address, tag: 'deferred-call' });
    }
    const tag = this.#runUntil(frame, goals);
    return tag === 'behind-call' ? undefined : this.#arrived(frame, tag);
  }

  /**
   * Through a short function that calls nothing, instruction by instruction without the CPU: that is over sooner than it
   * takes to let everything run. Undefined: behind the call.
   */
  #throughLeaf(
    callee: FunctionCode,
    behind: RuntimeAddress,
    depth: number,
  ): typeof INTERRUPTED | 'unfinished' | undefined {
    const walk = this.#walk;
    for (let count = 0; count < MOST_IN_LEAF; count++) {
      const done = walk.emulateOne();
      if (done === INTERRUPTED) return INTERRUPTED;
      if (done === undefined) return 'unfinished';
      const { pc } = walk;
      if (pc === behind && walk.depthOfSp(walk.thread) <= depth) return undefined;
      const left = pc < callee.entry || pc >= callee.end;
      if (left || walk.instructions.at(pc)?.flow === 'call') return 'unfinished';
    }
    return 'unfinished';
  }

  /** At the entry of a function that was called: behind its prologue, through wrappers. Undefined: back in the frame. */
  #enter(frame: FrameHere, wrappers: number): Finish | undefined {
    const walk = this.#walk;
    const { pc } = walk;
    const callee = walk.code.at(pc);
    if (callee === undefined) return this.#runFree(frame);
    if (callee.wrapper && wrappers > 0) return this.#throughWrapper(frame, wrappers);
    if (pc !== callee.entry || callee.behindPrologue === callee.entry) return { kind: 'statement' };
    const depth = walk.depthOfSp(walk.thread);
    const arrived = this.#runUntil(frame, [
      {
        address: callee.behindPrologue,
        tag: 'statement',
        // Behind the prologue the frame is made: the return address is at the depth that it had.
        accepts: (thread) => depthOfFrame(walk, thread) <= depth - 8,
      },
    ]);
    return arrived === 'statement' ? { kind: 'statement' } : this.#arrived(frame, arrived);
  }

  #throughWrapper(frame: FrameHere, wrappers: number): Finish | undefined {
    const walk = this.#walk;
    const wrapper = walk.frameHere();
    if (wrapper === undefined) return this.#runFree(frame);
    for (let left = MOST_STEPPED; left > 0; left--) {
      const instruction = walk.instructions.at(walk.pc);
      if (instruction === undefined) break;
      if (instruction.flow === 'call') {
        const target = walk.instructions.targetOf(instruction, walk.thread);
        const callee = target === undefined ? undefined : walk.code.at(runtimeAddress(target));
        // Whoever called the wrapper: what of the runtime it calls itself, to grow the stack or to give way, is passed over.
        if (callee !== undefined && isEntered(callee, wrapper.code)) {
          if (walk.stepOne() === INTERRUPTED) return INTERRUPTED;
          return this.#enter(frame, wrappers - 1);
        }
        const behind = runtimeAddress(instruction.address + instruction.length);
        const finish = this.#runOver(frame, behind, callee);
        if (finish !== undefined) return finish;
        continue;
      }
      if (walk.stepOne() === INTERRUPTED) return INTERRUPTED;
      if (instruction.flow === 'return') return undefined;
      const { pc } = walk;
      if (pc >= wrapper.code.entry && pc < wrapper.code.end) continue;
      return this.#enter(frame, wrappers - 1);
    }
    return this.#runFree(frame);
  }

  /** Everything runs until the goroutine comes to a statement of the frame, or out of it. */
  #runFree(frame: FrameHere, more: readonly PlaceGoal[] = []): Finish {
    const walk = this.#walk;
    const goals: PlaceGoal[] = [...more];
    for (const address of this.#stopsIn(frame.code)) {
      goals.push({
        address: runtimeAddress(address),
        tag: 'statement',
        accepts: (thread) => depthOfFrame(walk, thread) <= frame.depth,
      });
    }
    if (frame.returnAddress !== 0) {
      goals.push({
        address: frame.returnAddress,
        tag: 'return',
        accepts: (thread) => walk.depthOfSp(thread) <= frame.depth,
      });
    }
    goals.push(...this.#loopGoals());
    return this.#arrived(frame, this.#runUntil(frame, goals));
  }

  /** Everything runs until the goroutine comes to one of the goals, or leaves the order of calls and returns. */
  #runUntil(frame: FrameHere, goals: readonly PlaceGoal[]): Place['kind'] | typeof INTERRUPTED {
    const walk = this.#walk;
    this.#unwinds ||=
      DEFER_MACHINERY.has(frame.code.name ?? '') || walk.subject.running(walk.thread)?.unwinds() === true;
    if (!this.#unwinds) {
      const begins = this.#exits.beginnings.map((address) => ({ address, tag: 'unwinding' as const }));
      const tag = walk.runUntil([...goals, ...begins]);
      if (tag !== 'unwinding') return tag;
      this.#unwinds = true;
    }
    return walk.runUntil([...goals, ...this.#exitGoals(frame)]);
  }

  #arrived(frame: FrameHere, tag: Place['kind'] | typeof INTERRUPTED): Finish {
    const walk = this.#walk;
    switch (tag) {
      case INTERRUPTED:
        return INTERRUPTED;
      case 'behind-call':
      case 'statement':
      case 'unwinding':
        return { kind: 'statement' };
      case 'return':
        return this.#returned(frame);
      case 'goroutine-end':
        return { kind: 'goroutine-end' };
      case 'deferred-call':
        return walk.stepOne() === INTERRUPTED
          ? INTERRUPTED
          : (this.#enter(frame, MOST_WRAPPERS) ?? this.#runFree(frame));
      case 'resumption':
        return this.#resumed(frame);
      case 'loop':
        return { kind: 'statement' };
      case 'body':
        return this.#inBody(frame);
    }
  }

  /** The frame has returned: to somebody who called it for its own sake, or to what is passed through. */
  #returned(frame: FrameHere): Finish {
    const walk = this.#walk;
    if (this.#bodies.isBody(frame)) return this.#runFree(this.#bodies.home(frame));
    const caller = walk.code.at(runtimeAddress(walk.pc - 1));
    const name = caller?.name ?? '';
    if (name === 'runtime.goexit') return { kind: 'goroutine-end' };
    this.#returner ??= frame.code;
    const takesResults = DEFER_MACHINERY.has(name) || REFLECTION.test(name);
    const around = caller?.wrapper === true || takesResults ? walk.frameHere() : undefined;
    if (around === undefined) {
      return { kind: 'returned', from: this.#resultsTaken ? undefined : this.#returner };
    }
    this.#resultsTaken ||= takesResults;
    const more = this.#kind === 'into' ? this.#exits.returnCalls : [];
    return this.#runFree(
      { ...around, code: withoutStatements(around.code) },
      more.map((address) => ({ address, tag: 'deferred-call' })),
    );
  }

  /** In runtime.recovery: the frame that deferred the recovering function is about to return. */
  #resumed(frame: FrameHere): Finish {
    const walk = this.#walk;
    const saved = walk.subject.running(walk.thread)?.saved();
    if (saved === undefined) return this.#runFree(frame);
    const reached = walk.runUntil([{ address: saved.pc, tag: 'behind-call' as const }]);
    if (reached === INTERRUPTED) return INTERRUPTED;
    if (walk.depthOfSp(walk.thread) <= frame.depth) return { kind: 'recovered' };
    const again = walk.frameHere();
    if (again === undefined || again.code !== frame.code) return { kind: 'recovered' };
    return this.#kind === 'out' ? this.#runFree(frame) : this.#follow(frame);
  }

  #inBody(frame: FrameHere): Finish {
    const walk = this.#walk;
    if (!this.#bodies.belongs(walk)) return this.#runFree(frame);
    const body = walk.frameHere();
    if (body === undefined) return { kind: 'statement' };
    const here = walk.code.positionAt(walk.pc);
    if (here?.line !== this.#origin?.line || here?.file !== this.#origin?.file) return { kind: 'statement' };
    this.#bodies.enter(walk, body);
    return this.#follow(body);
  }

  #exitGoals(frame: FrameHere): PlaceGoal[] {
    const walk = this.#walk;
    const { deferredCalls, resumptions, ends } = this.#exits;
    const running = (thread: LiveThread) => walk.subject.running(thread);
    const isOurs = (thread: LiveThread, sp: number | undefined): boolean =>
      sp !== undefined && walk.subject.depth(thread, sp) <= frame.spDepth;
    return [
      ...deferredCalls.map((address) => ({
        address,
        tag: 'deferred-call' as const,
        accepts: (thread: LiveThread) => isOurs(thread, running(thread)?.deferringSp()),
      })),
      ...resumptions.map((address) => ({
        address,
        tag: 'resumption' as const,
        accepts: (thread: LiveThread) => isOurs(thread, running(thread)?.saved().sp),
      })),
      ...ends.map((address) => ({ address, tag: 'goroutine-end' as const })),
    ];
  }

  #loopGoals(): PlaceGoal[] {
    if (this.#kind !== 'over') return [];
    return [
      ...this.#bodies.entries.map((address) => ({ address, tag: 'body' as const })),
      ...this.#bodies.returns(this.#walk).map((goal) => ({ ...goal, tag: 'loop' as const })),
    ];
  }

  /** Where the step would end in a function, were it in the right frame. */
  #stopsIn(code: FunctionCode): ReadonlySet<number> {
    let stops = this.#stops.get(code);
    if (stops === undefined) {
      const wanted = code.statements.filter((statement) => this.#isStop(statement, code));
      stops = new Set(wanted.map(({ address }) => address));
      this.#stops.set(code, stops);
    }
    return stops;
  }

  #isStop({ file, line, calls }: CodeStatement, code: FunctionCode): boolean {
    const origin = this.#origin;
    if (line === 0) return false;
    if (origin === undefined) return true;
    if (this.#kind === 'out') {
      // Only out of inlined calls by statements.
      return calls.path.length < origin.calls.path.length && encloses(calls, origin.calls);
    }
    if (line === origin.line && file === origin.file) return false;
    if (this.#kind === 'into') return true;
    const there = calls.innermost ?? code.name;
    const home = bodyHome(this.#function);
    if (home === undefined) {
      return encloses(calls, origin.calls) || (there !== undefined && bodyHome(there) === this.#function);
    }
    // In the body of a loop: its iterator, which is around it, is not the function's own code.
    if ((bodyHome(there) ?? there) === home) return true;
    const depthOfHome = origin.calls.path.findIndex((call) => call.startsWith(`${home}@`));
    return calls.path.length <= depthOfHome && encloses(calls, origin.calls);
  }
}

function depthOfFrame(walk: Walk, thread: LiveThread): number {
  const cfa = walk.cfaOf(thread);
  return cfa === undefined ? Infinity : walk.subject.depth(thread, cfa);
}

/** What `step` goes into: the runtime's own functions only from within the runtime. */
function isEntered(callee: FunctionCode, from: FunctionCode): boolean {
  const name = callee.name ?? '';
  if (!isRuntime(name)) return callee.statements.length > 0 || callee.wrapper;
  return isRuntime(from.name ?? '') && callee.statements.length > 0;
}

const isRuntime = (name: string): boolean =>
  /^runtime\.[^A-Z]/.test(name) || /^(internal\/runtime|runtime\/internal)\//.test(name);
