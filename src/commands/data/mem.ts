import { hex, type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import { defineCommand } from '../command.ts';
import { positional, required } from '../language/arguments.ts';
import { choice, positiveCount, shortExpression } from '../language/kinds.ts';
import { evaluateAddress } from '../session/values.ts';

const PER_ROW = 16;
const DEFAULT_LENGTH = 64;
const MOST_BYTES = 1 << 20;

interface MemoryResult {
  readonly address: RuntimeAddress;
  readonly bytes: Uint8Array;
  readonly unreadable: RuntimeAddress | undefined;
  /** The file and rights of the region that holds it. */
  readonly region: { readonly file: string | undefined; readonly rights: string } | undefined;
}

export const mem = defineCommand({
  name: 'mem',
  aliases: [],
  group: 'data',
  summary: 'Show memory as bytes and text',
  examples: ['mem read 0xc000012340', 'mem read &buffer 256', 'mem read rsp 128'],
  arguments: {
    action: required(choice('read', ['read']), 'what to do'),
    address: required(shortExpression, 'an address or pointer, as an expression without spaces'),
    length: positional(positiveCount('length', MOST_BYTES), `how many bytes (${DEFAULT_LENGTH})`),
  },
  run(context, args): MemoryResult {
    const { memory } = context.session.program.target;
    const address = evaluateAddress(context, args.address);
    const length = args.length ?? DEFAULT_LENGTH;
    const bytes = memory.readUpTo(address, length);
    const region = memory.regionAt(address);
    if (bytes.length === 0) {
      throw new UserError(
        `the memory at ${hex(address)} is ${region === undefined ? 'not mapped' : 'not in the core'}`,
      );
    }
    return {
      address,
      bytes,
      unreadable: bytes.length === length ? undefined : runtimeAddress(address + bytes.length),
      region: region === undefined ? undefined : { file: region.file, rights: rightsOf(region) },
    };
  },
  *render({ address, bytes, unreadable, region }, style) {
    if (region !== undefined) {
      const file = region.file === undefined ? '' : ` ${style.path(region.file)}`;
      yield style.paint('comment', `${region.rights}${file}`);
    }
    for (let i = 0; i < bytes.length; i += PER_ROW) {
      const row = bytes.subarray(i, i + PER_ROW);
      yield `${style.paint('address', `${hex(address + i)}:`)} ${hexColumns(row)}  ${textOf(row)}`;
    }
    if (unreadable !== undefined) yield style.paint('warning', `(not readable from ${hex(unreadable)} on)`);
  },
});

const rightsOf = (region: { readable: boolean; writable: boolean; executable: boolean }): string =>
  `${region.readable ? 'r' : '-'}${region.writable ? 'w' : '-'}${region.executable ? 'x' : '-'}`;

function hexColumns(row: Uint8Array): string {
  let text = '';
  for (let i = 0; i < PER_ROW; i++) {
    const byte = row[i];
    text += `${i === PER_ROW / 2 ? '  ' : ' '}${byte === undefined ? '  ' : byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

const textOf = (row: Uint8Array): string =>
  Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
