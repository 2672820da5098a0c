import { describe, expect, test } from 'vitest';
import { compareVersions, installedGo } from '../../test/support/tools.ts';
import { goid } from '../base/index.ts';
import type { BlockedOn, Goroutine } from './goroutine.ts';
import type { Program } from './program.ts';
import { contradictions } from './testing/blocked-claims.ts';
import {
  type CoreRequest,
  fixtureProgram,
  functionsOf,
  goroutineIn,
  missingForCore,
} from './testing/fixture-program.ts';

const BUILDS: readonly Omit<CoreRequest, 'fixture'>[] = [
  {},
  { flags: 'noopt' },
  { stripped: true },
  { toolchain: '1.19.13' },
  { toolchain: '1.22.12' },
  { toolchain: '1.24.13', flags: 'noopt' },
  { arch: 'arm64' },
];

/** Nothing runs in them: what their goroutines say of what they wait for is checked against each other and the memory. */
const AT_REST: ReadonlySet<string> = new Set(['blocked-channels', 'blocked-sync', 'blocked-io']);

function each(fixture: string, check: (program: Program, request: CoreRequest) => void): void {
  describe(fixture, () => {
    for (const build of BUILDS) {
      const request = { fixture, ...build };
      test.skipIf(missingForCore(request) !== undefined)(JSON.stringify(build), async () => {
        const { program } = await fixtureProgram(request);
        check(program, request);
        if (AT_REST.has(fixture)) expect([...contradictions(program)]).toEqual([]);
      });
    }
  });
}

function blockedIn(program: Program, name: string): BlockedOn | undefined {
  return goroutineIn(program, name).blockedOn;
}

const waitingFor = (program: Program, name: string, kind: BlockedOn['kind']): readonly Goroutine[] =>
  [...program.goroutines()].filter(
    (g) => g.blockedOn?.kind === kind && functionsOf(program, g).includes(name),
  );

each('blocked-channels', (program, request) => {
  const send = blockedIn(program, 'main.sendUnbuffered');
  expect(send).toMatchObject({ kind: 'channel', operation: 'send', channel: { length: 0, capacity: 0 } });
  const receivers = waitingFor(program, 'main.receiveUnbuffered', 'channel');
  expect(receivers).toHaveLength(2);
  const ids = receivers.map(({ id }) => id);
  for (const { blockedOn } of receivers) {
    if (blockedOn?.kind !== 'channel') throw new Error('not on a channel');
    expect(blockedOn.operation).toBe('receive');
    expect([...(blockedOn.channel?.receiveWaiters ?? [])].sort()).toEqual([...ids].sort());
    expect(blockedOn.channel?.elementType).toBe('main.message');
  }
  expect(blockedIn(program, 'main.sendFull')).toMatchObject({
    kind: 'channel',
    operation: 'send',
    channel: { length: 3, capacity: 3, closed: false, elementType: 'int', receiveWaiters: [] },
  });
  for (const [name, operation] of [
    ['main.sendNil', 'send'],
    ['main.receiveNil', 'receive'],
  ] as const) {
    expect(blockedIn(program, name)).toMatchObject({ kind: 'channel', operation, channel: { address: 0 } });
  }
  const two = blockedIn(program, 'main.selectTwo');
  if (two?.kind !== 'select') throw new Error('not in a select');
  expect(new Set(two.cases.map((c) => `${c.operation} ${c.channel.elementType}`))).toEqual(
    new Set(['send int', 'receive string']),
  );
  expect(blockedIn(program, 'main.selectForever')).toEqual({ kind: 'select', cases: [] });
  expect(request.fixture).toBe('blocked-channels');
});

