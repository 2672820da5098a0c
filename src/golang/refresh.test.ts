import { expect, test } from 'vitest';
import { runtimeAddress, threadId } from '../base/index.ts';
import type { Module, ModuleMap, Target } from '../target/index.ts';
import { findGoRuntime } from './go-runtime.ts';
import { openProgram } from './open-program.ts';
import { ALL_GS } from './runtime-facts/globals.ts';
import { G } from './runtime-facts/structs.ts';
import { fixtureProgram, functionsOf, missingForCore } from './testing/fixture-program.ts';
import { changingTarget, startedTarget, WritableMemory } from './testing/started-program.ts';

const request = { fixture: 'blocked-channels' } as const;

/** A core's program that goes on: its memory can be written. */
async function runningTarget(): Promise<Target & { readonly memory: WritableMemory }> {
  const { target } = (await fixtureProgram(request)).program;
  return {
    kind: 'process',
    arch: target.arch,
    memory: new WritableMemory(target.memory),
    threads: target.threads,
    modules: target.modules,
    process: target.process,
    warnings: [],
  };
}

test('what was read of the state holds until refresh, and is then read anew', async () => {
  const target = await runningTarget();
  const program = openProgram(target);
  const before = [...program.goroutines({ dead: true })];
  const runtime = findGoRuntime(target)!;
  const header = runtime.global(ALL_GS);
  target.memory.writeWord(header + 8, before.length - 1);
  expect(program.goroutineCount()).toBe(before.length);
  program.refresh();
  expect(program.goroutineCount()).toBe(before.length - 1);
  expect([...program.goroutines({ dead: true })].map(({ id }) => id)).toEqual(
    before.slice(0, -1).map(({ id }) => id),
  );
});

test('a parked goroutine that went on is elsewhere', async () => {
  const target = await runningTarget();
  const program = openProgram(target);
  const [first, second] = [...program.goroutines()].filter(({ state }) => state === '_Gwaiting');
  const functions = functionsOf(program, second!);
  const { schedSp, schedPc, schedBp } = findGoRuntime(target)!.layout(G);
  expect(functionsOf(program, first!)).not.toEqual(functions);
  for (const offset of [schedSp, schedPc, schedBp]) {
    const word = target.memory.uint64(runtimeAddress(second!.address + offset));
    target.memory.writeWord(first!.address + offset, word);
  }
  program.refresh();
  expect(functionsOf(program, program.goroutine(first!.id)!)).toEqual(functions);
});

test('points in code are the same ones after refresh', async () => {
  const target = await runningTarget();
  const program = openProgram(target);
  const [main] = program.goroutines();
  const { pc } = main!.currentLocation;
  const location = program.locate(pc, false);
  program.refresh();
  expect(program.locate(pc, false)).toBe(location);
});

test.for([
  { fixture: 'blocked-channels' },
  { fixture: 'blocked-channels', pie: true },
  { fixture: 'blocked-channels', toolchain: '1.22.12', flags: 'noopt' },
] as const)('before its first instruction a program has no goroutines, and says so: %o', (build, context) => {
  const missing = missingForCore(build);
  if (missing !== undefined) context.skip(missing);
  const target = startedTarget(build);
  const program = openProgram(target);
  expect(program.runtime?.version).toMatch(/^go1/);
  const [thread] = target.threads;
  expect(program.goroutineOn(thread!.id)).toBeUndefined();
  expect(program.goidOn(thread!)).toBeUndefined();
  expect(program.stackOfThread(thread!.id, 10).frames[0]!.function).toMatch(/^_rt0_amd64/);
  expect([...program.goroutines()]).toEqual([]);
  expect(program.goroutineCount()).toBe(0);
});

test('a stripped program shows its runtime once that has started', async () => {
  const build = { ...request, stripped: true };
  const running = (await fixtureProgram(build)).program.target;
  const started = startedTarget(build);
  const { target, become } = changingTarget(started);
  const program = openProgram(target);
  expect(() => program.goroutineCount()).toThrow('whose runtime has not started');
  expect(program.stackOfThread(threadId(100), 5).frames[0]!.function).toBe('_rt0_amd64_linux');
  // The same executable, now with the memory that it had at its end.
  become({ ...started, memory: running.memory, threads: running.threads });
  program.refresh();
  expect(program.goroutineCount()).toBeGreaterThan(5);
  expect(program.runtime?.layouts).toBe('table');
});

test('a library that is loaded while the program runs is seen after refresh', async () => {
  const core = await runningTarget();
  const none: ModuleMap = { all: [], executable: undefined, at: () => undefined };
  const { target, become } = changingTarget({ ...core, modules: none });
  const program = openProgram(target);
  const library: Module = core.modules.all[0]!;
  const entry = library.toRuntime(library.image!.entryPoint);
  expect(program.runtime).toBeUndefined();
  expect(program.typeNamed('runtime.g')).toBeUndefined();
  expect(program.locate(entry, false).function).toBeUndefined();
  const one: ModuleMap = {
    ...none,
    all: [library],
    at: (at) => (at >= library.start ? library : undefined),
  };
  become({ ...core, modules: one });
  program.refresh();
  expect(program.locate(entry, false).function).toBe('_rt0_amd64_linux');
  expect(program.runtime?.version).toMatch(/^go1/);
  expect(program.typeNamed('runtime.g')?.name).toBe('runtime.g');
  expect(program.goroutineCount()).toBeGreaterThan(5);
});

test('a process that runs another program has nothing left of the first', async () => {
  const first = await runningTarget();
  const { target, become } = changingTarget(first);
  const program = openProgram(target);
  expect(program.goroutineCount()).toBeGreaterThan(5);
  become(startedTarget({ fixture: 'blocked-sync' }));
  program.refresh();
  expect(program.runtime?.version).toMatch(/^go1/);
  expect(program.stackOfThread(threadId(100), 5).frames[0]!.function).toBe('_rt0_amd64_linux');
});
