import type { Place } from '../../trace/analysis/index.ts';

/** Below GOROOT/src, wherever Go or one of its toolchains is installed. */
const STANDARD = /^.*\/(?:go[^/]*|[^/]*toolchain@[^/]*)\/src\/(.+)$/;
const MODULE = /^.*\/pkg\/mod\/(.*)$/;

const VERSION = /@[^/]+/;

/**
 * A file as a report shows it, before the function: of the standard library and of modules the path that everybody knows
 * them by, or its name alone where the function says the rest; of the program what `path` makes of it.
 */
export function shortFile(place: Place, path: (file: string) => string): string {
  const inModule = MODULE.exec(place.file)?.[1];
  if (inModule === undefined) return path(STANDARD.exec(place.file)?.[1] ?? place.file);
  const slash = inModule.lastIndexOf('/');
  const folder = inModule.slice(0, slash).replace(VERSION, '');
  return path(place.function.startsWith(`${folder}.`) ? inModule.slice(slash + 1) : inModule);
}
