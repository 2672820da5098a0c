import { describe, expect, it } from 'vitest';
import { archNamed } from '../arch/index.ts';
import { BytesSource, runtimeAddress, threadId } from '../base/index.ts';
import { CoreMemory } from './core/core-memory.ts';
import { buildMemoryMap } from './core/memory-map.ts';
import { describeFault } from './fault.ts';
import { Module } from './module.ts';
import { ModuleList } from './module-list.ts';
import type { Thread } from './target.ts';

const region = (address: number, memorySize: number, flags: string) => ({
  address,
  memorySize,
  fileOffset: 0,
  fileSize: 0,
  readable: flags.includes('r'),
  writable: flags.includes('w'),
  executable: flags.includes('x'),
});

const thread = (sp: number): Thread => ({
  id: threadId(9),
  registers: { get: (n) => (n === archNamed('amd64').dwarf.sp ? sp : undefined), bytes: () => undefined },
  currentSignal: 0,
  threadPointer: undefined,
});

const segments = [
  region(0x400000, 0x1000, 'rx'),
  region(0x7f0000000000, 0x1000, ''),
  region(0x7f0000001000, 0x8000, 'rw'),
];
const memory = new CoreMemory(
  new BytesSource('core', new Uint8Array(0)),
  buildMemoryMap(segments, [], 0),
  () => undefined,
);
const app = new Module({
  path: '/app',
  image: undefined,
  bias: 0,
  start: runtimeAddress(0x400000),
  end: runtimeAddress(0x401000),
});
const modules = new ModuleList(app, []);
const place = (address: number, sp = 0x7f0000001100) =>
  describeFault(runtimeAddress(address), {
    memory,
    modules,
    threads: [thread(sp)],
    stackPointer: (t) => t.registers.get(7),
  });

describe('describeFault', () => {
  it('knows nil and fields of nil', () => {
    expect(place(0).text).toBe('nil');
    expect(place(24)).toMatchObject({ kind: 'nil', offset: 24 });
  });

  it('knows the guard below a thread’s stack', () => {
    expect(place(0x7f0000000ff8)).toMatchObject({ kind: 'stack-guard', thread: { id: 9 } });
    expect(place(0x7f0000000ff8).text).toContain('thread 9: the stack has overflowed');
    expect(place(0x7efffffff000).kind).toBe('stack-guard');
  });

  it('does not take what lies below other memory for a guard', () => {
    expect(place(0x7f0000000ff8, 0x123456789)).toMatchObject({ kind: 'mapped', region: { readable: false } });
  });

  it('names mapped memory with its rights and owner', () => {
    expect(place(0x400123)).toMatchObject({ kind: 'mapped', module: '/app' });
    expect(place(0x400123).text).toBe('mapped (r-x), code of /app, 0x400000–0x401000');
    expect(place(0x7f0000001008, 1).text).toContain('anonymous memory');
  });

  it('names the neighbours of what is not mapped', () => {
    expect(place(0x402000).text).toBe(
      'not mapped: 0x1000 above 0x400000–0x401000, 0x7effffbfe000 below 0x7f0000000000–0x7f0000001000',
    );
    expect(place(2 ** 60).kind).toBe('not-canonical');
  });
});
