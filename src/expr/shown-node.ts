import type { RuntimeAddress } from '../base/index.ts';
import { renderSingleLine } from './print.ts';
import type { ShownChild, ShownKind, ShownValue } from './value.ts';

export type ShownParts = { readonly type: string; readonly kind: ShownKind } & Partial<
  Omit<ShownValue, 'text'>
>;

const NO_CHILDREN: readonly ShownChild[] = [];

/** What most nodes are, a hundred thousand at a time: a scalar. The fields that it never has cost it nothing. */
class ShownLeaf implements ShownValue {
  readonly type: string;
  readonly kind: ShownKind;
  readonly address: RuntimeAddress | undefined;
  readonly value: string | undefined;
  readonly #format: string;

  constructor(parts: ShownParts, format: string) {
    this.type = parts.type;
    this.kind = parts.kind;
    this.address = parts.address;
    this.value = parts.value;
    this.#format = format;
  }

  /** Computed when it is asked for: a list prints as one text and needs none of its elements'. */
  get text(): string {
    return renderSingleLine(this, this.#format);
  }

  get length(): number | undefined {
    return undefined;
  }

  get capacity(): number | undefined {
    return undefined;
  }

  get base(): RuntimeAddress | undefined {
    return undefined;
  }

  get children(): readonly ShownChild[] {
    return NO_CHILDREN;
  }

  get state(): ShownValue['state'] {
    return 'loaded';
  }

  get unreadable(): string | undefined {
    return undefined;
  }
}

class ShownNode implements ShownValue {
  readonly type: string;
  readonly kind: ShownKind;
  readonly address: RuntimeAddress | undefined;
  readonly value: string | undefined;
  readonly length: number | undefined;
  readonly capacity: number | undefined;
  readonly base: RuntimeAddress | undefined;
  readonly children: readonly ShownChild[];
  readonly state: ShownValue['state'];
  readonly unreadable: string | undefined;
  readonly #format: string;

  constructor(parts: ShownParts, format: string) {
    this.type = parts.type;
    this.kind = parts.kind;
    this.address = parts.address;
    this.value = parts.value;
    this.length = parts.length;
    this.capacity = parts.capacity;
    this.base = parts.base;
    this.children = parts.children ?? NO_CHILDREN;
    this.state = parts.state ?? 'loaded';
    this.unreadable = parts.unreadable;
    this.#format = format;
  }

  get text(): string {
    return renderSingleLine(this, this.#format);
  }
}

export const shownNode = (parts: ShownParts, format: string): ShownValue => new ShownNode(parts, format);

export const shownLeaf = (parts: ShownParts, format: string): ShownValue => new ShownLeaf(parts, format);
