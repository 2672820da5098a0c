import { DataError, Reader } from '../../base/index.ts';

const INFO = '.debug_info';

/** What DWARF needs of a binary. */
export interface DebugSource {
  /** The binary's name, for messages. */
  readonly file: string;
  readonly pointerSize: 8;
  /** A section's contents, inflated; undefined if there is none. Asked once per section. */
  section(name: string): Uint8Array | undefined;
  /**
   * What DW_AT_go_runtime_type counts from: `runtime.types` (moduledata.types). The linker writes these as
   * R_ADDROFF, cmd/link/internal/ld/dwarf.go. undefined if it is not known.
   */
  typesBase(): number | undefined;
  /** The name that pclntab has for the function at a pc: with it, one function is found without reading its unit. */
  functionName?(pc: number): string | undefined;
}

/**
 * The debug sections, each inflated when it is first used and then kept. Every one ends in a NUL byte: one that
 * does not gets one, so that scanning for the end of a string stays inside without a check per byte.
 */
export class Sections {
  readonly file: string;
  readonly #source: DebugSource;
  readonly #bytes = new Map<string, Uint8Array | undefined>();
  readonly #readers = new Map<string, Reader>();
  #infoSize = 0;

  constructor(source: DebugSource) {
    this.file = source.file;
    this.#source = source;
  }

  functionName(pc: number): string | undefined {
    return this.#source.functionName?.(pc);
  }

  get typesBase(): number | undefined {
    return this.#source.typesBase();
  }

  /** Size of .debug_info itself: what `find` gives for it goes on with .debug_types (DWARF 4), if there is one. */
  get infoSize(): number {
    this.find(INFO);
    return this.#infoSize;
  }

  find(name: string): Uint8Array | undefined {
    if (this.#bytes.has(name)) return this.#bytes.get(name);
    let bytes = this.#source.section(name);
    if (name === INFO && bytes !== undefined) {
      this.#infoSize = bytes.length;
      bytes = joined(bytes, this.#source.section('.debug_types'));
    }
    const kept = bytes === undefined || bytes.length === 0 ? undefined : withFinalNul(bytes);
    this.#bytes.set(name, kept);
    return kept;
  }

  /** As `find`, for a section that something else points into. */
  bytes(name: string): Uint8Array {
    const found = this.find(name);
    if (found === undefined)
      throw this.error(name, undefined, 'the section is missing, but another refers to it');
    return found;
  }

  /** The section's one cursor, moved to `offset`: for reading there and then, never to be kept. */
  at(name: string, offset: number): Reader {
    let reader = this.#readers.get(name);
    if (reader === undefined) {
      reader = new Reader(this.bytes(name), { file: this.file, section: name });
      this.#readers.set(name, reader);
    }
    return reader.seek(offset);
  }

  error(section: string, offset: number | undefined, problem: string): DataError {
    return new DataError({ file: this.file, section, ...(offset === undefined ? {} : { offset }) }, problem);
  }
}

function joined(first: Uint8Array, second: Uint8Array | undefined): Uint8Array {
  if (second === undefined || second.length === 0) return first;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function withFinalNul(bytes: Uint8Array): Uint8Array {
  if (bytes[bytes.length - 1] === 0) return bytes;
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  return longer;
}
