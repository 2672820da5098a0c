import { hex, type RuntimeAddress } from '../../base/index.ts';
import { describeAccess, type WatchFacts } from '../../debugger/index.ts';
import type { Style } from '../output/style.ts';
import { plural } from '../output/text.ts';

/** A watch as data. */
export interface WatchRow {
  readonly expression: string;
  /** `r`, `w`, `x`, or several. */
  readonly access: string;
  readonly address: RuntimeAddress;
  readonly size: number;
  readonly means: WatchFacts['means'];
  readonly remark: string | undefined;
  readonly ended: string | undefined;
  /** On whose stack it is. */
  readonly goroutine: number | undefined;
}

export const watchRowOf = ({
  expression,
  access,
  address,
  size,
  means,
  remark,
  ended,
  onStackOf,
}: WatchFacts): WatchRow => ({
  expression,
  access: describeAccess(access),
  address,
  size,
  means,
  remark,
  ended,
  goroutine: onStackOf,
});

/** `counter (w, 8 bytes at 0x5a3f20, hardware)` */
export function watchText(watched: WatchRow, style: Style): string {
  const { expression: text, access, size, address, means, ended } = watched;
  const how = ended ?? (size === 0 ? 'empty so far' : means === undefined ? 'off' : MEANS[means]);
  return `${text} (${access}, ${plural(size, 'byte')} at ${style.paint('address', hex(address))}, ${how})`;
}

const MEANS = { hardware: 'hardware', pages: 'by page protection', trap: 'by a trap' } as const;
