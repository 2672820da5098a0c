import type { Type } from '../image/index.ts';
import type { Module, ModuleMap } from '../target/index.ts';

/**
 * Finds types by the names people type: in full (`*net/http.Request`), or with the last part of the package path
 * only (`*http.Request`) where no two packages share it.
 */
export class TypeNames {
  readonly #target: { readonly modules: ModuleMap };
  /** Shortened name → full name, or null where there are several. */
  #full: Map<string, string | null> | undefined;
  /** Whose names are in it. */
  #modules: readonly Module[] = [];
  #unchecked = false;

  constructor(target: { readonly modules: ModuleMap }) {
    this.#target = target;
  }

  /** The program has run: other libraries may be loaded. */
  refresh(): void {
    this.#unchecked = true;
  }

  find(name: string): Type | undefined {
    const exact = this.#exact(name);
    if (exact !== undefined || !name.includes('.') || name.includes('/')) return exact;
    const full = this.#shortened().get(name);
    return full === undefined || full === null ? undefined : this.#exact(full);
  }

  #exact(name: string): Type | undefined {
    for (const { image } of this.#target.modules.all) {
      const type = image?.debugInfo?.typeNamed(name);
      if (type !== undefined) return type;
    }
    return undefined;
  }

  #shortened(): Map<string, string | null> {
    if (this.#full !== undefined && !this.#unchecked) return this.#full;
    const modules = this.#target.modules.all;
    this.#unchecked = false;
    if (this.#full !== undefined && sameModules(modules, this.#modules)) return this.#full;
    this.#modules = modules;
    const full = new Map<string, string | null>();
    for (const { image } of modules) {
      for (const name of image?.debugInfo?.typeNames() ?? []) {
        if (!name.includes('/')) continue;
        const short = shortTypeName(name);
        const known = full.get(short);
        full.set(short, known === undefined || known === name ? name : null);
      }
    }
    this.#full = full;
    return full;
  }
}

const sameModules = (a: readonly Module[], b: readonly Module[]): boolean =>
  a === b || (a.length === b.length && a.every((module, i) => module === b[i]));

/** Every package path in a type's name cut to its last part: `map[string]net/http.Header` → `map[string]http.Header`. */
export const shortTypeName = (name: string): string => name.replace(/[\w.~\-%]+(?:\/[\w.~\-%]+)*\//g, '');
