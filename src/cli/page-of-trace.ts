import { Analysis, findingsOf } from '../trace/analysis/index.ts';
import type { PageFinding } from '../trace/export/index.ts';
import { type Lives, livesOf, splitProcesses, type Trace } from '../trace/index.ts';
import { makeTracePage } from '../web/index.ts';

/** The page of a trace with what is wrong in it. `root` is the folder that dist/ is in. */
export function pageOfTrace(trace: Trace, root: URL): string {
  const lives = livesOf(trace);
  const findings =
    trace.processes.length === 0
      ? pageFindings(trace, lives)
      : splitProcesses(trace).flatMap(({ pid, command, trace: own }) =>
          pageFindings(own, livesOf(own)).map((finding) => ({
            ...finding,
            title: `process ${pid}: ${finding.title}`,
            lines: [command, ...finding.lines],
          })),
        );
  return makeTracePage(trace, lives, findings, new URL('dist/trace-page.html', root));
}

const pageFindings = (trace: Trace, lives: Lives): PageFinding[] =>
  findingsOf(new Analysis(trace, lives)).map(({ severity, title, evidence, place }) => ({
    severity,
    title,
    lines: place === undefined ? evidence : [`${place.function} (${place.file}:${place.line})`, ...evidence],
  }));
