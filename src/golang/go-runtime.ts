import { decodeText, type RuntimeAddress, runtimeAddress, UserError } from '../base/index.ts';
import type { Image } from '../image/index.ts';
import type { Memory, Module, Target } from '../target/index.ts';
import { goMinor } from './go-version.ts';
import type { GlobalFacts, Layout, StructFacts } from './runtime-facts/form.ts';
import { dwarfLayouts, Layouts } from './runtime-facts/layouts.ts';
import { tableLayouts } from './runtime-facts/table-layouts.ts';
import { findGlobals } from './stripped/find-globals.ts';

/** Longest text of the runtime's own that is believed. */
const MAX_TEXT = 1 << 20;

/**
 * Go's runtime inside one target: which module holds it, which version it is, where its variables are and how
 * its structs are laid out.
 */
export class GoRuntime {
  readonly target: Target;
  readonly memory: Memory;
  readonly module: Module;
  readonly image: Image;
  readonly version: string;
  /** 26 for go1.26. */
  readonly minor: number | undefined;
  readonly layouts: Layouts;
  readonly #globals = new Map<string, RuntimeAddress | undefined>();
  #found: ReadonlyMap<string, RuntimeAddress> | undefined;

  constructor(target: Target, module: Module, image: Image, layouts: Layouts, version: string) {
    this.target = target;
    this.memory = target.memory;
    this.module = module;
    this.image = image;
    this.version = version;
    this.minor = goMinor(version);
    this.layouts = layouts;
  }

  layout<S extends StructFacts>(struct: S): Layout<S> {
    return this.layouts.of(struct);
  }

  /** Address of a package variable. */
  global(facts: GlobalFacts): RuntimeAddress {
    const address = this.tryGlobal(facts);
    if (address !== undefined) return address;
    const { kind } = this.target;
    throw new UserError(
      kind === 'core'
        ? `${this.module.path} has no variable ${facts.name}: it has neither symbols nor debug information`
        : `${facts.name} is not to be found in a stripped program whose runtime has not started, or is not known`,
      kind === 'core' ? 'open the binary before it was stripped' : 'let it run first',
    );
  }

  tryGlobal(facts: GlobalFacts): RuntimeAddress | undefined {
    if (this.#globals.has(facts.name)) return this.#globals.get(facts.name);
    const linked =
      this.image.debugInfo?.globalNamed(facts.name)?.address ??
      this.image.symbols.byName(facts.name)?.address;
    const address = linked === undefined ? this.#searched(facts.name) : this.module.toRuntime(linked);
    this.#globals.set(facts.name, address);
    return address;
  }

  /** Variables that were searched for and not found: the runtime may not have made them yet. */
  refresh(): void {
    if (this.layouts.kind === 'dwarf') return;
    const found = this.#found;
    this.#found = undefined;
    for (const [name, address] of this.#globals) {
      if (address === undefined || found?.get(name) === address) this.#globals.delete(name);
    }
  }

  /** In a stripped binary the data itself tells where some variables are. */
  #searched(name: string): RuntimeAddress | undefined {
    if (this.layouts.kind === 'dwarf') return undefined;
    this.#found ??= findGlobals(this.target, this.module, this.layouts);
    return this.#found.get(name);
  }

  /** The Go string whose header {pointer, length} stands at an address. */
  stringAt(header: RuntimeAddress, limit = MAX_TEXT): string | undefined {
    const { memory } = this;
    if (memory.tryRead(header, 16) === undefined) return undefined;
    const length = memory.uint64(runtimeAddress(header + 8));
    const data = memory.pointer(header);
    if (length === 0) return '';
    const bytes = length <= limit ? memory.tryRead(data, length) : undefined;
    return bytes === undefined ? undefined : decodeText(bytes);
  }
}

/** Says which process it is: several may be looked at at once. */
export function noGoRuntime({ process: { executable, pid } }: Target, remedy?: string): UserError {
  const what = executable ?? 'this program';
  return new UserError(`${what}${pid ? ` (process ${pid})` : ''} has no Go runtime`, remedy);
}

/** undefined: no module of the target holds a Go runtime. */
export function findGoRuntime(target: Target): GoRuntime | undefined {
  for (const module of target.modules.all) {
    const image = module.image;
    if (image?.functions === undefined) continue;
    const version = image.buildInfo?.goVersion ?? 'an unknown Go';
    const source =
      image.debugInfo === undefined
        ? tableLayouts(goMinor(version) ?? Infinity, target.arch.name)
        : dwarfLayouts(image.debugInfo);
    return new GoRuntime(target, module, image, new Layouts(source, version), version);
  }
  return undefined;
}
