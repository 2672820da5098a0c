import { UserError } from '../../base/index.ts';
import { type DrawnGraph, drawnGraph } from '../../golang/wait-graph/drawn.ts';
import { findings, type WaitFinding } from '../../golang/wait-graph/findings.ts';
import type { WaitGraph } from '../../golang/wait-graph/graph.ts';
import { mermaid } from '../../golang/wait-graph/mermaid.ts';
import { svg } from '../../golang/wait-graph/svg.ts';
import { graphText } from '../../golang/wait-graph/text.ts';
import { Answer, type Context } from '../command.ts';
import { harmless, type Style } from '../output/style.ts';

const MOST_FINDINGS = 20;

interface GraphResult {
  readonly graph: WaitGraph;
  readonly findings: readonly WaitFinding[];
  /** Where the picture is. */
  readonly svg: string | undefined;
}

export interface GraphRequest {
  readonly mermaid: boolean;
  readonly svg: string | undefined;
  readonly limit: number | undefined;
}

/** `goroutines -graph`: who waits for whom. */
export function graphAnswer({ session }: Context, request: GraphRequest): Answer {
  const { host, program } = session;
  const graph = program.waitGraph((what, done, total) => {
    session.checkCancelled();
    host.progress(what, done, total);
  });
  const found = findings(graph);
  const drawn = (): DrawnGraph => drawnGraph(graph, found);
  const path = request.svg === undefined ? undefined : writeSvg(host, request.svg, drawn());
  const result: GraphResult = { graph, findings: found, svg: path };
  return new Answer(plain(result), (style) => {
    if (request.mermaid) return mermaid(drawn());
    return path === undefined ? text(result, style, request.limit) : [`wrote ${style.path(path)}`];
  });
}

/** `from` and `to` are addresses elsewhere in JSON. */
const plain = ({ graph, ...result }: GraphResult): unknown => ({
  ...result,
  graph: {
    ...graph,
    edges: graph.edges.map(({ from, to, ...edge }) => ({ fromNode: from, toNode: to, ...edge })),
  },
});

function* text(
  { graph, findings: found }: GraphResult,
  style: Style,
  limit = MOST_FINDINGS,
): Iterable<string> {
  for (const line of graphText(graph, found, limit)) {
    const words = harmless(line.text);
    yield line.kind === 'heading' ? style.paint('heading', words) : words;
  }
}

function writeSvg(host: Context['session']['host'], path: string, drawn: DrawnGraph): string {
  if (drawn.nodes.length === 0) throw new UserError('there is nothing to draw: nobody waits for anybody');
  const bytes = new TextEncoder().encode(`${[...svg(drawn)].join('\n')}\n`);
  const file = host.createFile(path, true);
  try {
    file.begin(bytes.length);
    file.write(bytes);
    file.finish();
    return file.path;
  } finally {
    file.discard();
  }
}
