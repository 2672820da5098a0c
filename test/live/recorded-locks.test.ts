import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { Recording } from '../../src/engine/trace/recording.ts';
import { isGoroutine } from '../../src/golang/wait-graph/graph.ts';
import { Analysis } from '../../src/trace/analysis/index.ts';
import { livesOf } from '../../src/trace/index.ts';
import { buildGo } from '../support/go-build.ts';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

// Its circles stand before it says so, and only main moves: it wakes every 20 ms.
it('a recording tells a deadlock that stood before it began, and who holds what', async () => {
  const child = spawn(buildGo({ source: 'test/fixtures/plain-locks' }), [], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout!, 'data');
  const recording = await Recording.start({
    subject: { kind: 'attach', pid: child.pid! },
    lossless: false,
  });
  while (recording.status.events === 0) {
    recording.drain();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await recording.stop();
  const trace = recording.trace();
  const { graph, findings } = new Analysis(trace, livesOf(trace)).waitFor();
  const circles = findings
    .filter(({ kind }) => kind === 'deadlock')
    .map(({ members, goroutines }) => {
      const names = members.map((at) => {
        const node = graph.nodes[at]!;
        return isGoroutine(node) ? node.place?.function : undefined;
      });
      return `${goroutines}: ${names.sort().join()}`;
    });
  expect(circles.sort()).toEqual([
    '2: main.leftThenRight,main.rightThenLeft',
    '2: main.put,main.reindex',
    '5: main.transfer,main.transfer,main.transfer',
  ]);
});
