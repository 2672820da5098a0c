import { expect, test } from 'vitest';
import { type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import type { Memory, RegisterFile, Thread } from '../target/index.ts';
import { findGoRuntime } from './go-runtime.ts';
import { Machines } from './machines.ts';
import type { Program } from './program.ts';
import { RunningGs } from './running-g.ts';
import { G } from './runtime-facts/structs.ts';
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

test('it takes one read on a goroutine, three on a system stack, one more where the register says nothing', async () => {
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
  const [handling] = program.target.threads.filter((thread) => program.goidOn(thread) !== undefined);
  expect(reads(handling!)).toBe(3);
  const inC = { ...handling!, registers: changed(program, handling!, { g: 0x1001 }) };
  expect(reads(inC)).toBe(4);
  const machine = new Machines(runtime).ofThread(handling!.id)!;
  const { stackHigh } = runtime.layout(G);
  const sp = runtime.memory.uint64(runtimeAddress(machine.curg + stackHigh)) - 64;
  expect(reads({ ...handling!, registers: changed(program, handling!, { g: machine.curg, sp }) })).toBe(1);
  // The g of somebody else, left in the register: the thread is on another stack.
  const other = [...program.goroutines()].find(({ address }) => address !== machine.curg)!;
  expect(reads({ ...handling!, registers: changed(program, handling!, { g: other.address, sp }) })).toBe(5);
});

function changed(
  { target }: Program,
  { registers }: Thread,
  values: { readonly g?: number; readonly sp?: number },
): RegisterFile {
  const { g, sp } = target.arch.dwarf;
  return {
    get: (dwarf) => (dwarf === g ? values.g : dwarf === sp ? values.sp : undefined) ?? registers.get(dwarf),
    bytes: (name) => registers.bytes(name),
  };
}

test('a thread that has no thread pointer yet runs no goroutine', async () => {
  const { program } = await fixtureProgram({ fixture: 'threads' });
  const [first] = program.target.threads;
  const young: Thread = {
    ...first!,
    registers: changed(program, first!, { g: 0 }),
    threadPointer: runtimeAddress(0),
  };
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
