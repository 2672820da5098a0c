import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Module, ModuleMap } from '../../target/index.ts';
import type { Location } from '../frame.ts';
import { functionRole } from '../runtime-facts/functions.ts';
import { type CodeFunction, CodePoint } from './code-point.ts';

/** A core of a million goroutines has few thousand addresses; a hostile one may have as many as it has stack words. */
const MAX_POINTS = 200_000;

/** Names code addresses. Everything is remembered per address: stacks meet the same few thousand again and again. */
export class CodeMap {
  readonly #target: { readonly modules: ModuleMap };
  readonly #exact = new Map<number, CodePoint>();
  readonly #afterCall = new Map<number, CodePoint>();
  readonly #functions = new Map<Module, Map<number, CodeFunction>>();

  /** Addresses that are not in the executable. */
  readonly #elsewhere = new Set<number>();
  #executable: Module | undefined;

  constructor(target: { readonly modules: ModuleMap }) {
    this.#target = target;
    this.#executable = target.modules.executable;
  }

  /**
   * The program has run: other libraries may be loaded. To ask which is not free, so what is in none, or in another
   * than the executable, is looked up again; what is known of functions is kept with their module.
   */
  refresh(): void {
    const { executable } = this.#target.modules;
    if (executable !== this.#executable) {
      this.#executable = executable;
      for (const kept of [this.#exact, this.#afterCall, this.#functions]) kept.clear();
    }
    for (const pc of this.#elsewhere) {
      this.#exact.delete(pc);
      this.#afterCall.delete(pc);
    }
    this.#elsewhere.clear();
  }

  /** At a pc that is about to be executed, or was when a signal came. */
  at(pc: number): CodePoint {
    return this.#exact.get(pc) ?? this.#make(this.#exact, pc, pc);
  }

  /** At a return address: asked one byte before, inside the call. */
  before(pc: number): CodePoint {
    return this.#afterCall.get(pc) ?? this.#make(this.#afterCall, pc, pc - 1);
  }

  locate(pc: RuntimeAddress, isReturnAddress: boolean): Location {
    return (isReturnAddress ? this.before(pc) : this.at(pc)).locations[0]!;
  }

  /** The Go function that starts at or covers an address. */
  functionAt(pc: number): CodeFunction | undefined {
    return this.at(pc).fn;
  }

  #make(points: Map<number, CodePoint>, pc: number, lookupPc: number): CodePoint {
    if (points.size >= MAX_POINTS) points.clear();
    if (this.#elsewhere.size >= MAX_POINTS) this.refresh();
    const module = lookupPc > 0 ? this.#target.modules.at(runtimeAddress(lookupPc)) : undefined;
    const point = new CodePoint({ pc, lookupPc, module, fn: module && this.#function(module, lookupPc) });
    points.set(pc, point);
    if (module === undefined || module !== this.#executable) this.#elsewhere.add(pc);
    return point;
  }

  #function(module: Module, pc: number): CodeFunction | undefined {
    const functions = module.image?.functions;
    if (functions === undefined) return undefined;
    const index = functions.find(module.toLinked(runtimeAddress(pc)));
    if (index < 0) return undefined;
    let known = this.#functions.get(module);
    if (known === undefined) {
      known = new Map();
      this.#functions.set(module, known);
    }
    let fn = known.get(index);
    if (fn === undefined) {
      const name = functions.name(index);
      const role = functionRole(name);
      const traits = functions.traits(index);
      fn = {
        module,
        index,
        name,
        entry: module.toRuntime(functions.entry(index)),
        traits,
        role,
        ordinary: role === 'ordinary' && !traits.topFrame,
      };
      known.set(index, fn);
    }
    return fn;
  }
}
