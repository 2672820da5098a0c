import type { Type } from '../image/index.ts';
import type { ModuleMap } from '../target/index.ts';

/**
 * Finds types by the names people type: in full (`*net/http.Request`), or with the last part of the package path
 * only (`*http.Request`) where no two packages share it.
 */
export class TypeNames {
  readonly #target: { readonly modules: ModuleMap };
  /** Shortened name → full name, or null where there are several. */
  #full: Map<string, string | null> | undefined;

  constructor(target: { readonly modules: ModuleMap }) {
    this.#target = target;
  }

  /** Others are loaded now. */
  forgetModules(): void {
    this.#full = undefined;
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
    if (this.#full !== undefined) return this.#full;
    const full = new Map<string, string | null>();
    for (const { image } of this.#target.modules.all) {
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

/** Every package path in a type's name cut to its last part: `map[string]net/http.Header` → `map[string]http.Header`. */
export const shortTypeName = (name: string): string => name.replace(/[\w.~\-%]+(?:\/[\w.~\-%]+)*\//g, '');
