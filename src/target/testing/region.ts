import { runtimeAddress } from '../../base/index.ts';
import type { MemoryRegion } from '../target.ts';

/** Anonymous memory that holds these bytes and can be written. */
export const regionOf = (start: number, bytes: Uint8Array): MemoryRegion => ({
  start: runtimeAddress(start),
  end: runtimeAddress(start + bytes.length),
  readable: true,
  writable: true,
  executable: false,
  file: undefined,
  fileOffset: 0,
  available: bytes.length,
});
