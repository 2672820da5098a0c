import type { Style } from '../output/style.ts';

/** Something that is told while a command is still running: a traced call. */
export interface Happening {
  /** A document of its own with `--json`. */
  toPlain(): Readonly<Record<string, unknown>>;
  text(style: Style): Iterable<string>;
}
