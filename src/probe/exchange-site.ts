import type { RuntimeAddress } from '../base/index.ts';
import { RAX, type Register } from './operands.ts';
import type { PatchSite } from './patch-site.ts';

const LOCK = 0xf0;
const REX_B = 1;
const REX_R = 4;
const EXCHANGE = [0x0f, 0xb1] as const;
/** ModRM's mode for 32 bits of distance; its register that stands for another byte. */
const FAR = 2;
const SIB = 4;
/** That byte for a base without an index. */
const NO_INDEX = 0x24;

/**
 * Windows of one instruction each: where code compares and exchanges the 32 bits at this offset of what a register points to.
 * Offsets below 128 are written so shortly that a search for them finds other things.
 */
export function exchangeSites(
  name: string,
  address: RuntimeAddress,
  code: Uint8Array,
  offset: number,
): PatchSite[] {
  if (offset < 0x80) return [];
  const sites: PatchSite[] = [];
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  for (let from = code.indexOf(LOCK); from >= 0; from = code.indexOf(LOCK, from + 1)) {
    const prefix = code[from + 1] ?? 0;
    const rex = prefix >> 4 === 4 ? prefix : 0;
    let at = from + (rex === 0 ? 1 : 2);
    if (EXCHANGE.some((byte, i) => code[at + i] !== byte)) continue;
    at += EXCHANGE.length;
    const operands = code[at++] ?? 0;
    if (operands >> 6 !== FAR || (rex & 8) !== 0) continue;
    if ((operands & 7) === SIB && code[at++] !== NO_INDEX) continue;
    if (at + 4 > code.length || view.getInt32(at, true) !== offset) continue;
    const base = ((operands & 7) | ((rex & REX_B) !== 0 ? 8 : 0)) as Register;
    const next = (((operands >> 3) & 7) | ((rex & REX_R) !== 0 ? 8 : 0)) as Register;
    if (base === RAX || next === RAX) continue;
    const original = new Uint8Array(code.subarray(from, at + 4));
    sites.push({ name, address: (address + from) as RuntimeAddress, original, exchange: { base, next } });
  }
  return sites;
}
