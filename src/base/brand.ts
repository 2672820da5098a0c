/**
 * Nominal number types for things that must not be mixed. All addresses are plain JavaScript numbers:
 * exact below 2^53, which holds every user-space address of Linux (47 or 48 bits, 56 with LA57).
 */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** An address as the linker wrote it into a file: symbols, DWARF, pclntab, program headers. */
export type LinkedAddress = Brand<number, 'LinkedAddress'>;
/** An address in the debuggee: linked address + the load bias of its module. */
export type RuntimeAddress = Brand<number, 'RuntimeAddress'>;
/** A position in a file, in bytes from its start. */
export type FileOffset = Brand<number, 'FileOffset'>;
/** A position in one section's (inflated) bytes. */
export type SectionOffset = Brand<number, 'SectionOffset'>;
/** `runtime.g.goid`. */
export type Goid = Brand<number, 'Goid'>;
/** A kernel thread id (LWP). */
export type ThreadId = Brand<number, 'ThreadId'>;

export const linkedAddress = (value: number): LinkedAddress => value as LinkedAddress;
export const runtimeAddress = (value: number): RuntimeAddress => value as RuntimeAddress;
export const fileOffset = (value: number): FileOffset => value as FileOffset;
export const sectionOffset = (value: number): SectionOffset => value as SectionOffset;
export const goid = (value: number): Goid => value as Goid;
export const threadId = (value: number): ThreadId => value as ThreadId;

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const HIGH = 2 ** 32;

/** `0xc000012340`: the way every address is shown. */
export function hex(value: number | bigint): string {
  if (value < 0) return `-${hex(-value)}`;
  // What lists of addresses are full of, several times faster than toString(16), which goes through a double.
  if (typeof value === 'number' && value >= HIGH && Number.isSafeInteger(value)) {
    return `0x${Math.floor(value / HIGH).toString(16)}${eightDigits(value % HIGH)}`;
  }
  return `0x${value.toString(16)}`;
}

const eightDigits = (word: number): string =>
  BYTES[word >>> 24]! + BYTES[(word >>> 16) & 0xff]! + BYTES[(word >>> 8) & 0xff]! + BYTES[word & 0xff]!;
