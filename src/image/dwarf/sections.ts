import { DataError, Reader } from '../../base/index.ts';

const INFO = '.debug_info';
/** What is read at an offset is mostly this near to it. */
const AHEAD = 1 << 16;
/**
 * Package main comes first in all sections. Where .debug_info has 40 MB, the types are in its first quarter, and the
 * packages that main itself imports in its first third.
 */
const SHARES: readonly number[] = [0.15, 0.45];
const INFO_SHARES: readonly number[] = [0.45];

/** What DWARF needs of a binary. */
export interface DebugSource {
  /** The binary's name, for messages. */
  readonly file: string;
  readonly pointerSize: 8;
  /** A section's contents, inflated; undefined if there is none. Asked once per section. */
  section(name: string): Uint8Array | undefined;
  /** A share of a section from its beginning, if that has the first `wanted` bytes and costs less than all. */
  beginning?(
    name: string,
    which: { readonly share: number; readonly wanted: number },
  ): SectionStart | undefined;
  /**
   * What DW_AT_go_runtime_type counts from: `runtime.types` (moduledata.types). The linker writes these as
   * R_ADDROFF, cmd/link/internal/ld/dwarf.go. undefined if it is not known.
   */
  typesBase(): number | undefined;
  /** The name that pclntab has for the function at a pc: with it, one function is found without reading its unit. */
  functionName?(pc: number): string | undefined;
}

export interface SectionStart {
  readonly bytes: Uint8Array;
  /** Of the whole section. */
  readonly size: number;
}

/**
 * The debug sections, each inflated when it is first used and then kept. Every whole one ends in a NUL byte: one that
 * does not gets one, so that scanning for the end of a string stays inside without a check per byte.
 *
 * Of those whose beginning is mostly enough (Go's linker puts package main and the runtime first) no more is inflated
 * than is asked for: inflating is a third of what opening a large program takes.
 */
export class Sections {
  readonly file: string;
  readonly #source: DebugSource;
  readonly #whole = new Map<string, Uint8Array | undefined>();
  readonly #starts = new Map<string, SectionStart>();
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

  /** Size of .debug_info, with .debug_types (DWARF 4) behind it, if there is one. */
  get infoAndTypesSize(): number {
    return this.sizeOf(INFO);
  }

  has(name: string): boolean {
    return this.#reach(name, 0) !== undefined;
  }

  /** Of a section that something else points into, inflated. */
  sizeOf(name: string): number {
    return this.#starts.get(name)?.size ?? this.bytes(name).length;
  }

  /** Size of .debug_info itself. */
  get infoSize(): number {
    const start = this.#starts.get(INFO);
    if (start !== undefined) return start.size;
    this.find(INFO);
    return this.#infoSize;
  }

  /** .debug_info as far as `reachInfo` has been asked for it: every unit that was read is in it. */
  get info(): Uint8Array {
    return this.#starts.get(INFO)?.bytes ?? this.bytes(INFO);
  }

  /** Has .debug_info inflated up to an offset. False: there is none. */
  reachInfo(end: number): boolean {
    return this.#reach(INFO, end) !== undefined;
  }

  find(name: string): Uint8Array | undefined {
    if (this.#whole.has(name)) return this.#whole.get(name);
    let bytes = this.#source.section(name);
    if (name === INFO && bytes !== undefined) {
      this.#infoSize = bytes.length;
      bytes = joined(bytes, this.find('.debug_types'));
    }
    const kept = bytes === undefined || bytes.length === 0 ? undefined : withFinalNul(bytes);
    this.#whole.set(name, kept);
    this.#starts.delete(name);
    this.#readers.delete(name);
    return kept;
  }

  /** As `find`, for a section that something else points into. */
  bytes(name: string): Uint8Array {
    return this.#existing(name, this.find(name));
  }

  /**
   * The section's one cursor, moved to `offset`: for reading there and then, never to be kept. In .debug_info that is
   * inside a unit which has been read.
   */
  at(name: string, offset: number): Reader {
    const reader = this.#readers.get(name);
    if (reader !== undefined && (name === INFO || !this.#starts.has(name))) return reader.seek(offset);
    return this.#reader(name, name === INFO ? this.info : this.bytes(name)).seek(offset);
  }

  /** As `at`, for something of a few bytes, or of `length`: no more of the section is inflated than that takes. */
  near(name: string, offset: number, length = AHEAD): Reader {
    const bytes = this.#existing(name, this.#reach(name, offset + length));
    return (this.#readers.get(name) ?? this.#reader(name, bytes)).seek(offset);
  }

  /** As `near`, for something that may be of any length. */
  read<T>(name: string, offset: number, read: (reader: Reader) => T): T {
    const reader = this.near(name, offset);
    if (!this.#starts.has(name)) return read(reader);
    try {
      return read(reader);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      // It may go on behind what is inflated.
      return read(this.at(name, offset));
    }
  }

  error(section: string, offset: number | undefined, problem: string): DataError {
    return new DataError({ file: this.file, section, ...(offset === undefined ? {} : { offset }) }, problem);
  }

  /** What is inflated of a section: its first `end` bytes, or all. */
  #reach(name: string, end: number): Uint8Array | undefined {
    if (this.#whole.has(name)) return this.#whole.get(name);
    const known = this.#starts.get(name);
    if (known !== undefined && known.bytes.length >= end) return known.bytes;
    const start = this.#isAlone(name) ? this.#larger(name, end, known?.bytes.length ?? 0) : undefined;
    if (start === undefined) return this.find(name);
    this.#starts.set(name, start);
    this.#readers.delete(name);
    return start.bytes;
  }

  /** What was inflated is inflated again: there are few steps. */
  #larger(name: string, end: number, known: number): SectionStart | undefined {
    for (const share of name === INFO ? INFO_SHARES : SHARES) {
      const start = this.#source.beginning?.(name, { share, wanted: Math.max(end, known + 1) });
      if (start !== undefined && start.bytes.length >= end) return start;
    }
    return undefined;
  }

  #isAlone(name: string): boolean {
    return name !== INFO || this.find('.debug_types') === undefined;
  }

  #reader(name: string, bytes: Uint8Array): Reader {
    const reader = new Reader(bytes, { file: this.file, section: name });
    this.#readers.set(name, reader);
    return reader;
  }

  #existing(name: string, bytes: Uint8Array | undefined): Uint8Array {
    if (bytes === undefined)
      throw this.error(name, undefined, 'the section is missing, but another refers to it');
    return bytes;
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
