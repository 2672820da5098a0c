import { type LinkedAddress, linkedAddress, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import {
  bodyStart,
  type FunctionTable,
  funcIdName,
  type Image,
  PCDATA_INL_TREE_INDEX,
  type Statement,
} from '../../image/index.ts';
import type { Module, ModuleMap } from '../../target/index.ts';

/** Where a statement begins. */
export interface CodeStatement {
  readonly address: RuntimeAddress;
  readonly file: string;
  readonly line: number;
  /** Calls inlined there, the outermost first. */
  readonly calls: InlinedCalls;
}

/** Calls that are inlined at a pc. */
export interface InlinedCalls {
  /** `name@line of the call`, the outermost first. */
  readonly path: readonly string[];
  /** Tells calls of one function on one line apart: the innermost one's index in the function's inlining tree. */
  readonly instance: number;
  /** The function whose source is there. */
  readonly innermost: string | undefined;
}

/** A function's machine code as stepping sees it. */
export interface FunctionCode {
  readonly name: string | undefined;
  readonly entry: RuntimeAddress;
  readonly end: RuntimeAddress;
  readonly behindPrologue: RuntimeAddress;
  /** The compiler wrote it, to call another one: gowrap, method values, methods of embedded fields. */
  readonly wrapper: boolean;
  readonly statements: readonly CodeStatement[];
}

/** More places of a module than this are not kept. */
const MOST_POSITIONS = 4096;

/** Functions' code, each made out once and kept for as long as its module is loaded. */
export class CodeOf {
  readonly #modules: ModuleMap;
  readonly #known = new WeakMap<Module, Map<number, FunctionCode>>();
  readonly #entries = new WeakMap<Module, Map<string, readonly RuntimeAddress[]>>();
  readonly #positions = new WeakMap<Module, Map<number, CodeStatement | undefined>>();
  readonly #frameSizes = new WeakMap<Module, Map<number, number | undefined>>();
  /** What was found last: the next address is mostly in the same function. */
  #last: { readonly module: Module; readonly code: FunctionCode } | undefined;

  constructor(modules: ModuleMap) {
    this.#modules = modules;
  }

  /** The function that covers an address; undefined: no binary knows it. */
  at(pc: RuntimeAddress): FunctionCode | undefined {
    const module = this.#modules.at(pc);
    const image = module?.image;
    if (module === undefined || image === undefined) return undefined;
    const last = this.#last;
    if (last?.module === module && last.code.entry <= pc && pc < last.code.end) return last.code;
    const bounds = boundsOf(image, module.toLinked(pc));
    if (bounds === undefined) return undefined;
    const known = kept(this.#known, module);
    const code = known.get(bounds.from) ?? new KnownCode(module, image, bounds);
    known.set(bounds.from, code);
    this.#last = { module, code };
    return code;
  }

  /** Where Go functions of that very name begin. */
  entries(name: string): readonly RuntimeAddress[] {
    return this.#modules.all.flatMap((module) => this.#entriesIn(module, name));
  }

  /** Source and inlined calls at a pc, a statement's beginning or not. */
  positionAt(pc: RuntimeAddress): CodeStatement | undefined {
    const module = this.#modules.at(pc);
    const image = module?.image;
    if (module === undefined || image === undefined) return undefined;
    const known = kept(this.#positions, module);
    if (known.has(pc)) return known.get(pc);
    if (known.size >= MOST_POSITIONS) known.clear();
    const statement = statementAt(module, image, pc);
    known.set(pc, statement);
    return statement;
  }

  /**
   * How far the stack pointer is from where it was when the function was entered, in Go's functions that do not set it
   * themselves. Call frame information is made of the same table (cmd/link/internal/ld/dwarf.go, writeframes), but is much
   * more to read at first.
   */
  frameSizeAt(pc: RuntimeAddress): number | undefined {
    const module = this.#modules.at(pc);
    const functions = module?.image?.functions;
    if (module === undefined || functions === undefined) return undefined;
    const known = kept(this.#frameSizes, module);
    if (known.has(pc)) return known.get(pc);
    if (known.size >= MOST_POSITIONS) known.clear();
    const linked = module.toLinked(pc);
    const index = functions.find(linked);
    const size = index < 0 || functions.traits(index).writesSp ? undefined : functions.spDelta(linked);
    known.set(pc, size);
    return size;
  }

  #entriesIn(module: Module, name: string): readonly RuntimeAddress[] {
    const functions = module.image?.functions;
    if (functions === undefined) return [];
    const known = kept(this.#entries, module);
    const entries =
      known.get(name) ?? functions.byName(name).map((index) => module.toRuntime(functions.entry(index)));
    known.set(name, entries);
    return entries;
  }
}

function statementAt(module: Module, image: Image, pc: RuntimeAddress): CodeStatement | undefined {
  const linked = module.toLinked(pc);
  const position = image.functions?.position(linked) ?? image.debugInfo?.lines.position(linked);
  return position && { address: pc, ...position, calls: inlinedCalls(image.functions, linked) };
}

function kept<K, V>(maps: WeakMap<Module, Map<K, V>>, module: Module): Map<K, V> {
  const map = maps.get(module) ?? new Map<K, V>();
  maps.set(module, map);
  return map;
}

/** Code that no binary describes, where the pc is: it can be left only. */
export const unknownCode = (pc: RuntimeAddress): FunctionCode => ({
  name: undefined,
  entry: pc,
  end: pc,
  behindPrologue: pc,
  wrapper: false,
  statements: [],
});

/** The same function, in which no statement is waited for. */
export const withoutStatements = ({
  name,
  entry,
  end,
  behindPrologue,
  wrapper,
}: FunctionCode): FunctionCode => ({
  name,
  entry,
  end,
  behindPrologue,
  wrapper,
  statements: [],
});

interface Bounds {
  readonly from: LinkedAddress;
  readonly to: LinkedAddress;
  /** Of the function table; -1: C. */
  readonly index: number;
}

function boundsOf({ functions, debugInfo }: Image, linked: LinkedAddress): Bounds | undefined {
  const index = functions?.find(linked) ?? -1;
  if (index >= 0) return { from: functions!.entry(index), to: functions!.end(index), index };
  const range = debugInfo?.functionAt(linked)?.ranges.find(({ from, to }) => from <= linked && linked < to);
  return range && { ...range, index };
}

/** What asks the line table is found when it is asked for: of most functions that are called nobody wants to know. */
class KnownCode implements FunctionCode {
  readonly name: string | undefined;
  readonly entry: RuntimeAddress;
  readonly end: RuntimeAddress;
  readonly #module: Module;
  readonly #image: Image;
  readonly #bounds: Bounds;
  #behindPrologue: RuntimeAddress | undefined;
  #wrapper: boolean | undefined;
  #statements: readonly CodeStatement[] | undefined;

  constructor(module: Module, image: Image, bounds: Bounds) {
    const { from, to, index } = bounds;
    this.#module = module;
    this.#image = image;
    this.#bounds = bounds;
    this.name = index >= 0 ? image.functions!.name(index) : image.debugInfo?.functionAt(from)?.name;
    this.entry = module.toRuntime(from);
    this.end = module.toRuntime(to);
  }

  get behindPrologue(): RuntimeAddress {
    this.#behindPrologue ??= this.#module.toRuntime(bodyStart(this.#image, this.#bounds.from));
    return this.#behindPrologue;
  }

  get wrapper(): boolean {
    const { index } = this.#bounds;
    this.#wrapper ??= index >= 0 && isWrapper(this.#image, this.#image.functions!, index);
    return this.#wrapper;
  }

  get statements(): readonly CodeStatement[] {
    this.#statements ??= this.#findStatements();
    return this.#statements;
  }

  #findStatements(): readonly CodeStatement[] {
    const { functions, debugInfo } = this.#image;
    const { from, to } = this.#bounds;
    const found = debugInfo?.lines.statements(from, to) ?? [];
    const rows = found.length > 0 || functions === undefined ? found : linesByTable(functions, from, to);
    return rows.map(({ address, position }) => ({
      address: this.#module.toRuntime(address),
      ...position,
      calls: inlinedCalls(functions, address),
    }));
  }
}

/** abi.FuncIDWrapper; runtime.deferreturn has it too, but is none (runtime/panic.go says why it is marked). */
function isWrapper(image: Image, functions: FunctionTable, index: number): boolean {
  const version = image.buildInfo?.goVersion ?? '';
  if (functions.name(index).startsWith('runtime.')) return false;
  if (funcIdName(version, functions.traits(index).funcId) === 'wrapper') return true;
  return functions.position(functions.entry(index))?.file === '<autogenerated>';
}

/** Without DWARF: where pclntab's line changes. It changes at instructions only. */
function linesByTable(functions: FunctionTable, from: LinkedAddress, to: LinkedAddress): Statement[] {
  const rows: Statement[] = [];
  for (let address = from; address < to; address = linkedAddress(address + 1)) {
    const position = functions.position(address);
    const before = rows.at(-1)?.position;
    if (position === undefined || (position.line === before?.line && position.file === before.file)) continue;
    rows.push({ address, position });
  }
  return rows;
}

const NONE: InlinedCalls = { path: [], instance: -1, innermost: undefined };

function inlinedCalls(functions: FunctionTable | undefined, linked: LinkedAddress): InlinedCalls {
  const found = functions?.inlining(linked);
  if (found === undefined || found.inlined.length === 0) return NONE;
  const { inlined, outer } = found;
  const path = inlined.map(({ name }, i) => `${name}@${(inlined[i + 1]?.position ?? outer).line}`).reverse();
  const instance = functions!.pcdata(linked, PCDATA_INL_TREE_INDEX) ?? -1;
  return { path, instance, innermost: inlined[0]!.name };
}

/** Whether `outer` is the call that `inner` is in, or one around it. */
export function encloses(outer: InlinedCalls, inner: InlinedCalls): boolean {
  if (outer.path.length > inner.path.length) return false;
  if (outer.path.length === inner.path.length && outer.instance !== inner.instance) return false;
  return outer.path.every((call, i) => call === inner.path[i]);
}

/** An address as a brand, for arithmetic. */
export const addressOf = (value: number): RuntimeAddress => runtimeAddress(value);
