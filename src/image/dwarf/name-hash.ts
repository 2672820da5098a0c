/** FNV-1a (32 bits) over a name's UTF-8: what the name indexes are keyed by. */
export const FNV_BASIS = -2128831035;
export const FNV_PRIME = 16777619;

const encoder = new TextEncoder();

export function encodeName(name: string): Uint8Array {
  return encoder.encode(name);
}

export function hashBytes(bytes: Uint8Array): number {
  let hash = FNV_BASIS;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
  return hash;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