each('blocked-sync', (program) => {
  const owner = (name: string) => {
    const on = blockedIn(program, name);
    if (on?.kind !== 'semaphore') throw new Error(`${name} is not on a semaphore: ${on?.kind}`);
    return on;
  };
  const mutex = owner('main.(*cache).lock');
  expect(mutex.owner).toBe('mutex');
  expect(mutex.waiters).toHaveLength(2);
  const read = owner('main.(*cache).readLock');
  expect(read.owner).toBe('rwmutex-read');
  const group = owner('main.waitGroup');
  expect(group.owner).toBe('waitgroup');
  const cond = owner('main.waitCond');
  expect(cond.owner).toBe('cond');
  expect(cond.waiters).toHaveLength(2);
  // The one that came last too, whose stack has words near the list's tail.
  const waitCond = waitingFor(program, 'main.waitCond', 'semaphore');
  expect(waitCond.map((g) => g.blockedOn)).toEqual([cond, cond]);
  for (const { address } of [mutex, read, group, cond]) {
    expect(program.target.memory.tryRead(address, 8)).toBeDefined();
  }
  const kinds = [...program.goroutines()].map((g) => g.blockedOn?.kind === 'semaphore' && g.blockedOn.owner);
  expect(kinds).toContain('rwmutex-write');
  // held: {name string; mu sync.Mutex; rw sync.RWMutex}: the mutex follows a string, and the RWMutex it.
  const text = program.target.memory.pointer((mutex.address - 16) as typeof mutex.address);
  expect(program.target.memory.cString(text, 4)).toMatch(/^held/);
});

each('blocked-io', (program) => {
  for (const name of ['main.acceptForever', 'main.readSocket', 'main.readPipe']) {
    const on = blockedIn(program, name);
    if (on?.kind !== 'io') throw new Error(`${name} does not wait for the poller`);
    expect(on.mode).toBe('read');
    expect(on.fd).toBeGreaterThan(2);
    expect(on.fd).toBeLessThan(20);
  }
  const sleep = blockedIn(program, 'main.sleeper');
  if (sleep?.kind !== 'sleep') throw new Error('not asleep');
  expect(sleep.remaining! / 60e9).toBeGreaterThan(85);
  expect(sleep.remaining! / 60e9).toBeLessThan(91);
  const reader = goroutineIn(program, 'main.readBlocking');
  expect(reader.state).toBe('_Gsyscall');
  expect(reader.blockedOn).toMatchObject({ kind: 'syscall', name: 'read' });
  expect(program.target.threads.map(({ id }) => id)).toContain(reader.thread);
  expect(program.goroutineOn(reader.thread!)?.id).toBe(reader.id);
});

each('labels', (program) => {
  const labels = [...program.goroutines()].map((g) => [...g.labels].map((pair) => pair.join('=')).join(' '));
  for (const path of ['/', '/about', '/世界']) {
    expect(labels).toContain(`method=GET path=${path}`);
    expect(labels).toContain(`method=GET path=${path} phase=render`);
  }
  expect(labels).toContain('one=1');
});

each('worker-pool', (program, request) => {
  const goroutines = [...program.goroutines()];
  expect(goroutines.length).toBe(
    program.goroutineCount() - [...program.goroutines({ dead: true })].length + goroutines.length,
  );
  const sorted = [...program.goroutines({ byId: true, reads: ['stack', 'sudog'] })].map(({ id }) => id);
  expect(sorted).toEqual(goroutines.map(({ id }) => id).sort((a, b) => a - b));
  const main = program.goroutine(goid(1))!;
  expect(main.system).toBe(false);
  expect(main.startLocation.function).toBe('runtime.main');
  const workers = goroutines.filter((g) => g.startLocation.function === 'main.(*pool).worker');
  expect(workers.length).toBeGreaterThan(3);
  for (const worker of workers) {
    expect(worker.system).toBe(false);
    expect(worker.problem).toBeUndefined();
    expect(worker.goStatementLocation.function).toMatch(/^main\./);
    expect(worker.stack.high).toBeGreaterThan(worker.stack.low);
    // go1.21 began to note it.
    const noted = compareVersions(request.toolchain ?? installedGo()!, '1.21') >= 0;
    expect(worker.parent).toBe(noted ? 1 : undefined);
  }
  const system = goroutines.filter((g) => g.system);
  expect(system.length).toBeGreaterThan(1);
  for (const g of system) expect(g.startLocation.function).toMatch(/^runtime\./);
  expect(program.goroutine(goid(999_999))).toBeUndefined();
});
