// Run by live.ts in a process of its own, so that it can be pinned: steps a program and prints nanoseconds per step.
//   live-steps mattock|delve instructions|lines COUNT PROGRAM WORKER
import { pathToFileURL } from 'node:url';
import { openInWorker } from '../src/engine/worker-session.ts';
import { DelveClient } from './delve-client.ts';

type Kind = 'instructions' | 'lines';
const ITERATIONS = '1000000';

async function mattock(kind: Kind, count: number, program: string, worker: string): Promise<number> {
  const session = await openInWorker(pathToFileURL(worker), {
    live: {
      kind: 'launch',
      program: { path: program },
      args: [ITERATIONS],
      terminal: { kind: 'files', stdin: '/dev/null', stdout: '/dev/null' },
      fixedAddresses: true,
    },
  });
  const run = async (line: string): Promise<void> => {
    const outcome = await session.execute(line, { format: 'json', colour: false }, () => {});
    if (outcome.error !== undefined) throw new Error(`${line}: ${outcome.error.message}`);
  };
  try {
    await run('break main.work');
    await run('continue');
    await run('clearall');
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      await run(kind === 'lines' ? 'next' : 'step-instruction');
      if (kind === 'instructions') await run('regs');
    }
    return ((performance.now() - start) * 1e6) / count;
  } finally {
    await session.close();
  }
}

async function delve(kind: Kind, count: number, program: string): Promise<number> {
  const client = await DelveClient.start([], program, [ITERATIONS]);
  try {
    const { Breakpoint } = await client.call<{ Breakpoint: { id: number } }>('CreateBreakpoint', {
      Breakpoint: { functionName: 'main.work', line: -1 },
    });
    await client.call('Command', { name: 'continue' });
    await client.call('ClearBreakpoint', { Id: Breakpoint.id });
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      await client.call('Command', { name: kind === 'lines' ? 'next' : 'stepInstruction' });
      if (kind === 'instructions') await client.call('ListRegisters', { ThreadID: 0, IncludeFp: false });
    }
    return ((performance.now() - start) * 1e6) / count;
  } finally {
    await client.close();
  }
}

const [side, kind, count, program, worker] = process.argv.slice(2);
const step = side === 'delve' ? delve : mattock;
console.log(`nanoseconds per step ${Math.round(await step(kind as Kind, Number(count), program!, worker!))}`);
