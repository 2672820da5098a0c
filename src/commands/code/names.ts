import type { DebugInfo, Image } from '../../image/index.ts';
import { type Command, type Context, defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { regex } from '../language/kinds.ts';
import { withoutDebugInfo } from '../session/values.ts';
import { functionNames } from './function-names.ts';

type NamesResult = Readonly<Record<string, readonly string[]>>;

/** A command that lists names of the program, sorted. `key` names the list in data. */
function namesCommand(words: {
  readonly name: string;
  readonly key: string;
  readonly summary: string;
  readonly details?: string;
  namesIn(image: Image): Iterable<string>;
}): Command {
  return defineCommand({
    name: words.name,
    aliases: [],
    group: 'code',
    summary: words.summary,
    ...(words.details === undefined ? {} : { details: words.details }),
    arguments: { filter: positional(regex(), 'only the names that match') },
    examples: [`${words.name} ^main`],
    run: (context, { filter }): NamesResult => ({ [words.key]: collect(context, words.namesIn, filter) }),
    *render(result) {
      yield* result[words.key]!;
    },
  });
}

function collect(
  { session }: Context,
  namesIn: (image: Image) => Iterable<string>,
  filter: RegExp | undefined,
): readonly string[] {
  const names = new Set<string>();
  for (const { image } of session.program.target.modules.all) {
    if (image === undefined) continue;
    for (const name of namesIn(image)) if (filter === undefined || filter.test(name)) names.add(name);
    session.checkCancelled();
  }
  return [...names].sort((a, b) => (a < b ? -1 : 1));
}

function requireDebugInfo(image: Image, what: string): DebugInfo | undefined {
  if (image.debugInfo !== undefined || image.functions === undefined) return image.debugInfo;
  throw withoutDebugInfo(image, what);
}

/** `net/http.(*conn).serve` → `net/http`: up to the first dot behind the last slash in front of brackets. */
export function packageOfFunction(name: string): string | undefined {
  const plain = name.replace(/\[.*$/, '');
  const slash = plain.lastIndexOf('/', plain.includes('(') ? plain.indexOf('(') : plain.length);
  const dot = plain.indexOf('.', slash + 1);
  // The linker writes dots in the last component of an import path as %2e.
  return dot < 0 ? undefined : plain.slice(0, dot).replaceAll('%2e', '.');
}

function* packagesIn(image: Image): Iterable<string> {
  if (image.debugInfo !== undefined) {
    for (const unit of image.debugInfo.units()) if (unit.language === 'go') yield unit.name;
    return;
  }
  if (image.functions === undefined) return;
  for (const name of functionNames(image.functions)) {
    const found = packageOfFunction(name);
    if (found !== undefined) yield found;
  }
}

function* functionsIn({ functions, symbols }: Image): Iterable<string> {
  if (functions !== undefined) yield* functionNames(functions);
  for (const { name, address } of symbols.functions()) {
    if (functions === undefined || functions.find(address) < 0) yield name;
  }
}

export const funcs = namesCommand({
  name: 'funcs',
  key: 'functions',
  summary: 'List functions',
  details: 'Those of Go, and what the symbol tables of the program and its libraries name besides.',
  namesIn: functionsIn,
});

export const types = namesCommand({
  name: 'types',
  key: 'types',
  summary: 'List types',
  namesIn: (image) => requireDebugInfo(image, 'types')?.typeNames() ?? [],
});

export const packages = namesCommand({
  name: 'packages',
  key: 'packages',
  summary: 'List packages',
  details: 'For a stripped program they are told from the names of its functions.',
  namesIn: packagesIn,
});

export const sources = namesCommand({
  name: 'sources',
  key: 'sources',
  summary: 'List source files',
  namesIn: (image) => image.debugInfo?.lines.files() ?? image.functions?.files() ?? [],
});
