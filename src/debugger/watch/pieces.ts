import { runtimeAddress } from '../../base/index.ts';
import type { HardwareWatch } from '../../target/index.ts';

export type RegisterPiece = Pick<HardwareWatch, 'address' | 'length'>;

const SIZES = [8, 4, 2, 1] as const;

/**
 * Memory as one watch register after the other covers it: 1, 2, 4 or 8 bytes at a multiple of that (Intel SDM vol. 3B
 * §17.2.5). Undefined: it takes more than `most`.
 */
export function registerPieces(
  address: number,
  size: number,
  most: number,
): readonly RegisterPiece[] | undefined {
  const pieces: RegisterPiece[] = [];
  const end = address + size;
  for (let at = address; at < end; at += pieces.at(-1)!.length) {
    if (pieces.length === most) return undefined;
    const length = SIZES.find((one) => at % one === 0 && at + one <= end)!;
    pieces.push({ address: runtimeAddress(at), length });
  }
  return pieces;
}
