import { inflateSync } from 'node:zlib';
import type { Platform } from '../../base/index.ts';

/** Bytes more than promised, so that a stream that goes on is noticed and not cut. */
const SLACK = 64;
/** deflate's densest code is a match of 258 bytes in 2 bits: a claim of more is damage, and is not allocated. */
const MAX_RATIO = 1032;
/** Debug sections come to 3 or 4. What is more goes into another chunk, and is copied. */
const USUAL_RATIO = 5;
/** zlib.h: data that end early are no error. node:zlib has it too, but is loaded only when it is called. */
const Z_SYNC_FLUSH = 2;

export const nodePlatform: Platform = {
  inflateZlib(data, size) {
    if (size > data.length * MAX_RATIO + SLACK) throw new Error(`cannot inflate to ${size} bytes`);
    // One output chunk of the right size spares zlib's growing and joining; maxOutputLength stops a bomb.
    const options = { chunkSize: Math.max(size + SLACK, SLACK), maxOutputLength: Math.max(size, 1) };
    const bytes = inflateSync(data, options);
    if (bytes.length !== size) throw new Error(`inflates to ${bytes.length} bytes, not ${size}`);
    return bytes;
  },
  inflateZlibStart(data, most) {
    const options = {
      chunkSize: Math.max(Math.min(most, data.length * USUAL_RATIO), SLACK),
      maxOutputLength: Math.max(most, 1),
      finishFlush: Z_SYNC_FLUSH,
    };
    return inflateSync(data, options);
  },
};
