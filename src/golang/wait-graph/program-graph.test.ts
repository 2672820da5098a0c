import { describe, expect, it } from 'vitest';
import { type CoreRequest, fixtureProgram, missingForCore } from '../testing/fixture-program.ts';
import { drawnGraph } from './drawn.ts';
import { findings, type WaitFinding } from './findings.ts';
import { isGoroutine, type WaitGraph } from './graph.ts';
import { mermaid } from './mermaid.ts';
import { svg } from './svg.ts';
import { graphText } from './text.ts';

const BUILDS: readonly Omit<CoreRequest, 'fixture'>[] = [
  {},
  { flags: 'noopt' },
  { toolchain: '1.22.12' },
  { toolchain: '1.22.12', flags: 'noopt' },
];

/** Functions of the goroutines of a finding. */
function functionsOf(
  { nodes }: WaitGraph,
  { members, behind, holders }: WaitFinding,
): (string | undefined)[] {
  return [...members, ...behind, ...holders].map((i) => {
    const node = nodes[i]!;
    return isGoroutine(node) ? node.place?.function : undefined;
  });
}

describe.each(BUILDS)('wait-for graph of a core, built %j', (build) => {
  const request = { fixture: 'wait-graph', ...build };
  const missing = missingForCore(request);
  it.skipIf(missing !== undefined)('finds each case, and no more', async () => {
    const { program } = await fixtureProgram(request);
    const graph = program.waitGraph(() => {});
    expect(graph.limits).toEqual([]);
    const found = findings(graph);
    const of = (name: string): WaitFinding => {
      const one = found.filter((finding) => functionsOf(graph, finding).includes(name));
      expect(one, name).toHaveLength(1);
      return one[0]!;
    };
    const crossing = of('main.(*account).transfer');
    expect(crossing).toMatchObject({ kind: 'deadlock', goroutines: 2 });
    // goroutine → its lock → the other → the other lock, and back.
    expect(crossing.path.map((i) => graph.edges[i]!.kind)).toEqual(['waits', 'held', 'waits', 'held']);
    expect(graph.edges[crossing.path[1]!]).toMatchObject({
      confidence: 'likely',
      how: 'has deferred its Unlock',
    });
    expect(of('main.send')).toMatchObject({
      kind: 'never',
      confidence: 'certain',
      goroutines: 3,
      similar: 2,
    });
    const chain = of('main.(*server).publish');
    expect(chain).toMatchObject({ kind: 'deadlock', goroutines: 5 });
    expect(functionsOf(graph, chain)).toContain('main.(*server).handle');
    const readers = of('main.(*table).look');
    expect(readers.goroutines).toBe(3);
    expect(functionsOf(graph, readers).sort()).toEqual([
      'main.(*table).look',
      'main.(*table).read',
      'main.(*table).write',
    ]);
    expect(of('main.waitFor')).toMatchObject({ kind: 'never', confidence: 'certain', goroutines: 1 });
    expect(of('main.choose')).toMatchObject({ kind: 'never', confidence: 'certain', goroutines: 1 });
    expect(of('main.main.func1')).toMatchObject({ kind: 'never', confidence: 'certain' });
    expect(of('main.slowHolder')).toMatchObject({ kind: 'queue', confidence: 'likely', goroutines: 2 });
    // Somebody may come by a package variable: no finding.
    expect(found.flatMap((finding) => functionsOf(graph, finding))).not.toContain('main.worker');
  });
});

describe.each([BUILDS[0]!, BUILDS[2]!, BUILDS[3]!])(
  'locks that are given back without defer, built %j',
  (build) => {
    const request = { fixture: 'plain-locks', ...build };
    const missing = missingForCore(request);
    it.skipIf(missing !== undefined)('are held by whom the code says', async () => {
      const { program } = await fixtureProgram(request);
      const graph = program.waitGraph(() => {});
      const found = findings(graph);
      const circle = (name: string): readonly unknown[] => {
        const one = found.filter((finding) => functionsOf(graph, finding).includes(name));
        expect(one, name).toHaveLength(1);
        expect(one[0], name).toMatchObject({ kind: 'deadlock' });
        expect(one[0]!.confidence).not.toBe('possible');
        return one[0]!.path
          .map((i) => graph.edges[i]!)
          .filter(({ kind }) => kind === 'held')
          .map(({ to }) => graph.nodes[to]!)
          .map((node) => isGoroutine(node) && node.place?.function)
          .sort();
      };
      expect(circle('main.leftThenRight')).toEqual(['main.leftThenRight', 'main.rightThenLeft']);
      expect(circle('main.watch')).toEqual(['main.transfer', 'main.transfer', 'main.transfer']);
      expect(circle('main.put')).toEqual(['main.put', 'main.reindex']);
    });
  },
);

it('is drawn', async (context) => {
  const missing = missingForCore({ fixture: 'wait-graph' });
  if (missing !== undefined) context.skip(missing);
  const { program } = await fixtureProgram({ fixture: 'wait-graph' });
  const graph = program.waitGraph(() => {});
  const found = findings(graph);
  const drawn = drawnGraph(graph, found);
  const lines = [...mermaid(drawn)];
  expect(lines[0]).toBe('flowchart LR');
  for (const line of lines.slice(1)) {
    expect(line).toMatch(
      /^ {2}(?:\w+(?:\["[^"<>]*(?:<br\/>[^"<>]*)*"\]|\(\["[^"<>]*(?:<br\/>[^"<>]*)*"\]\))(?::::stuck)?|\w+ -(?:-|\.-)>\|"[^"]*"\| \w+|classDef .*|%% .*)$/,
    );
  }
  const picture = [...svg(drawn)].join('\n');
  expect(picture.match(/<rect class="box/g)).toHaveLength(drawn.nodes.length);
  expect(picture).not.toMatch(/NaN|undefined|<script|href/);
  const text = [...graphText(graph, found, 3)].map((line) => line.text);
  expect(text).toContain('  each waits for the next, and nothing that can run leads to what they wait for');
  expect(text.at(-1)).toMatch(/^\d+ more, less severe$/);
});
