import type { WaitObject } from './wait-object.ts';

const hex = (address: number): string => `0x${address.toString(16)}`;

const MOST_CASES = 6;

/** What a goroutine waits for, in a few words: `send on chan 0xc000012340 (3 of 8)`, `mutex 0xc0000101a8`, `fd 7 (read)`. */
export function waitObjectText(object: WaitObject): string {
  switch (object.kind) {
    case 'channel': {
      const { address, direction, length, capacity } = object;
      if (address === 0) return `${direction} on a nil chan`;
      const filled = length === undefined || capacity === undefined ? '' : ` (${length} of ${capacity})`;
      return `${direction} on chan ${hex(address)}${filled}`;
    }
    case 'select': {
      const cases = object.cases.slice(0, MOST_CASES).map((one) => `${one.direction} ${hex(one.address)}`);
      const more = object.cases.length - cases.length;
      return `select: ${cases.join(', ')}${more > 0 ? `, ${more} more` : ''}`;
    }
    case 'io':
      return `fd ${object.descriptor}${object.mode === undefined ? '' : ` (${object.mode})`}`;
    case 'sleep':
      return `until ${(object.until / 1e9).toFixed(6)}s`;
    case 'syscall':
      return `syscall ${object.name ?? object.number}`;
    default:
      return `${object.kind} ${hex(object.address)}`;
  }
}
