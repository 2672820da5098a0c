import type { Lives } from '../spans.ts';
import type { Trace } from '../trace.ts';
import { encodePage, type PageFinding } from './page-data.ts';

/** What the page is made with, on whichever machine. */
export interface PagePort {
  /** The page without data (web-ui, built). */
  readonly template: string;
  gzip(bytes: Uint8Array): Uint8Array;
  base64(bytes: Uint8Array): string;
}

const PLACE = '<!--DATA-->';

/** One HTML file with the trace in it: nothing is loaded from elsewhere. */
export function tracePage(
  trace: Trace,
  lives: Lives,
  findings: readonly PageFinding[],
  port: PagePort,
): string {
  const [before, after] = port.template.split(PLACE);
  if (before === undefined || after === undefined)
    throw new Error(`the page has no place for data: ${PLACE}`);
  const data = port.base64(port.gzip(encodePage(trace, lives, findings)));
  return `${before}<script type="application/octet-stream" id="data">${data}</script>${after}`;
}
