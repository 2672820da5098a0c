/** Below this a skip table costs more than it saves. */
const SHORT_NEEDLE = 4;

/**
 * Boyer–Moore–Horspool: steps are about as long as the needle. Offset of the first `needle`, which is not empty, that lies in
 * `haystack` between `from` and `end`, or -1.
 */
export function searchBytes(haystack: Uint8Array, needle: Uint8Array, from: number, end: number): number {
  const last = needle.length - 1;
  const step = last < SHORT_NEEDLE ? undefined : skipTable(needle);
  const final = needle[last]!;
  for (let at = from + last; at < end; ) {
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
