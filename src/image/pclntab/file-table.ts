import type { PagedBytes } from '../../base/index.ts';
import { decodeText, indexOfBytes } from '../../base/index.ts';

/** A compilation unit's file that the linker dropped. */
const NO_FILE = 0xffffffff;

/** Source files: `units` (runtime cutab) maps a unit's file numbers to offsets of paths in `files` (filetab). */
export class FileTable {
  readonly #files: PagedBytes;
  readonly #units: PagedBytes;
  readonly #names = new Map<number, string>();

  constructor(files: PagedBytes, units: PagedBytes) {
    this.#files = files;
    this.#units = units;
  }

  /** The path of file `number` in the unit at `unit` (runtime.funcfile); undefined: not recorded. */
  name(unit: number, number: number): string | undefined {
    if (unit === NO_FILE) return undefined;
    const offset = this.#units.uint32((unit + number) * 4);
    if (offset === NO_FILE) return undefined;
    const known = this.#names.get(offset);
    if (known !== undefined) return known;
    const name = this.#files.cString(offset);
    this.#names.set(offset, name);
    return name;
  }

  /** What stands for the path of file `number` in a unit: equal for equal paths; NO_FILE: not recorded. */
  pathOffset(unit: number, number: number): number {
    return unit === NO_FILE ? NO_FILE : this.#units.uint32((unit + number) * 4);
  }

  /** The same of a path; -1: no unit has it. */
  offsetOf(path: string): number {
    const bytes = this.#files.whole();
    const needle = new TextEncoder().encode(`\0${path}\0`);
    const unpreceded = needle.subarray(1);
    if (indexOfBytes(bytes, unpreceded, 0, unpreceded.length) === 0) return 0;
    const at = indexOfBytes(bytes, needle);
    return at < 0 ? -1 : at + 1;
  }

  /** Every path, each once, in the table's order. */
  all(): readonly string[] {
    const bytes = this.#files.readOnce();
    const names = new Set<string>();
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(0, at);
      if (end < 0) break;
      if (end > at) names.add(decodeText(bytes, at, end));
      at = end + 1;
    }
    return [...names];
  }
}
