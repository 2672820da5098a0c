import {
  type LinkedAddress,
  MattockError,
  type RuntimeAddress,
  runtimeAddress,
  type ThreadId,
} from '../../base/index.ts';
import {
  type FunctionInfo,
  isBeforeBody,
  type PcRange,
  type Type,
  type VariableInfo,
} from '../../image/index.ts';
import type { Frame } from '../frame.ts';
import type { Program } from '../program.ts';
import { placeOfVariable, type VariableContext } from './location.ts';
import type { Place } from './place.ts';
import { type ClosureFacts, enclosingFrames, loopFunction } from './range-bodies.ts';
import { targetOf, underlying } from './shapes.ts';
import { Source } from './source.ts';

/** A variable as it is in one frame. */
export interface FrameVariable {
  readonly name: string;
  /** Its real type: type parameters are resolved, escaped variables are not pointers. */
  readonly type: Type;
  readonly role: VariableInfo['role'];
  readonly place: Place;
  /** It lives on the heap. */
  readonly escaped: boolean;
  /** An inner variable of that name hides it. */
  readonly shadowed: boolean;
  readonly declaredLine: number;
}

/** cmd/compile's own: the dictionary of a generic function, the closure that a nested one runs with. */
const DICTIONARY = '.dict';
const CLOSURE = '.closureptr';
/** Variables of the rewrite of loops over functions (cmd/compile/internal/rangefunc). */
const LOOP_BODY = '#yield';
const HIDDEN = /^(?:\.dict|\.closureptr|#.*)$/;

/** The function that a frame is in, as DWARF describes it, and what its locations are relative to. */
interface Described {
  readonly context: VariableContext;
  readonly outermost: FunctionInfo;
  /** The inlined function that the frame is, or the outermost itself. */
  readonly level: FunctionInfo;
}

/**
 * Parameters, results and local variables that are visible in a frame, outer ones before inner ones. `thread` is
 * the one whose registers the frame may be in, `callers` gives the frames behind it: in the body of a loop over
 * a function the variables around the loop are in one of them. Without debug information there are none.
 */
export function variablesAt(
  program: Program,
  frame: Frame,
  thread: ThreadId | undefined,
  callers: () => readonly Frame[] = () => [],
): readonly FrameVariable[] {
  const own = unshadowedAt(program, frame, thread);
  if (loopFunction(frame.function) === undefined) return withShadows(own);
  const facts = closureFacts(program, thread);
  const around = enclosingFrames(frame, callers(), facts).map((outer) =>
    unshadowedAt(program, outer, thread),
  );
  if (around.length === 0) return withShadows(own);
  // What a body captured is shown where it was declared.
  const levels = [own, ...around].map((level) => level.filter((variable) => !variable.captured));
  return withShadows(levels.reverse().flat());
}

type Found = Omit<FrameVariable, 'shadowed'> & { readonly captured: boolean };

function withShadows(found: readonly Found[]): readonly FrameVariable[] {
  return found.map(({ captured: _captured, ...variable }, at) => ({
    ...variable,
    shadowed: found.findLastIndex((other) => other.name === variable.name) !== at,
  }));
}

function unshadowedAt(program: Program, frame: Frame, thread: ThreadId | undefined): readonly Found[] {
  const described = describeFrame(program, frame, thread);
  if (described === undefined) return [];
  const { context, outermost, level } = described;
  const dictionary = dictionaryOf(context, outermost);
  const visible = level.variables.filter((variable) => isVisible(variable, frame, context.pc));
  const found = visible.sort(byDepthAndLine).map((variable) => resolve(context, variable, dictionary));
  if (loopFunction(frame.function) === undefined) return found;
  // The variables of a loop are parameters of its body.
  return found
    .filter(({ name }) => !name.startsWith('~'))
    .map((variable) => ({ ...variable, role: 'local' }));
}

/** The frames of the function, and of bodies, that the body of a loop over a function is in: the function's own last. */
export function enclosingLoops(
  program: Program,
  frame: Frame,
  callers: readonly Frame[],
  thread: ThreadId | undefined,
): readonly Frame[] {
  return enclosingFrames(frame, callers, closureFacts(program, thread));
}

/** What is declared where a frame is, for whoever finds the places himself. */
export interface Declared {
  /** Outer ones before inner ones: the last of a name is the one that is meant. */
  readonly variables: readonly VariableInfo[];
  /** DW_AT_frame_base of the function that holds the code. */
  readonly frameBase: Uint8Array;
}

/** Parameters, results and local variables that are visible in a frame; where they are is not looked at. */
export function declaredAt(program: Program, frame: Frame): Declared | undefined {
  const described = describeFrame(program, frame, undefined);
  if (described === undefined) return undefined;
  const { context, level } = described;
  const visible = level.variables.filter((variable) => isVisible(variable, frame, context.pc));
  return { variables: visible.sort(byDepthAndLine), frameBase: context.frameBase };
}

function describeFrame(program: Program, frame: Frame, thread: ThreadId | undefined): Described | undefined {
  const { module } = frame;
  const debugInfo = module?.image?.debugInfo;
  if (module === undefined || debugInfo === undefined) return undefined;
  const pc = module.toLinked(frame.lookupPc);
  const outermost = debugInfo.functionAt(pc);
  const level = outermost && inlinedLevel(outermost, frame, pc);
  if (outermost === undefined || level === undefined) return undefined;
  return {
    context: { program, frame, thread, module, pc, frameBase: outermost.frameBase },
    outermost,
    level,
  };
}

function closureFacts(program: Program, thread: ThreadId | undefined): ClosureFacts {
  const pointersNamed = (frame: Frame, isWanted: (name: string) => boolean): readonly number[] => {
    const described = describeFrame(program, frame, thread);
    if (described === undefined) return [];
    const { context, level } = described;
    return level.variables
      .filter(({ name }) => isWanted(name))
      .map((variable) => pointerIn(context, variable))
      .filter((pointer) => pointer !== undefined);
  };
  const { sp } = program.target.arch.dwarf;
  return {
    closureOf: (frame) => pointersNamed(frame, (name) => name === CLOSURE)[0],
    made: (frame, closure) => pointersNamed(frame, (name) => name.startsWith(LOOP_BODY)).includes(closure),
    stackPointer: (frame) => frame.registers[sp],
  };
}

/** The word that a variable of a pointer's size holds, through the pointer to it if it escaped. */
function pointerIn(context: VariableContext, variable: VariableInfo): number | undefined {
  const place = placeOf(context, variable, variable.type.size);
  const at = variable.escaped ? behind(context, place) : place;
  try {
    return at.kind === 'none' ? undefined : Source.at(context.program.target.memory, at).pointer(0);
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    return undefined;
  }
}

/** The expansion that an inlined frame is: its depth says how far in, its function's name confirms it. */
function inlinedLevel(outermost: FunctionInfo, frame: Frame, pc: LinkedAddress): FunctionInfo | undefined {
  if (frame.inlineDepth === 0) return outermost;
  const chain: FunctionInfo[] = [outermost];
  for (let level: FunctionInfo | undefined = outermost; level !== undefined; ) {
    level = level.inlined.find((inner) => covers(inner.ranges, pc));
    if (level !== undefined) chain.push(level);
  }
  const expected = chain[frame.inlineDepth];
  if (expected !== undefined && (frame.function === undefined || sameName(expected.name, frame.function))) {
    return expected;
  }
  return chain.findLast((level) => frame.function !== undefined && sameName(level.name, frame.function));
}

/** pclntab writes `F[...]` for every instance of a generic function. */
function sameName(dwarf: string, table: string): boolean {
  return dwarf === table || dwarf.replace(/\[.*\]/, '[...]') === table;
}

const covers = (ranges: readonly PcRange[], pc: number): boolean =>
  ranges.some((range) => pc >= range.from && pc < range.to);

/** A local begins to exist on the line after its declaration, one that a closure captured on the very line. */
function isVisible(variable: VariableInfo, frame: Frame, pc: LinkedAddress): boolean {
  if (HIDDEN.test(variable.name) || !covers(variable.scope, pc)) return false;
  if (variable.role !== 'local' || variable.declaredLine === 0) return true;
  const line = frame.position?.line ?? 0;
  return line >= variable.declaredLine + (variable.closureOffset === undefined ? 1 : 0);
}

function byDepthAndLine(a: VariableInfo, b: VariableInfo): number {
  const depth = (variable: VariableInfo): number => (variable.role === 'local' ? variable.depth + 1 : 0);
  return depth(a) - depth(b) || a.declaredLine - b.declaredLine;
}

function resolve(
  context: VariableContext,
  variable: VariableInfo,
  dictionary: RuntimeAddress | undefined,
): Found {
  const { name, role, escaped, declaredLine } = variable;
  const captured = variable.closureOffset !== undefined;
  const pointed = escaped ? targetOf(variable.type) : undefined;
  const place = placeOf(context, variable, variable.type.size);
  if (pointed === undefined) {
    const type = realType(context.program, variable.type, dictionary);
    return { name, role, escaped, declaredLine, captured, type, place };
  }
  const type = realType(context.program, pointed, dictionary);
  return { name, role, escaped, declaredLine, captured, type, place: behind(context, place) };
}

/** Where the pointer to an escaped variable leads. */
function behind(context: VariableContext, pointer: Place): Place {
  if (pointer.kind === 'none') return pointer;
  try {
    const address = Source.at(context.program.target.memory, pointer).pointer(0);
    if (address === 0) return { kind: 'none', reason: 'no address for escaped variable' };
    return { kind: 'memory', address };
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    return { kind: 'none', reason: error.message };
  }
}

/**
 * Where a variable is, asked with the pc of the call that a caller is in. What was in a register there may be in
 * its stack slot at the return address, where the call's clobbering of registers is accounted for. What cannot be
 * located says why, instead of failing the list.
 */
function placeOf(context: VariableContext, variable: VariableInfo, size: number): Place {
  const captured = placeInClosure(context, variable);
  if (captured !== undefined) return captured;
  const place = placeAt(context, variable, size, context.pc);
  const complete = place.kind === 'memory' || (place.kind === 'bytes' && !place.missing?.length);
  if (complete || context.frame.pc === context.frame.lookupPc) return place;
  const later = placeAt(context, variable, size, context.module.toLinked(context.frame.pc));
  // Where neither has it, the compiler gave it up: that its register is lost says less.
  return later.kind === 'memory' || (place.kind === 'none' && later.kind === 'none') ? later : place;
}

/**
 * Behind its prologue a closure has still copied nothing: what it captured is in its object, to which the context
 * register points (cmd/compile/abi-internal.md). So it looks at a breakpoint, and a deferred call before it is made.
 */
function placeInClosure(context: VariableContext, variable: VariableInfo): Place | undefined {
  const { program, frame, module } = context;
  const closure = frame.registers[program.target.arch.dwarf.closure];
  const { image } = module;
  const { entry } = frame;
  if (variable.closureOffset === undefined || closure === undefined || entry === undefined) return undefined;
  if (frame.pc !== entry) {
    if (frame.inlineDepth > 0 || image === undefined) return undefined;
    if (!isBeforeBody(image, module.toLinked(entry), context.pc)) return undefined;
  }
  return { kind: 'memory', address: runtimeAddress(closure + variable.closureOffset) };
}

function placeAt(context: VariableContext, variable: VariableInfo, size: number, pc: LinkedAddress): Place {
  try {
    return placeOfVariable(context, variable.locationAt(pc), size);
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    return { kind: 'none', reason: error.message };
  }
}

/**
 * A generic function is compiled once per shape; its dictionary, a parameter, points to the types that it was
 * called with (cmd/compile/internal/noder/reader.go, DW_AT_go_dict_index).
 */
function dictionaryOf(context: VariableContext, info: FunctionInfo): RuntimeAddress | undefined {
  const variable = info.variables.find((candidate) => candidate.name === DICTIONARY);
  if (variable === undefined) return undefined;
  const pointer = pointerIn(context, variable);
  return pointer === undefined ? undefined : runtimeAddress(pointer);
}

/** The same of a call that was seen: its program may have ended, with the addresses of its types. `dictionary` 0: not known. */
export function realTypeOfCall(program: Program, type: Type, dictionary: number): Type {
  if (dictionary === 0) return underlying(type);
  try {
    return realType(program, type, runtimeAddress(dictionary));
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    return underlying(type);
  }
}

/** The type that stands for a type parameter; its shape, if nothing tells. */
export function realType(program: Program, type: Type, dictionary: RuntimeAddress | undefined): Type {
  const { dictionaryIndex } = type;
  if (dictionaryIndex === undefined) return type;
  if (dictionary !== undefined && dictionary !== 0) {
    const word = program.target.memory.tryRead((dictionary + dictionaryIndex * 8) as RuntimeAddress, 8);
    if (word !== undefined) {
      const address = new DataView(word.buffer, word.byteOffset).getBigUint64(0, true);
      const real = program.typeAt(Number(address) as RuntimeAddress);
      if (real !== undefined) return real;
    }
  }
  return underlying(type);
}
