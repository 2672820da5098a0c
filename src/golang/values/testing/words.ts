/** Memory as numbers: 64-bit words, or bytes given as such. */
export function words(...values: readonly (number | bigint | Uint8Array | string)[]): Uint8Array {
  const parts = values.map((value) => {
    if (typeof value === 'string') return new TextEncoder().encode(value);
    if (typeof value === 'object') return value;
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt.asIntN(64, BigInt(value)), true);
    return bytes;
  });
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
