/** Below this a skip table costs more than it saves. */
const SHORT_NEEDLE = 4;

/**
 * Offset of the first `needle` that lies in `haystack` between `from` and `to`, or -1. Boyer–Moore–Horspool: steps
 * are about as long as the needle, so a name is found in a table of names faster than an index could be built.
 */
export function indexOfBytes(
  haystack: Uint8Array,
  needle: Uint8Array,
  from = 0,
  to = haystack.length,
): number {
  const last = needle.length - 1;
  const end = Math.min(to, haystack.length);
  if (last < 0) return from <= end ? from : -1;
  const step = last < SHORT_NEEDLE ? undefined : skipTable(needle);
  const final = needle[last]!;
  for (let at = Math.max(from, 0) + last; at < end; ) {
    const byte = haystack[at]!;
    if (byte === final && endsAt(haystack, needle, at)) return at - last;
    at += step === undefined ? 1 : step[byte]!;
  }
  return -1;
}

/** How far the needle may move when the haystack's byte under its last one is the index. */
function skipTable(needle: Uint8Array): Uint32Array {
  const last = needle.length - 1;
  const step = new Uint32Array(256).fill(needle.length);
  for (let i = 0; i < last; i++) step[needle[i]!] = last - i;
  return step;
}

function endsAt(haystack: Uint8Array, needle: Uint8Array, end: number): boolean {
  const start = end - needle.length + 1;
  for (let i = 0; i < needle.length - 1; i++) {
    if (haystack[start + i] !== needle[i]) return false;
  }
  return true;
}
