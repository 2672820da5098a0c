import type { RuntimeAddress } from '../../base/index.ts';

/** Where the bytes of a value are. Nothing is read until it is asked for. */
export type Place =
  | { readonly kind: 'memory'; readonly address: RuntimeAddress }
  /** Joined from registers and pieces, or computed; `missing` bytes have no value (optimised out). */
  | {
      readonly kind: 'bytes';
      readonly bytes: Uint8Array;
      readonly missing?: readonly ByteSpan[];
      /** Where they were joined from, for whoever writes them; without it they are a copy. */
      readonly homes?: readonly PieceHome[];
    }
  /** Not there: optimised out, unreadable…; `reason` is shown in its place. */
  | { readonly kind: 'none'; readonly reason: string };

/** Bytes [from, to). */
export interface ByteSpan {
  readonly from: number;
  readonly to: number;
}

/** Bytes [from, to) of a value are those of a register or of memory, from its byte `shift` on. */
export interface PieceHome extends ByteSpan {
  readonly at:
    | { readonly kind: 'memory'; readonly address: RuntimeAddress }
    | { readonly kind: 'register'; readonly name: string };
  readonly shift: number;
}

/** The homes of a part of a value. */
export function homesOfPart(
  homes: readonly PieceHome[] | undefined,
  offset: number,
  size: number,
): readonly PieceHome[] | undefined {
  return homes
    ?.filter(({ from, to }) => from < offset + size && to > offset)
    .map(({ from, to, at, shift }) => ({
      from: Math.max(from - offset, 0),
      to: Math.min(to - offset, size),
      at,
      shift: shift + Math.max(offset - from, 0),
    }));
}

/** The words for a variable, or a part of one, that the compiler did not keep. */
export const OPTIMISED_OUT = 'optimised out';
