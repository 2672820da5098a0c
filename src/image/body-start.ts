import type { LinkedAddress } from '../base/index.ts';
import { linkedAddress } from '../base/index.ts';
import type { Image } from './image.ts';

/** The first address behind the prologue of the function that begins at `entry`: from DWARF, else from pclntab. */
export function bodyStart({ debugInfo, functions }: Image, entry: LinkedAddress): LinkedAddress {
  if (debugInfo !== undefined) return linkedAddress(debugInfo.lines.prologueEnd(entry));
  const index = functions?.find(entry) ?? -1;
  return index < 0 || functions!.entry(index) !== entry ? entry : functions!.places.bodyStart(index);
}

/** Whether nothing of a function's body has been executed at a pc: its arguments and its context are where the call put them. */
export function isBeforeBody(image: Image, entry: LinkedAddress, pc: LinkedAddress): boolean {
  return pc >= entry && (pc === entry || pc <= bodyStart(image, entry));
}
