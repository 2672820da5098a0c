import type { ArchName } from '../../arch/index.ts';
import type { StructFacts } from './form.ts';
import { KNOWN_LAYOUTS, KNOWN_WAIT_REASONS } from './known-layouts.ts';
import type { LayoutSource, MeasuredStruct } from './layouts.ts';

/**
 * Layouts by version, for binaries without DWARF. A newer Go than the table knows is read as the newest that it
 * does: whoever relies on it checks what it finds (find-globals.ts). Builds with -race or GOEXPERIMENTs that change
 * the runtime's structs are not in the table.
 */
export function tableLayouts(minor: number, arch: ArchName): LayoutSource {
  const lines = linesFor(KNOWN_LAYOUTS, minor, (words) => words[1] === '*' || words[1] === arch, 2);
  const byStruct = new Map(lines.map((words) => [words[0]!, words.slice(3)]));
  const reasons = linesFor(KNOWN_WAIT_REASONS, minor, () => true, 0)[0]
    ?.slice(1)
    .join(' ')
    .split('|');
  return {
    kind: 'table',
    measure: (struct) => measured(struct, byStruct),
    waitReason: (reason) => reasons?.[reason] || undefined,
  };
}

function measured(
  struct: StructFacts,
  byStruct: ReadonlyMap<string, readonly string[]>,
): MeasuredStruct | undefined {
  const words = byStruct.get(struct.names[0]!);
  if (words === undefined) return undefined;
  const offsets: Record<string, number> = {};
  for (const word of words.slice(1)) {
    const [key, offset] = word.split('=') as [string, string];
    // Others ask for other fields of the same struct.
    if (Object.hasOwn(struct.fields, key)) offsets[key] = Number(offset);
  }
  return { size: Number(words[0]), offsets };
}

/** The lines whose range, the word at `rangeAt`, holds a version, or ends at the newest one where it is newer still. */
function linesFor(
  table: string,
  minor: number,
  wanted: (words: readonly string[]) => boolean,
  rangeAt: number,
): string[][] {
  const lines = table
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .filter(wanted);
  const range = (words: readonly string[]): number[] => words[rangeAt]!.split('-').map(Number);
  const newest = Math.max(...lines.map((words) => range(words)[1]!));
  const version = Math.min(minor, newest);
  return lines.filter((words) => {
    const [first, last] = range(words);
    return first! <= version && version <= last!;
  });
}
