import type { Symbolize } from './arch.ts';

/** An address as objdump writes it: `401000 <main.main+0x10>`. */
export function addressText(address: number, symbolize?: Symbolize): string {
  const symbol = symbolize?.(address);
  const number = address.toString(16);
  if (symbol === undefined) return number;
  const offset = address - symbol.base;
  return `${number} <${symbol.name}${offset === 0 ? '' : `+0x${offset.toString(16)}`}>`;
}
