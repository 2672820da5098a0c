import { runtimeAddress } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';

/**
 * Generic functions are compiled once for all types of the same shape and are told by a dictionary what they were called
 * with (cmd/compile/internal/noder/reader.go): its symbol, `main..dict.Map[int,string]`, has the type arguments. Of a
 * method it is that of the receiver's type, `main..dict.list[int]`; before go1.20, `main..dict.(*list[int]).Push`.
 */
const DICTIONARY_SYMBOL = /^(.+?)\.\.dict\.(?:\(\*)?([^[]+)(\[.*)$/;
const SHAPE = 'go.shape.';
/** As the function table has them before go1.21. */
const UNTOLD = '[...]';

/** Tells what generic functions were called with. */
export class Instances {
  readonly #program: Program;
  readonly #names = new Map<string, string>();

  constructor(program: Program) {
    this.#program = program;
  }

  /** `main.Map[int,string]` of `main.Map[go.shape.int,go.shape.string]`; what its dictionary does not tell is said of its shape. */
  nameOf(name: string, dictionary: number): string {
    if (!name.includes(SHAPE) && !name.includes(UNTOLD)) return name;
    if (dictionary === 0) return nameByShape(name);
    const key = `${name} ${dictionary}`;
    let found = this.#names.get(key);
    if (found === undefined) {
      found = instanceName(name, this.#symbol(dictionary)) ?? nameByShape(name);
      this.#names.set(key, found);
    }
    return found;
  }

  #symbol(address: number): string | undefined {
    const runtime = runtimeAddress(address);
    const module = this.#program.target.modules.at(runtime);
    const linked = module?.toLinked(runtime);
    if (linked === undefined) return undefined;
    const symbol = module!.image?.symbols.at(linked);
    return symbol?.address === linked ? symbol.name : undefined;
  }
}

/** The name with the dictionary's type arguments; undefined: it is that of another function. */
export function instanceName(name: string, symbol: string | undefined): string | undefined {
  const [, path, of, behind] = DICTIONARY_SYMBOL.exec(symbol ?? '') ?? [];
  if (path === undefined || of === undefined || behind === undefined) return undefined;
  const start = name.indexOf('[');
  const before = name.slice(0, start).replace('(*', '');
  if (before !== `${path}.${of}`) return undefined;
  return name.slice(0, start) + behind.slice(0, endOf(behind, 0)) + name.slice(endOf(name, start));
}

/** `main.Map[~int,~string]`: any types whose underlying types are these. All pointers are of one shape. */
export function nameByShape(name: string): string {
  return name.replaceAll(`${SHAPE}*uint8`, '*…').replaceAll(SHAPE, '~');
}

/** Behind the bracket that closes the one at `start`. */
function endOf(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '[') depth++;
    else if (text[at] === ']' && --depth === 0) return at + 1;
  }
  return text.length;
}
