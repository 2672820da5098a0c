import { inflateSync } from 'node:zlib';
import type { Platform } from '../../base/index.ts';

/** Bytes more than promised, so that a stream that goes on is noticed and not cut. */
const SLACK = 64;

export const nodePlatform: Platform = {
  inflateZlib(data, size) {
    // One output chunk of the right size spares zlib's growing and joining; maxOutputLength stops a bomb.
    const options = { chunkSize: Math.max(size + SLACK, SLACK), maxOutputLength: Math.max(size, 1) };
    const bytes = inflateSync(data, options);
    if (bytes.length !== size) throw new Error(`inflates to ${bytes.length} bytes, not ${size}`);
    return bytes;
  },
};
