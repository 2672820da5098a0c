import { UserError } from '../../base/index.ts';
import type { WatchRequest } from '../../debugger/index.ts';
import { listOf } from '../../expr/access.ts';
import type { Value } from '../../expr/index.ts';
import { arrayOf } from '../../expr/synthetic-types.ts';
import type { Program } from '../../golang/index.ts';
import { underlying } from '../../golang/values/shapes.ts';

export type WatchedContents = Pick<WatchRequest, 'address' | 'size' | 'type' | 'header'>;

/** The bytes that a string or slice refers to; with its own place, where it has one, so that it can be followed. */
export function contentsOf(program: Program, text: string, value: Value): WatchedContents {
  const { kind } = underlying(value.type);
  const list = kind === 'string' || kind === 'slice' ? listOf(program, value) : undefined;
  const address = list?.items.addressOf(list.offset);
  if (list === undefined || address === undefined) {
    throw new UserError(
      `${text} is no string or slice in memory`,
      'without -contents the value itself is watched',
    );
  }
  const { element, length } = list;
  if (element.size === 0) throw new UserError(`elements of ${text} have no bytes`);
  const { storage, type } = value;
  return {
    address,
    size: length * element.size,
    type: arrayOf(length, element),
    ...(storage.kind === 'memory' ? { header: { address: storage.address, type } } : {}),
  };
}
