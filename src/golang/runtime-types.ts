import { decodeText, type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import type { Type } from '../image/index.ts';
import type { GoRuntime } from './go-runtime.ts';
import { TFLAG_EXTRA_STAR } from './runtime-facts/constants.ts';
import { FIRST_MODULE } from './runtime-facts/globals.ts';
import { AbiType, ModuleData } from './runtime-facts/structs.ts';

const LONGEST_NAME = 1 << 16;
const MAX_MODULES = 1000;

/** Types by the address of their `runtime._type`: from DWARF, and their names from the runtime's own data. */
export class RuntimeTypes {
  readonly #runtime: GoRuntime;
  readonly #names = new Map<number, string | undefined>();

  constructor(runtime: GoRuntime) {
    this.#runtime = runtime;
  }

  /** What no module could name may be in one that has been loaded since. */
  refresh(): void {
    for (const [address, name] of this.#names) if (name === undefined) this.#names.delete(address);
  }

  typeAt(address: RuntimeAddress): Type | undefined {
    const { module, image, target } = this.#runtime;
    const home = target.modules.at(address) ?? module;
    return (home.image ?? image).debugInfo?.typeOfRuntimeType(home.toLinked(address));
  }

  /** With the package's path if DWARF tells it, else with its name only, as `%T` prints it. */
  nameAt(address: RuntimeAddress): string | undefined {
    if (address === 0) return undefined;
    if (!this.#names.has(address)) {
      this.#names.set(address, this.typeAt(address)?.name ?? this.ownName(address));
    }
    return this.#names.get(address);
  }

  /**
   * `_type.str`: an offset from moduledata.types to flags (1 byte), the length (varint) and the text
   * (internal/abi/type.go, Name); tflagExtraStar says that the text has a `*` too many in front.
   */
  ownName(address: RuntimeAddress): string | undefined {
    const { memory, layouts } = this.#runtime;
    const layout = layouts.tryOf(AbiType);
    const types = this.#typesBase(address);
    if (layout === undefined || types === undefined) return undefined;
    if (memory.tryRead(address, layout.size) === undefined) return undefined;
    const extraStar = (memory.uint8(runtimeAddress(address + layout.tflag)) & TFLAG_EXTRA_STAR) !== 0;
    const start = types + memory.int32(runtimeAddress(address + layout.nameOffset)) + 1;
    const head = memory.readUpTo(runtimeAddress(start), 10);
    let length = 0;
    let size = 0;
    for (let shift = 0; size < head.length; shift += 7) {
      const byte = head[size++]!;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (length > LONGEST_NAME) return undefined;
    const text = memory.tryRead(runtimeAddress(start + size), length);
    if (text === undefined) return undefined;
    const name = decodeText(text);
    return extraStar && name.startsWith('*') ? name.slice(1) : name;
  }

  /** moduledata.types of the module whose types an address is among. */
  #typesBase(address: number): number | undefined {
    const { memory, layouts } = this.#runtime;
    const layout = layouts.tryOf(ModuleData);
    let moduleData: number = this.#runtime.tryGlobal(FIRST_MODULE) ?? 0;
    if (layout === undefined) return undefined;
    for (let i = 0; moduleData !== 0 && i < MAX_MODULES; i++) {
      const types = memory.uint64(runtimeAddress(moduleData + layout.types));
      const etypes = memory.uint64(runtimeAddress(moduleData + layout.etypes));
      if (address >= types && address < etypes) return types;
      moduleData = memory.uint64(runtimeAddress(moduleData + layout.next));
    }
    return undefined;
  }
}
