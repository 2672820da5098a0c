import { linkedAddress, type RuntimeAddress } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';
import type { FunctionTable } from '../../image/index.ts';
import type { Module } from '../../target/index.ts';

const ALL_INSTANCES = '[...]';

/** A function's code: its own, of each instance if it is generic, and the copies that were inlined into others. */
export interface FunctionCopies {
  readonly name: string;
  readonly entries: readonly RuntimeAddress[];
  /** Where each copy begins. */
  readonly inlined: readonly RuntimeAddress[];
}

/** The functions that a name or pattern means: an exact name is that one alone. Instances of a generic one are one. */
export function functionsMatching(program: Program, wanted: string | RegExp): readonly FunctionCopies[] {
  if (typeof wanted === 'string') {
    const exact = copiesOf(program, wanted);
    if (exact !== undefined) return [exact];
  }
  // As Go itself writes all instances of a generic function, in traces of stacks.
  if (typeof wanted === 'string' && wanted.includes(ALL_INSTANCES))
    return functionsMatching(program, wanted.replaceAll(ALL_INSTANCES, ''));
  const names = namesMatching(program, wanted);
  if (names.length === 0 && typeof wanted === 'string' && wanted.includes('['))
    return instanceOf(program, wanted);
  const groups = [...new Set(names.map(withoutTypeArguments))];
  const sameInstances = typeof wanted === 'string' ? groups.filter((name) => name === wanted) : [];
  return (sameInstances.length > 0 ? sameInstances : groups).map((group) => {
    const members = names.filter((name) => withoutTypeArguments(name) === group);
    const copies = members.flatMap((name) => copiesOf(program, name) ?? []);
    return {
      name: group,
      entries: copies.flatMap(({ entries }) => entries),
      inlined: copies.flatMap(({ inlined }) => inlined),
    };
  });
}

/** Names of functions, with code of their own or inlined everywhere, each once. */
function namesMatching(program: Program, wanted: string | RegExp): string[] {
  const matches = typeof wanted === 'string' ? suffixMatcher(wanted) : (name: string) => wanted.test(name);
  const found = new Set<string>();
  for (const { functions } of images(program)) {
    if (functions === undefined) continue;
    for (const name of functionNames(functions)) if (matches(name)) found.add(name);
    for (const name of functions.places.inlinedNames()) if (matches(name)) found.add(name);
  }
  return [...found];
}

function copiesOf(program: Program, name: string): FunctionCopies | undefined {
  const entries: RuntimeAddress[] = [];
  const inlined: RuntimeAddress[] = [];
  for (const module of program.target.modules.all) {
    const { image } = module;
    if (image === undefined) continue;
    const { functions } = image;
    const found = functions?.byName(name) ?? [];
    entries.push(...found.map((index) => module.toRuntime(functions!.entry(index))));
    const copies = functions?.places.inlinedCopies(name) ?? [];
    inlined.push(...copies.map((address) => module.toRuntime(address)));
    if (found.length > 0 || copies.length > 0) continue;
    const symbol = image.symbols.byName(name);
    if (symbol?.kind === 'function') entries.push(module.toRuntime(symbol.address));
  }
  return entries.length + inlined.length > 0 ? { name, entries, inlined } : undefined;
}

/** One instance of a generic function: pclntab calls all of them `F[...]`, DWARF by their types. */
function instanceOf(program: Program, wanted: string): FunctionCopies[] {
  const matches = suffixMatcher(wanted);
  const base = withoutTypeArguments(wanted);
  const named = (module: Module, address: RuntimeAddress): string =>
    module.image?.debugInfo?.functionAt(linkedAddress(module.toLinked(address)))?.name ?? '';
  return functionsMatching(program, base).flatMap(({ entries }) => {
    const own = entries.filter((address) => {
      const module = program.target.modules.at(address);
      return module !== undefined && matches(named(module, address));
    });
    return own.length === 0 ? [] : [{ name: wanted, entries: own, inlined: [] }];
  });
}

const images = (program: Program): { readonly functions: FunctionTable | undefined }[] =>
  program.target.modules.all.flatMap(({ image }) => (image === undefined ? [] : [image]));

/**
 * Whether a full name ends in what was typed, at the beginning of a component: `http.Serve` and `Serve` mean
 * `net/http.Serve`. Receivers may be written `(*T).M` or `T.M`, and type arguments be left out.
 */
export function suffixMatcher(typed: string): (name: string) => boolean {
  const plain = !typed.includes('(*');
  const generic = typed.includes('[');
  const last = /[\w$·]+\]?$/.exec(typed)?.[0] ?? '';
  return (name) => {
    if (!generic && name.includes('['))
      return endsAtComponent(simplified(withoutTypeArguments(name), plain), typed);
    // Most names differ in their last component: a cheap test before the name is taken apart.
    if (!name.endsWith(last)) return false;
    return endsAtComponent(simplified(name, plain), typed);
  };
}

const simplified = (name: string, plain: boolean): string =>
  plain && name.includes('(*') ? name.replace(/\(\*([^)]*)\)/, '$1') : name;

/** `[…]`, with all that is in it. */
function withoutTypeArguments(name: string): string {
  let depth = 0;
  let plain = '';
  for (const character of name) {
    if (character === '[') depth++;
    if (depth === 0) plain += character;
    if (character === ']') depth--;
  }
  return plain;
}

function endsAtComponent(name: string, suffix: string): boolean {
  if (!name.endsWith(suffix)) return false;
  const before = name[name.length - suffix.length - 1];
  return before === undefined || before === '.' || before === '/';
}

export function* functionNames(functions: FunctionTable): Iterable<string> {
  for (let i = 0; i < functions.count; i++) yield functions.name(i);
}
