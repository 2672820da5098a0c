import { renderSingleLine } from './print.ts';
import type { ShownKind, ShownValue } from './value.ts';

export type ShownParts = { readonly type: string; readonly kind: ShownKind } & Partial<
  Omit<ShownValue, 'text'>
>;

const NO_CHILDREN: ShownValue['children'] = [];

/**
 * Makes a node. Its text is computed when it is asked for (copying the node does that too): a list of a hundred
 * thousand elements prints as one text and needs none of theirs.
 */
export function shownNode(parts: ShownParts, format: string): ShownValue {
  return {
    type: parts.type,
    kind: parts.kind,
    address: parts.address,
    get text(): string {
      return renderSingleLine(this, format);
    },
    value: parts.value,
    length: parts.length,
    capacity: parts.capacity,
    base: parts.base,
    children: parts.children ?? NO_CHILDREN,
    state: parts.state ?? 'loaded',
    unreadable: parts.unreadable,
  };
}
