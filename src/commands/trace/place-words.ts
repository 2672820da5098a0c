import type { Place } from '../../trace/analysis/index.ts';

/** Below GOROOT/src, wherever Go or one of its toolchains is installed. */
const STANDARD = /^.*\/(?:go[^/]*|[^/]*toolchain@[^/]*)\/src\/(.+)$/;
const MODULE = /^.*\/pkg\/mod\/(.*)$/;

/**
 * A file as a report shows it: of the standard library and of modules the path that everybody knows them by, of the
 * program what `path` makes of it.
 */
export const shortFile = ({ file }: Place, path: (file: string) => string): string =>
  path(STANDARD.exec(file)?.[1] ?? MODULE.exec(file)?.[1] ?? file);
