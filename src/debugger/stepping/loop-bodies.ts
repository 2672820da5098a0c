import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Frame } from '../../golang/index.ts';
import { loopFunction } from '../../golang/values/range-bodies.ts';
import { enclosingLoops } from '../../golang/values/variables.ts';
import type { LiveThread } from '../../target/index.ts';
import { type CodeOf, type CodeStatement, withoutStatements } from './function-code.ts';
import type { FrameHere, Goal, Walk } from './walk.ts';

/** How far the function around a loop's body is looked for: iterators may call each other. */
const STACK_DEPTH = 256;
/** Bodies of one function. */
const MOST_BODIES = 1000;

/** The function whose loop this is the body of. */
export const bodyHome = (name: string | undefined): string | undefined => loopFunction(name);

/** A frame that the step is about, known by its depth. */
interface Around {
  readonly pc: RuntimeAddress;
  readonly depth: number;
  readonly spDepth: number;
  readonly returnAddress: RuntimeAddress;
}

/**
 * Loops over functions (Go 1.23): their bodies are functions, called by the iterator. For `next` and `stepout` they are
 * a part of the function in which they are written.
 */
export class LoopBodies {
  /** The frame of the function itself. */
  #home: { readonly name: string; readonly depth: number } | undefined;
  /** If the step is in a body: its depth, and the frames around it, the nearest first, the function's own last. */
  #bodyDepth: number | undefined;
  #around: readonly Around[] = [];
  /** Looked up when a step lets everything run. */
  #entries: readonly RuntimeAddress[] | undefined;
  #code: CodeOf | undefined;

  /** The step is in this frame now. */
  enter(walk: Walk, frame: FrameHere): void {
    const { name } = frame.code;
    const home = bodyHome(name);
    this.#around = home === undefined ? [] : framesAround(walk);
    const outermost = this.#around.at(-1);
    this.#bodyDepth = outermost === undefined ? undefined : frame.depth;
    this.#home =
      name === undefined ? undefined : { name: home ?? name, depth: outermost?.depth ?? frame.depth };
    this.#entries = undefined;
    this.#code = walk.code;
  }

  isBody(frame: FrameHere): boolean {
    return frame.depth === this.#bodyDepth;
  }

  /** The function's own frame, while one of its bodies runs: nothing but its end is waited for. */
  home(frame: FrameHere): FrameHere {
    const outermost = this.#around.at(-1);
    if (outermost === undefined) return frame;
    return { ...outermost, code: withoutStatements(frame.code) };
  }

  /** Behind the prologues of the bodies. */
  get entries(): readonly RuntimeAddress[] {
    const home = this.#home;
    this.#entries ??=
      home === undefined || this.#code === undefined ? [] : bodyEntries(this.#code, home.name);
    return this.#entries;
  }

  /** Where iterators return to: the loops that the body is in are over. */
  returns(walk: Walk): readonly Omit<Goal<never>, 'tag'>[] {
    return this.#around.flatMap(({ pc, depth }) => {
      const accepts = (thread: LiveThread): boolean => {
        const cfa = walk.cfaOf(thread);
        return cfa !== undefined && walk.subject.depth(thread, cfa) <= depth;
      };
      return this.#ownPlaces(walk, pc).map((address) => ({ address, accepts }));
    });
  }

  /** Where a frame that the body was called from is in its own code again: an iterator may be inlined there. */
  #ownPlaces({ code }: Walk, pc: RuntimeAddress): readonly RuntimeAddress[] {
    const fn = code.at(runtimeAddress(pc - 1));
    const isOwn = (statement: CodeStatement | undefined): boolean => {
      const name = statement?.calls.innermost ?? fn?.name;
      return (bodyHome(name) ?? name) === this.#home?.name;
    };
    if (fn === undefined || isOwn(code.positionAt(runtimeAddress(pc - 1)))) return [pc];
    return fn.statements.filter(isOwn).map(({ address }) => address);
  }

  /** Whether the body at whose beginning the thread stands is called for the frame that the step is about. */
  belongs(walk: Walk): boolean {
    const home = framesAround(walk).at(-1);
    return home === undefined || home.depth === this.#home?.depth;
  }
}

function bodyEntries(code: CodeOf, home: string): readonly RuntimeAddress[] {
  const entries: RuntimeAddress[] = [];
  for (let i = 1; i <= MOST_BODIES; i++) {
    const found = code.entries(`${home}-range${i}`);
    if (found.length === 0) break;
    for (const entry of found) entries.push(code.at(entry)!.behindPrologue);
  }
  return entries;
}

function framesAround(walk: Walk): readonly Around[] {
  const { program } = walk.control;
  program.refresh();
  const { id } = walk.thread;
  const [frame, ...callers] = program.stackOfThread(id, STACK_DEPTH).frames;
  if (frame === undefined) return [];
  const known = enclosingLoops(program, frame, callers, id);
  const found = known.length > 0 ? known : nearestByName(frame, callers);
  return found.map((outer) => aroundOf(walk, outer));
}

/** Optimised code does not keep the closure that a body runs with: iterators are hardly ever of the same function. */
function nearestByName({ function: name }: Frame, callers: readonly Frame[]): readonly Frame[] {
  const home = bodyHome(name);
  if (home === undefined) return [];
  const end = callers.findIndex((caller) => caller.function === home);
  return callers
    .slice(0, end + 1)
    .filter((caller) => (bodyHome(caller.function) ?? caller.function) === home);
}

function aroundOf(walk: Walk, frame: Frame): Around {
  const { target } = walk.control;
  const { thread, subject } = walk;
  const slot = frame.returnAddressSlot;
  const sp = frame.registers[target.arch.dwarf.sp] ?? frame.cfa;
  return {
    pc: frame.pc,
    depth: subject.depth(thread, frame.cfa),
    spDepth: subject.depth(thread, sp),
    returnAddress: slot === 0 ? runtimeAddress(0) : target.memory.pointer(slot),
  };
}
