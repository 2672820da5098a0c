import type { RuntimeAddress } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';
import type { FunctionTable } from '../../image/index.ts';

/** Entries of the functions that a name or pattern means, in module and address order. */
export function functionsMatching(program: Program, wanted: string | RegExp): readonly RuntimeAddress[] {
  const exact = typeof wanted === 'string' ? exactly(program, wanted) : [];
  if (exact.length > 0) return exact;
  const matches = typeof wanted === 'string' ? suffixMatcher(wanted) : (name: string) => wanted.test(name);
  const found: RuntimeAddress[] = [];
  for (const module of program.target.modules.all) {
    const functions = module.image?.functions;
    if (functions === undefined) continue;
    for (let i = 0; i < functions.count; i++) {
      if (matches(functions.name(i))) found.push(module.toRuntime(functions.entry(i)));
    }
  }
  return found;
}

function exactly(program: Program, name: string): readonly RuntimeAddress[] {
  return program.target.modules.all.flatMap((module) => {
    const { image } = module;
    if (image === undefined) return [];
    const { functions } = image;
    const go = functions?.byName(name).map((i) => module.toRuntime(functions.entry(i))) ?? [];
    if (go.length > 0) return go;
    const symbol = image.symbols.byName(name);
    return symbol?.kind === 'function' ? [module.toRuntime(symbol.address)] : [];
  });
}

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

const withoutTypeArguments = (name: string): string => name.replace(/\[[^\]]*\]/g, '');

function endsAtComponent(name: string, suffix: string): boolean {
  if (!name.endsWith(suffix)) return false;
  const before = name[name.length - suffix.length - 1];
  return before === undefined || before === '.' || before === '/';
}

export function* functionNames(functions: FunctionTable): Iterable<string> {
  for (let i = 0; i < functions.count; i++) yield functions.name(i);
}
