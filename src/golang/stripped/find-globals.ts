import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Memory, Module, Target } from '../../target/index.ts';
import { ALL_GS, ALL_MS, ALL_PS, FIRST_MODULE } from '../runtime-facts/globals.ts';
import type { Layouts } from '../runtime-facts/layouts.ts';
import { G, M, ModuleData, P } from '../runtime-facts/structs.ts';

/**
 * Finds the runtime's variables in a binary that has neither symbols nor DWARF: the module's writable data is looked
 * through for words that can only be them.
 *
 *   allgs            a slice whose first element is the g with goid 1, started with runtime.main (proc.go, rt0_go)
 *   allm             the m from which alllink leads through the most m's, each with `m.g0.m == m`
 *   allp             a slice of p with ids 0, 1, 2…, the m of each being 0 or one of those
 *   firstmoduledata  begins with a pointer to pclntab, and names the text that the function table begins with
 *
 * So a layout that is not this binary's shows itself by nothing being found.
 */
export function findGlobals(
  target: Target,
  module: Module,
  layouts: Layouts,
): ReadonlyMap<string, RuntimeAddress> {
  return new GlobalSearch(target, module, layouts).run();
}

const CHUNK = 1 << 16;
/** More data than this is no Go program's own variables. */
const LONGEST_DATA = 1 << 28;
const MAX_PROCESSORS = 4096;
const MAX_MACHINES = 1_000_000;

class GlobalSearch {
  readonly #memory: Memory;
  readonly #target: Target;
  readonly #module: Module;
  readonly #layouts: Layouts;
  readonly #mainEntries: ReadonlySet<number>;
  readonly #chains = new Map<number, number>();

  constructor(target: Target, module: Module, layouts: Layouts) {
    this.#memory = target.memory;
    this.#target = target;
    this.#module = module;
    this.#layouts = layouts;
    const functions = module.image?.functions;
    this.#mainEntries = new Set(
      (functions?.byName('runtime.main') ?? []).map((index) => module.toRuntime(functions!.entry(index))),
    );
  }

  run(): ReadonlyMap<string, RuntimeAddress> {
    const found = new Map<string, RuntimeAddress>();
    let longest = 0;
    this.#eachWord((at, word) => {
      if (!found.has(ALL_GS.name) && this.#isAllgs(at, word)) found.set(ALL_GS.name, at);
      if (!found.has(FIRST_MODULE.name) && this.#isModuleData(at, word)) found.set(FIRST_MODULE.name, at);
      const chain = this.#machineChain(word);
      if (chain > longest) {
        longest = chain;
        found.set(ALL_MS.name, at);
      }
    });
    this.#eachWord((at, word) => {
      if (!found.has(ALL_PS.name) && this.#isAllp(at, word)) found.set(ALL_PS.name, at);
    });
    return found;
  }

  /** Every non-zero, aligned word of the module's writable data that could be a pointer. */
  #eachWord(visit: (at: RuntimeAddress, word: number) => void): void {
    for (const segment of this.#module.image?.segments ?? []) {
      if (!segment.writable) continue;
      const start = this.#module.toRuntime(segment.address);
      const end = start + Math.min(segment.memorySize, LONGEST_DATA);
      for (let chunk = Math.ceil(start / 8) * 8; chunk < end; chunk += CHUNK) {
        const bytes = this.#memory.readUpTo(runtimeAddress(chunk), Math.min(CHUNK, end - chunk));
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        for (let i = 0; i + 8 <= bytes.length; i += 8) {
          const high = view.getUint32(i + 4, true);
          const low = view.getUint32(i, true);
          if (high < 0x10000 && (low & 7) === 0 && (high !== 0 || low >= 4096)) {
            visit(runtimeAddress(chunk + i), high * 2 ** 32 + low);
          }
        }
      }
    }
  }

  #isAllgs(at: number, array: number): boolean {
    const length = this.#word(at + 8) ?? 0;
    const capacity = this.#word(at + 16) ?? 0;
    if (length < 1 || capacity < length || capacity > 2 ** 32) return false;
    const first = this.#word(array);
    if (first === undefined || first === 0 || this.#word(array + length * 8 - 8) === undefined) return false;
    const g = this.#layouts.of(G);
    return this.#word(first + g.goid) === 1 && this.#mainEntries.has(this.#word(first + g.startPc) ?? 0);
  }

  /** How many m's follow from a pointer to one; 0: it is none. */
  #machineChain(machine: number): number {
    const known = this.#chains.get(machine);
    if (known !== undefined) return known;
    const m = this.#layouts.of(M);
    let length = 0;
    const seen = new Set<number>();
    let current = machine;
    while (current !== 0 && !seen.has(current) && length < MAX_MACHINES && this.#isMachine(current, m.g0)) {
      seen.add(current);
      length++;
      current = this.#word(current + m.allLink) ?? 0;
    }
    if (length > 0) this.#chains.set(machine, length);
    return length;
  }

  #isMachine(machine: number, g0: number): boolean {
    const g = this.#word(machine + g0);
    if (g === undefined || g === 0 || g % 8 !== 0) return false;
    return this.#word(g + this.#layouts.of(G).m) === machine;
  }

  #isAllp(at: number, array: number): boolean {
    const length = this.#word(at + 8) ?? 0;
    const capacity = this.#word(at + 16) ?? 0;
    if (length < 1 || capacity < length || length > MAX_PROCESSORS) return false;
    const p = this.#layouts.tryOf(P);
    if (p === undefined) return false;
    for (let i = 0; i < length; i++) {
      const processor = this.#word(array + i * 8);
      if (processor === undefined || processor === 0 || processor % 8 !== 0) return false;
      if (this.#memory.tryRead(runtimeAddress(processor), p.m + 8) === undefined) return false;
      if (this.#memory.int32(runtimeAddress(processor + p.id)) !== i) return false;
      const machine = this.#word(processor + p.m) ?? 0;
      if (machine !== 0 && !this.#isMachine(machine, this.#layouts.of(M).g0)) return false;
    }
    return true;
  }

  #isModuleData(at: number, header: number): boolean {
    const layout = this.#layouts.tryOf(ModuleData);
    const functions = this.#module.image?.functions;
    if (layout === undefined || functions === undefined || layout.pcHeader !== 0) return false;
    if (this.#word(at + layout.text) !== this.#module.toRuntime(functions.textStart)) return false;
    return this.#target.modules.at(runtimeAddress(header)) === this.#module;
  }

  #word(address: number): number | undefined {
    const at = runtimeAddress(address);
    return this.#memory.tryRead(at, 8) === undefined ? undefined : this.#memory.uint64(at);
  }
}
