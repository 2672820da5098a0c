import type * as Iced from 'iced-x86';

export type IcedModule = typeof Iced;

/** The amd64 decoder, on demand. CommonJS: Node shows its exports under `default`, bundlers may not. */
export async function loadIced(): Promise<IcedModule> {
  const module = (await import('iced-x86')) as IcedModule & { readonly default?: IcedModule };
  return module.default ?? module;
}
