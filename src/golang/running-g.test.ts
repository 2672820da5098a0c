import { expect, test } from 'vitest';
import { type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import type { Memory, Thread } from '../target/index.ts';
import { findGoRuntime } from './go-runtime.ts';
import { Machines } from './machines.ts';
import type { Program } from './program.ts';
import { RunningGs } from './running-g.ts';
import { G, M } from './runtime-facts/structs.ts';
import { type CoreRequest, fixtureProgram, missingForCore } from './testing/fixture-program.ts';

const cores: readonly CoreRequest[] = [
  { fixture: 'threads' },
  { fixture: 'threads', flags: 'noopt' },
  { fixture: 'deadlock' },
  { fixture: 'goexit-main' },
  { fixture: 'stack-overflow' },
  { fixture: 'signal-frames' },
  { fixture: 'cgo-fault' },
  { fixture: 'blocked-sync', stripped: true },
  { fixture: 'blocked-sync', pie: true },
  { fixture: 'blocked-sync', toolchain: '1.19.13' },
  { fixture: 'blocked-sync', toolchain: '1.22.12' },
  { fixture: 'blocked-sync', arch: 'arm64' },
  { fixture: 'cgo-callback', pie: true },
];

/** What the runtime's own list of threads says. */
function listed(program: Program): Map<number, number> {
  const runtime = findGoRuntime(program.target)!;
  const { goid } = runtime.layout(G);
  const running = new Machines(runtime).all.filter(({ curg }) => curg !== 0);
  return new Map(
    running.map(({ thread, curg }) => [thread, runtime.memory.uint64(runtimeAddress(curg + goid))]),
  );
}

test.each(cores.filter((request) => missingForCore(request) === undefined))(
  'a thread leads to the goroutine that the runtime says it runs: %o',
  async (request) => {
    const { program } = await fixtureProgram(request);
    const expected = listed(program);
    for (const thread of program.target.threads) {
      expect([thread.id, program.goidOn(thread)]).toEqual([thread.id, expected.get(thread.id)]);
      expect(program.goroutineOn(thread.id)?.id).toBe(expected.get(thread.id));
    }
  },
);

test('it takes two reads, or four from a system stack, once the slot is known', async () => {
  const { program } = await fixtureProgram({ fixture: 'threads' });
  const runtime = findGoRuntime(program.target)!;
  const { memory, addresses } = counted(program.target.memory);
  const running = new RunningGs(
    Object.create(runtime, { memory: { value: memory } }) as NonNullable<ReturnType<typeof findGoRuntime>>,
  );
  const reads = (thread: Thread): number => {
    running.on(thread);
    addresses.length = 0;
    expect(running.on(thread)?.id).toBe(program.goidOn(thread));
    return addresses.length;
  };
  // The signal that ends the program is taken on every thread's signal stack.
  const handling = program.target.threads.filter((thread) => program.goidOn(thread) !== undefined);
  expect(handling.map(reads)).toEqual(handling.map(() => 4));
  // A thread whose slot is the very word that names the goroutine its m runs: so it is on the goroutine's stack.
  const machine = new Machines(runtime).ofThread(handling[0]!.id)!;
  const slot = machine.address + runtime.layout(M).curg;
  expect(reads({ ...handling[0]!, threadPointer: runtimeAddress(slot + 8) })).toBe(2);
});

test('a thread that has no thread pointer yet runs no goroutine', async () => {
  const { program } = await fixtureProgram({ fixture: 'threads' });
  const young: Thread = { ...program.target.threads[0]!, threadPointer: runtimeAddress(0) };
  expect(program.goidOn(young)).toBeUndefined();
});

function counted(memory: Memory): { readonly memory: Memory; readonly addresses: number[] } {
  const addresses: number[] = [];
  return {
    addresses,
    memory: {
      tryRead(address: RuntimeAddress, length: number) {
        addresses.push(address);
        return memory.tryRead(address, length);
      },
    } as Memory,
  };
}
