import { hex } from '../../base/index.ts';
import { defineCommand } from '../command.ts';

interface LibraryRow {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** Its file is here and is the one that the program ran. */
  readonly available: boolean;
  readonly buildId: string | undefined;
}

export const libraries = defineCommand({
  name: 'libraries',
  aliases: [],
  group: 'code',
  summary: 'List shared libraries and where they are loaded',
  arguments: {},
  run({ session }): { readonly libraries: readonly LibraryRow[] } {
    const { all, executable } = session.program.target.modules;
    const rows = all
      .filter((module) => module !== executable)
      .map(({ path, start, end, image }) => ({
        path,
        start,
        end,
        available: image !== undefined,
        buildId: image?.buildId,
      }));
    return { libraries: rows };
  },
  *render({ libraries: rows }, style) {
    if (rows.length === 0) yield '(no libraries: the program is linked statically)';
    const width = String(rows.length - 1).length;
    for (const [i, row] of rows.entries()) {
      const missing = row.available ? '' : style.paint('warning', ' (the file is not here)');
      yield `${String(i).padStart(width)}. ${style.paint('address', hex(row.start))} ${style.path(row.path)}${missing}`;
    }
  },
});
