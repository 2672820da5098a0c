import { decodeText, runtimeAddress } from '../../base/index.ts';
import type { MappedRegion } from '../core/memory-map.ts';

/**
 * /proc/PID/maps (proc_pid_maps(5)): `start-end perms offset dev inode path`, in address order. The path is undefined
 * for anonymous memory and pseudo paths ([heap], [stack]); `[vdso]` and `[vvar]` keep theirs in `pseudo`.
 */
export interface ProcRegion extends MappedRegion {
  readonly pseudo: string | undefined;
}

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])([x-])[ps] ([0-9a-f]+) \S+ (\d+)\s*(.*)$/;

export function parseProcMaps(text: Uint8Array): ProcRegion[] {
  const regions: ProcRegion[] = [];
  for (const line of decodeText(text, 0, text.length).split('\n')) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, start, end, r, w, x, offset, , path] = match;
    const named = path !== '' && path !== undefined;
    const file = named && !path.startsWith('[') ? unescapePath(path) : undefined;
    regions.push({
      start: runtimeAddress(Number.parseInt(start!, 16)),
      end: runtimeAddress(Number.parseInt(end!, 16)),
      readable: r === 'r',
      writable: w === 'w',
      executable: x === 'x',
      file,
      fileOffset: Number.parseInt(offset!, 16),
      pseudo: named && file === undefined ? path : undefined,
    });
  }
  return regions;
}

/** seq_path escapes a newline in a name as \012. */
const unescapePath = (path: string): string => path.replace(/\\012/g, '\n');
