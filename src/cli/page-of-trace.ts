import { Analysis, findingsOf } from '../trace/analysis/index.ts';
import { livesOf, type Trace } from '../trace/index.ts';
import { makeTracePage } from '../web/index.ts';

/** The page of a trace with what is wrong in it. `root` is the folder that dist/ is in. */
export function pageOfTrace(trace: Trace, root: URL): string {
  const lives = livesOf(trace);
  const findings = findingsOf(new Analysis(trace, lives)).map(({ severity, title, evidence, place }) => ({
    severity,
    title,
    lines: place === undefined ? evidence : [`${place.function} (${place.file}:${place.line})`, ...evidence],
  }));
  return makeTracePage(trace, lives, findings, new URL('dist/trace-page.html', root));
}
