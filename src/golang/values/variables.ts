import {
  type LinkedAddress,
  MattockError,
  type RuntimeAddress,
  runtimeAddress,
  type ThreadId,
} from '../../base/index.ts';
import type { FunctionInfo, PcRange, Type, VariableInfo } from '../../image/index.ts';
import type { Frame } from '../frame.ts';
import type { Program } from '../program.ts';
import { placeOfVariable, type VariableContext } from './location.ts';
import type { Place } from './place.ts';
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

/** cmd/compile's own: the dictionary of a generic function, and the closure of a nested one. */
const DICTIONARY = '.dict';
/** Variables of the rewrite of loops over functions (cmd/compile/internal/rangefunc). */
const HIDDEN = /^(?:\.dict|\.closureptr|#.*)$/;

/**
 * Parameters, results and local variables that are visible in a frame, outer ones before inner ones. `thread` is
 * the one whose registers the frame may be in. Without debug information there are none.
 */
export function variablesAt(
  program: Program,
  frame: Frame,
  thread: ThreadId | undefined,
): readonly FrameVariable[] {
  const { module } = frame;
  const debugInfo = module?.image?.debugInfo;
  if (module === undefined || debugInfo === undefined) return [];
  const pc = module.toLinked(frame.lookupPc);
  const outermost = debugInfo.functionAt(pc);
  if (outermost === undefined) return [];
  const level = inlinedLevel(outermost, frame, pc);
  if (level === undefined) return [];
  const context: VariableContext = { program, frame, thread, module, pc, frameBase: outermost.frameBase };
  const dictionary = dictionaryOf(context, outermost);
  const visible = level.variables.filter((variable) => isVisible(variable, frame, pc));
  const found = visible.sort(byDepthAndLine).map((variable) => resolve(context, variable, dictionary));
  return found.map((variable, at) => ({
    ...variable,
    shadowed: found.findLastIndex((other) => other.name === variable.name) !== at,
  }));
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
): Omit<FrameVariable, 'shadowed'> {
  const { name, role, escaped, declaredLine } = variable;
  const pointed = escaped ? targetOf(variable.type) : undefined;
  const place = placeOf(context, variable, variable.type.size);
  if (pointed === undefined) {
    const type = realType(context.program, variable.type, dictionary);
    return { name, role, escaped, declaredLine, type, place };
  }
  const type = realType(context.program, pointed, dictionary);
  return { name, role, escaped, declaredLine, type, place: behind(context, place) };
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
 * Before its first instruction a closure has copied nothing: what it captured is still in its object, to which the
 * context register points (cmd/compile/abi-internal.md). That is how a deferred call looks before it is made.
 */
function placeInClosure({ program, frame }: VariableContext, variable: VariableInfo): Place | undefined {
  const closure = frame.registers[program.target.arch.dwarf.closure];
  if (variable.closureOffset === undefined || closure === undefined || frame.pc !== frame.entry)
    return undefined;
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
  const place = placeOf(context, variable, variable.type.size);
  if (place.kind === 'none') return undefined;
  return Source.at(context.program.target.memory, place).pointer(0);
}

function realType(program: Program, type: Type, dictionary: RuntimeAddress | undefined): Type {
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
