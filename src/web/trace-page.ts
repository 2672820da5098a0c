import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { UserError } from '../base/index.ts';
import { type PageFinding, tracePage } from '../trace/export/index.ts';
import type { Lives, Trace } from '../trace/index.ts';

/** Level 6 takes a second for a million events; 9 takes three for 2 % less. */
const LEVEL = 6;

/** The page of a trace; `template` is where the built page is (dist/trace-page.html). */
export function makeTracePage(
  trace: Trace,
  lives: Lives,
  findings: readonly PageFinding[],
  template: URL,
): string {
  return tracePage(trace, lives, findings, {
    template: readTemplate(template),
    gzip: (bytes) => gzipSync(bytes, { level: LEVEL }),
    base64: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  });
}

function readTemplate(template: URL): string {
  try {
    return readFileSync(template, 'utf8');
  } catch (error) {
    throw new UserError(
      `the page is not there: ${(error as NodeJS.ErrnoException).code ?? error}`,
      '`npm run build` makes it',
    );
  }
}
