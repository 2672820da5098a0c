import { UserError } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import type { DebugInfo, GlobalVariable } from '../image/index.ts';
import type { Module } from '../target/index.ts';

/** Modules with debug information, the executable first. */
export function describedModules(
  program: Program,
): readonly { readonly module: Module; readonly debugInfo: DebugInfo }[] {
  const described: { readonly module: Module; readonly debugInfo: DebugInfo }[] = [];
  for (const module of program.target.modules.all) {
    const debugInfo = module.image?.debugInfo;
    if (debugInfo !== undefined) described.push({ module, debugInfo });
  }
  return described;
}

const paths = new WeakMap<Program, ReadonlyMap<string, readonly string[]>>();

/** Import paths of the packages that call themselves `name`, or whose path ends in it. */
export function packagePaths(program: Program, name: string): readonly string[] {
  let byName = paths.get(program);
  if (byName === undefined) {
    byName = readPaths(program);
    paths.set(program, byName);
  }
  return byName.get(name) ?? [];
}

function readPaths(program: Program): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, string[]>();
  const add = (name: string, path: string): void => {
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [path]);
    else if (!known.includes(path)) known.push(path);
  };
  for (const { debugInfo } of describedModules(program)) {
    for (const unit of debugInfo.units()) {
      if (unit.language !== 'go') continue;
      if (unit.package !== undefined) add(unit.package, unit.name);
      add(unit.name.slice(unit.name.lastIndexOf('/') + 1), unit.name);
    }
  }
  return byName;
}

/** Full names that `pkg.name` can mean, the most likely first. */
export function qualifiedNames(program: Program, packageName: string, name: string): readonly string[] {
  const full = packagePaths(program, packageName).map((path) => `${escapedPath(path)}.${name}`);
  return [...new Set([`${packageName}.${name}`, ...full])];
}

/** The linker writes a dot in the last element of a path as %2e (cmd/internal/objabi PathToPrefix). */
function escapedPath(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return path.slice(0, slash) + path.slice(slash).replaceAll('.', '%2e');
}

export function globalNamed(
  program: Program,
  names: readonly string[],
): { readonly module: Module; readonly variable: GlobalVariable } | undefined {
  for (const name of names) {
    for (const { module, debugInfo } of describedModules(program)) {
      const variable = debugInfo.globalNamed(name);
      if (variable !== undefined) return { module, variable };
    }
  }
  return undefined;
}

/** The package part of a function's name: `net/http` of `net/http.(*conn).serve`. */
export function packageOf(functionName: string): string | undefined {
  const afterSlash = functionName.lastIndexOf('/', functionName.search(/[[(]|$/)) + 1;
  const dot = functionName.indexOf('.', afterSlash);
  return dot < 0 ? undefined : functionName.slice(0, dot);
}

const barePath = (): RegExp => /(?<![\w"/])[\w.~-]+(?:\/[\w.~-]+)+\.[\p{L}_]\w*/gu;

/** `net/http.X` is a division, which nobody means: an error in it says how a path is written. */
export function withPathHint(program: Program, error: unknown, text: string): unknown {
  if (!(error instanceof UserError) || error.remedy !== undefined || error.column === undefined) return error;
  for (const { 0: found, index } of text.matchAll(barePath())) {
    const dot = found.indexOf('.', found.lastIndexOf('/'));
    const path = found.slice(0, dot);
    if (error.column < index || error.column > index + found.length) continue;
    if (!packagePaths(program, path.slice(path.lastIndexOf('/') + 1)).includes(path)) continue;
    return new UserError(error.message, `a path needs quotes: "${path}"${found.slice(dot)}`, error.column);
  }
  return error;
}
