import { UserError } from '../../base/index.ts';
import { contentsOf as contentsOfHeader, type WatchRequest } from '../../debugger/index.ts';
import { listOf, sourceOf } from '../../expr/access.ts';
import type { Value } from '../../expr/index.ts';
import { arrayOf } from '../../expr/synthetic-types.ts';
import type { Program } from '../../golang/index.ts';
import { underlying } from '../../golang/values/shapes.ts';

export type WatchedContents = Pick<WatchRequest, 'address' | 'size' | 'type' | 'header'>;

/**
 * The bytes that a string or slice refers to, or what an interface holds; with its own place, where it has one, so that it
 * can be followed.
 */
export function contentsOf(program: Program, text: string, value: Value): WatchedContents {
  const { kind } = underlying(value.type);
  const { storage, type } = value;
  const header = storage.kind === 'memory' ? { header: { address: storage.address, type } } : {};
  if (kind === 'interface') {
    const words = sourceOf(program, value).bytes(0, type.size);
    const { address, size, held } = contentsOfHeader(program, words, type);
    if (size === 0 && storage.kind !== 'memory') throw new UserError(`${text} holds nothing`);
    return { address, size, type: held?.type, ...header };
  }
  const list = kind === 'string' || kind === 'slice' ? listOf(program, value) : undefined;
  const address = list?.items.addressOf(list.offset);
  if (list === undefined || address === undefined) {
    throw new UserError(
      `${text} is no string, slice or interface in memory`,
      'without -contents the value itself is watched',
    );
  }
  const { element, length } = list;
  if (element.size === 0) throw new UserError(`elements of ${text} have no bytes`);
  return {
    address,
    size: length * element.size,
    type: arrayOf(length, element),
    ...header,
  };
}
