/** [start, end) of a mapping. */
interface Mapped {
  readonly start: number;
  readonly end: number;
}

/** A jump reaches 2 GB; something is left for what stands at both ends. */
const REACH = 0x7fff_0000 - (16 << 20);
/** What is mapped in the middle of the program's own growth: the heap of C above the program. */
const DISTANCE = 256 << 20;
const SMALL_DISTANCE = 16 << 20;
const ALIGNMENT = 2 << 20;
/** vm.mmap_min_addr, and what programs take for null. */
const LOWEST = 1 << 24;
const HIGHEST = 2 ** 47 - (1 << 24);

/**
 * A free place of `size` bytes all of which every instruction of the text can reach, away from what is mapped if that
 * is possible: mappings there may grow. `mapped` is in order of addresses.
 */
export function findCodeSpace(text: Mapped, mapped: readonly Mapped[], size: number): number | undefined {
  const lowest = Math.max(LOWEST, text.end - REACH);
  const highest = Math.min(HIGHEST, text.start + REACH);
  for (const distance of [DISTANCE, SMALL_DISTANCE, 0]) {
    const found = gaps(mapped)
      .map(({ start, end }) => {
        const from = Math.max(lowest, start === 0 ? 0 : start + distance);
        const to = Math.min(highest, end - distance);
        // The nearest of the gap: behind the text its beginning, before the text its end.
        const up = Math.ceil(from / ALIGNMENT) * ALIGNMENT;
        const down = Math.floor((to - size) / ALIGNMENT) * ALIGNMENT;
        return up + size > to ? undefined : start >= text.end ? up : down;
      })
      .filter((address) => address !== undefined)
      .sort((a, b) => Math.abs(a - text.start) - Math.abs(b - text.start));
    if (found.length > 0) return found[0];
  }
  return undefined;
}

function gaps(mapped: readonly Mapped[]): Mapped[] {
  const result: Mapped[] = [];
  let end = 0;
  for (const region of mapped) {
    if (region.start > end) result.push({ start: end, end: region.start });
    end = Math.max(end, region.end);
  }
  result.push({ start: end, end: HIGHEST });
  return result;
}
