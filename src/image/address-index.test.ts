import { describe, expect, it } from 'vitest';
import { random } from '../base/testing/mutate.ts';
import { type AddressIndex, AddressIndexBuilder } from './address-index.ts';

function indexOf(addresses: readonly number[]): AddressIndex {
  const builder = new AddressIndexBuilder(addresses.length + 5);
  for (const [item, address] of addresses.entries()) builder.add(item, address);
  return builder.build();
}
const contents = (index: AddressIndex) =>
  Array.from({ length: index.count }, (_, i) => [index.address(i), index.item(i)]);

describe('AddressIndex', () => {
  it.each([
    ['below 2^31', 2 ** 31],
    ['below 2^32', 2 ** 32],
    ['beyond', 2 ** 52],
  ])('sorts and finds addresses %s', (_, limit) => {
    const next = random(11);
    const addresses = Array.from({ length: 500 }, () => Math.floor((next() / 2 ** 32) * limit));
    addresses.push(addresses[7]!, addresses[7]!, limit - 1);
    const index = indexOf(addresses);
    const wanted = addresses.map((a, i) => [a, i] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    expect(contents(index)).toEqual(wanted);
    for (const probe of [0, 1, ...addresses, ...addresses.map((a) => a + 1), 2 ** 53]) {
      expect(index.last(probe)).toBe(wanted.findLastIndex(([a]) => a <= probe));
    }
  });

  it('keeps what is in order already, and may be empty', () => {
    expect(contents(indexOf([1, 5, 5, 9]))).toEqual([
      [1, 0],
      [5, 1],
      [5, 2],
      [9, 3],
    ]);
    expect(indexOf([]).last(5)).toBe(-1);
  });
});
