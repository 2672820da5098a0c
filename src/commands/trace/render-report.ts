import type { Analysis } from '../../trace/analysis/index.ts';
import type { TraceProcess } from '../../trace/index.ts';
import { jsonDocument } from '../output/json.ts';
import type { Style } from '../output/style.ts';
import { documentHtml } from './html-document.ts';
import { type ReportRequest, reportBlocks, reportData } from './report.ts';
import { graphPicture } from './section-graph.ts';
import { SECTIONS } from './sections.ts';
import { documentText } from './text-document.ts';

export type ReportFormat = 'text' | 'json' | 'html' | 'mermaid' | 'svg';

/** One of several processes of a trace. */
export type ReportedProcess = Pick<TraceProcess, 'pid' | 'parent' | 'command' | 'begin' | 'end'>;

const processPlain = ({ pid, parent, command, begin, end }: ReportedProcess) => ({
  pid,
  parent,
  command,
  beginNs: begin,
  ...(end === undefined ? {} : { endNs: end }),
});

/** The report in pieces, as they come. */
export function* renderReport(
  analysis: Analysis,
  request: ReportRequest,
  format: ReportFormat,
  style: Style,
  process?: ReportedProcess,
): Iterable<string> {
  switch (format) {
    case 'json':
      yield* jsonDocument(
        { command: 'trace analyze', ...(process && { process: processPlain(process) }) },
        reportData(analysis, request),
      );
      break;
    case 'html': {
      // A page has room for everything.
      const all = request.sections.length === 0 && request.goroutine === undefined;
      const wanted = all ? { ...request, sections: SECTIONS.map(({ name }) => name) } : request;
      yield* documentHtml(`Trace ${analysis.subject.trace.source.name}`, reportBlocks(analysis, wanted));
      break;
    }
    case 'mermaid':
    case 'svg':
      for (const line of graphPicture(analysis, request, format)) yield `${line}\n`;
      break;
    default:
      for (const line of documentText(reportBlocks(analysis, request), style)) yield `${line}\n`;
  }
}
