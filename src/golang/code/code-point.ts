import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { FunctionInfo, FunctionTraits, InlinedFunction, SourcePosition } from '../../image/index.ts';
import type { Module } from '../../target/index.ts';
import type { Location } from '../frame.ts';
import { type FunctionRole, isRuntimeInternal } from '../runtime-facts/functions.ts';

/** A Go function of the function table. */
export interface CodeFunction {
  readonly module: Module;
  readonly index: number;
  readonly name: string;
  readonly entry: RuntimeAddress;
  readonly traits: FunctionTraits;
  readonly role: FunctionRole;
  /** Calls and returns like any other, and something called it. */
  readonly ordinary: boolean;
}

/** One level of the source at a pc: the function that holds the code, or a call inlined into it. */
export interface CodeLevel {
  readonly function: string | undefined;
  readonly position: SourcePosition | undefined;
}

/** Everything that is ever asked about one code address; made once per address, so a list may ask a million times. */
export class CodePoint {
  readonly pc: RuntimeAddress;
  /** pc, or pc−1 if it is a return address. */
  readonly lookupPc: RuntimeAddress;
  readonly module: Module | undefined;
  /** undefined: not Go code. */
  readonly fn: CodeFunction | undefined;
  /** runtime.funcspdelta: from SP to where it was before the call (amd64: without the return address). */
  readonly spDelta: number | undefined;
  #levels: readonly CodeLevel[] | undefined;
  #locations: readonly Location[] | undefined;
  #user: Location | null | undefined;

  constructor(facts: {
    pc: number;
    lookupPc: number;
    module: Module | undefined;
    fn: CodeFunction | undefined;
  }) {
    this.pc = runtimeAddress(facts.pc);
    this.lookupPc = runtimeAddress(facts.lookupPc);
    this.module = facts.module;
    this.fn = facts.fn;
    this.spDelta =
      facts.fn === undefined
        ? undefined
        : facts.fn.module.image?.functions?.spDelta(facts.fn.module.toLinked(this.lookupPc));
  }

  /** Innermost inlined call first, the function that holds the code last; never empty. */
  get levels(): readonly CodeLevel[] {
    this.#levels ??= this.fn === undefined ? this.#foreignLevels() : this.#goLevels(this.fn);
    return this.#levels;
  }

  /** The levels as locations, each made once. */
  get locations(): readonly Location[] {
    this.#locations ??= this.levels.map((level) => ({ pc: this.pc, ...level }));
    return this.#locations;
  }

  /** The innermost level that is the user's code. */
  get userLocation(): Location | undefined {
    if (this.#user === undefined) {
      this.#user =
        this.locations.find(({ function: name }) => name !== undefined && !isRuntimeInternal(name)) ?? null;
    }
    return this.#user ?? undefined;
  }

  #goLevels(fn: CodeFunction): readonly CodeLevel[] {
    const functions = fn.module.image!.functions!;
    const linked = fn.module.toLinked(this.lookupPc);
    const inlining = functions.inlining(linked);
    if (inlining === undefined || inlining.inlined.length === 0) {
      return [{ function: fn.name, position: functions.position(linked) }];
    }
    const levels: CodeLevel[] = inlining.inlined.map(({ name, position }) => ({ function: name, position }));
    levels.push({ function: fn.name, position: inlining.outer });
    return levels;
  }

  /** C, the vDSO, or nothing that has a name. */
  #foreignLevels(): readonly CodeLevel[] {
    const image = this.module?.image;
    if (image === undefined || this.module === undefined) {
      return [{ function: undefined, position: undefined }];
    }
    const linked = this.module.toLinked(this.lookupPc);
    const info = image.debugInfo;
    const levels: { function: string | undefined; position: SourcePosition | undefined }[] = [];
    let position = info?.lines.position(linked);
    let fn: FunctionInfo | undefined = info?.functionAt(linked);
    const chain: FunctionInfo[] = [];
    while (fn !== undefined) {
      chain.push(fn);
      fn = fn.inlined.find(({ ranges }) => ranges.some(({ from, to }) => from <= linked && linked < to));
    }
    for (const level of chain.reverse()) {
      levels.push({ function: level.name, position });
      if ('call' in level) position = (level as InlinedFunction).call;
    }
    if (levels.length > 0) return levels;
    return [{ function: image.symbols.at(linked)?.name, position }];
  }
}
