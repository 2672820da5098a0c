/** What is left of a double's 53 bits for the index when an address relative to the lowest takes the rest. */
const EXACT = 2 ** 53;

/**
 * Sorts parallel columns by address; of equal addresses the earlier entry stays first. Address and index are packed
 * into one number each, because typed arrays sort numbers natively but pairs only by a (ten times slower) callback.
 */
export function sortedByAddress(
  addresses: Float64Array,
  items: Uint32Array,
): { addresses: Float64Array; items: Uint32Array } {
  const count = addresses.length;
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  let sorted = true;
  for (let i = 0; i < count; i++) {
    const address = addresses[i]!;
    if (address < low) low = address;
    if (address > high) high = address;
    if (i > 0 && address < addresses[i - 1]!) sorted = false;
  }
  if (sorted) return { addresses: addresses.slice(), items: items.slice() };
  const order =
    (high - low + 1) * count < EXACT ? packedOrder(addresses, low, count) : comparedOrder(addresses, count);
  const result = { addresses: new Float64Array(count), items: new Uint32Array(count) };
  for (let i = 0; i < count; i++) {
    const from = order[i]!;
    result.addresses[i] = addresses[from]!;
    result.items[i] = items[from]!;
  }
  return result;
}

function packedOrder(addresses: Float64Array, low: number, count: number): Float64Array {
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) keys[i] = (addresses[i]! - low) * count + i;
  keys.sort();
  for (let i = 0; i < count; i++) keys[i] = keys[i]! % count;
  return keys;
}

function comparedOrder(addresses: Float64Array, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => addresses[a]! - addresses[b]! || a - b,
  );
}
