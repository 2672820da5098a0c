import type { RuntimeAddress } from '../../base/index.ts';

/** Where the bytes of a value are. Nothing is read until it is asked for. */
export type Place =
  | { readonly kind: 'memory'; readonly address: RuntimeAddress }
  /** Joined from registers and pieces, or computed; `missing` bytes have no value (optimised out). */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly missing?: readonly ByteSpan[] }
  /** Not there: optimised out, unreadable…; `reason` is shown in its place. */
  | { readonly kind: 'none'; readonly reason: string };

/** Bytes [from, to). */
export interface ByteSpan {
  readonly from: number;
  readonly to: number;
}

/** The words for a variable, or a part of one, that the compiler did not keep. */
export const OPTIMISED_OUT = 'optimised out';
