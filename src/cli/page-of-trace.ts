import { Analysis } from '../trace/analysis/index.ts';
import { pageFindings } from '../trace/export/index.ts';
import { livesOf, splitProcesses, type Trace } from '../trace/index.ts';
import { makeTracePage } from '../web/index.ts';

/** The page of a trace with what is wrong in it. `root` is the folder that dist/ is in. */
export function pageOfTrace(trace: Trace, root: URL): string {
  const lives = livesOf(trace);
  const findings =
    trace.processes.length === 0
      ? pageFindings(new Analysis(trace, lives))
      : splitProcesses(trace).flatMap(({ pid, command, trace: own }) =>
          pageFindings(new Analysis(own, livesOf(own))).map((finding) => ({
            ...finding,
            title: `process ${pid}: ${finding.title}`,
            lines: [command, ...finding.lines],
          })),
        );
  return makeTracePage(trace, lives, findings, new URL('dist/trace-page.html', root));
}
