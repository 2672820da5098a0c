import { searchBytes } from './horspool.ts';

/** Node's own search, which is some five times as fast as ours; browsers have none. */
interface NativeSearch {
  from(buffer: ArrayBufferLike, byteOffset: number, length: number): { indexOf(needle: Uint8Array): number };
}
const native = (globalThis as { readonly Buffer?: NativeSearch }).Buffer;

/** Offset of the first `needle` that lies in `haystack` between `from` and `to`, or -1. */
export function indexOfBytes(
  haystack: Uint8Array,
  needle: Uint8Array,
  from = 0,
  to = haystack.length,
): number {
  const last = needle.length - 1;
  const end = Math.min(to, haystack.length);
  if (last < 0) return from <= end ? from : -1;
  const start = Math.max(from, 0);
  if (native !== undefined) {
    if (end - start <= last) return -1;
    const at = native.from(haystack.buffer, haystack.byteOffset + start, end - start).indexOf(needle);
    return at < 0 ? -1 : start + at;
  }
  return searchBytes(haystack, needle, start, end);
}
