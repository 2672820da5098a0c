import { describe, expect, it } from 'vitest';
import { type ByteSource, BytesSource, runtimeAddress, TargetFault, threadId } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { fuzz } from '../../base/testing/mutate.ts';
import { testPlatform } from '../../base/testing/platform.ts';
import { ElfFile, openImage, PT_LOAD } from '../../image/index.ts';
import { buildElf, EM_AARCH64, note } from '../../image/testing/elf-builder.ts';
import type { MemoryRegion, Target, Thread } from '../target.ts';
import {
  amd64Registers,
  auxvNote,
  buildCore,
  type CoreSpec,
  fileNote,
  signalNote,
  statusNote,
  threadNote,
} from '../testing/core-builder.ts';
import type { CoreSink } from './core-output.ts';
import { openCore } from './open-core.ts';
import { NT } from './register-layout.ts';
import { type WrittenCore, writeCore } from './write-core.ts';

const CODE = 0x400000;
const STACK = 0x7ffe00000000;
const HEAP = 0xc000000000;
const PAGE = 0x1000;

const counted = (size: number, seed = 1) => Uint8Array.from({ length: size }, (_, i) => (i * 7 + seed) % 255);

/** What a sink was given, put together; checks the sink's contract. */
class Written implements CoreSink {
  bytes = new Uint8Array(0);
  holes: { readonly at: number; readonly length: number }[] = [];
  position = 0;

  begin(size: number): void {
    expect(this.position).toBe(0);
    this.bytes = new Uint8Array(size);
  }

  write(bytes: Uint8Array): void {
    expect(bytes.length).toBeGreaterThan(0);
    this.bytes.set(bytes, this.position);
    this.position += bytes.length;
  }

  skip(length: number): void {
    expect(length).toBeGreaterThan(0);
    this.holes.push({ at: this.position, length });
    this.position += length;
  }
}

function write(target: Target): Written & { result: WrittenCore } {
  const sink = new Written();
  const result = writeCore(target, sink);
  expect(sink.position).toBe(result.size);
  expect(sink.bytes.length).toBe(result.size);
  const inHoles = sink.holes.reduce((sum, { length }) => sum + length, 0);
  expect(result.written + inHoles).toBe(result.size);
  return Object.assign(sink, { result });
}

function open(core: Uint8Array, machine?: number): Target {
  const program = buildElf({
    ...(machine === undefined ? {} : { machine }),
    entry: CODE,
    segments: [{ type: 1, flags: 5, address: CODE, bytes: counted(PAGE) }],
  });
  const source = new BytesSource('/opt/app', program);
  return openCore({
    core: new BytesSource('core', core),
    executable: { path: '/opt/app', source, image: openImage(source, testPlatform) },
    acceptMismatch: true,
    findModule: () => undefined,
    openImage: (bytes: ByteSource) => openImage(bytes, testPlatform),
    platform: testPlatform,
  });
}

const registers = amd64Registers({ rip: CODE + 5, rsp: STACK, fs_base: 0x7f00 }).map((r, i) => r || i + 1);
const notes = [
  threadNote({ id: 41, signal: 11, registers }),
  statusNote(40, 'app', './app -v'),
  signalNote(11, 1, (b) => b.u64(0x18)),
  auxvNote({ 3: CODE + 0x40, 9: CODE, 6: PAGE }),
  fileNote([
    { start: CODE, end: CODE + PAGE, path: '/opt/app' },
    { start: CODE + PAGE, end: CODE + 2 * PAGE, page: 1, path: '/opt/other' },
  ]),
  note('CORE', NT.FPREGSET, counted(512)),
  note('LINUX', NT.X86_XSTATE, counted(832)),
  note('LINUX', NT.X86_SHSTK, counted(8)),
  threadNote({ id: 42, registers: registers.map((r) => r + 100) }),
  note('CORE', NT.FPREGSET, counted(512, 9)),
  note('LINUX', NT.X86_XSAVE_LAYOUT, new ByteBuilder().u32(2).u32(256).u32(576).u32(0).build()),
];
const loads = [
  { address: CODE, bytes: counted(PAGE), flags: 5 },
  { address: CODE + PAGE, bytes: counted(PAGE, 3), flags: 6 },
  { address: HEAP, bytes: new Uint8Array(12 * PAGE).fill(1, 9 * PAGE), flags: 6 },
  { address: HEAP + 12 * PAGE, memorySize: 2 ** 40, flags: 0 },
  { address: STACK, bytes: counted(2 * PAGE, 5), flags: 6 },
];
const core = (spec: Partial<CoreSpec> = {}): Uint8Array => buildCore({ notes, loads, ...spec });

const facts = (region: MemoryRegion) => {
  const { start, end, readable, writable, executable, file, fileOffset, available } = region;
  return { start, end, readable, writable, executable, file, fileOffset, available };
};

function expectSame(actual: Target, expected: Target): void {
  expect(actual.memory.regions.map(facts)).toEqual(expected.memory.regions.map(facts));
  for (const { start, available } of expected.memory.regions) {
    const bytes = Buffer.from(actual.memory.readUpTo(start, available));
    expect(bytes.equals(expected.memory.readUpTo(start, available))).toBe(true);
  }
  expect(actual.threads.map((t) => [t.id, t.currentSignal, t.threadPointer])).toEqual(
    expected.threads.map((t) => [t.id, t.currentSignal, t.threadPointer]),
  );
  for (const [i, { registers: original }] of expected.threads.entries()) {
    const copy = actual.threads[i]!.registers;
    for (const { name } of expected.arch.registers) expect(copy.bytes(name)).toEqual(original.bytes(name));
  }
  const { noteBytes: _, origin: __, ...process } = actual.process;
  expect(expected.process).toMatchObject(process);
}

/** The target as a live one would be that has no notes of the kernel's: only what the port makes it have. */
function bare(target: Target): Target {
  const threads = target.threads.map(({ id, currentSignal, threadPointer, registers }): Thread => {
    const { get, bytes } = { get: (n: number) => registers.get(n), bytes: (n: string) => registers.bytes(n) };
    return { id, currentSignal, threadPointer, registers: { get, bytes } };
  });
  const { noteBytes: _, ...process } = target.process;
  return { ...target, threads, process };
}

describe('writeCore', () => {
  it('writes a core that says what the one it was made of said', () => {
    const original = open(core());
    const { bytes, result } = write(original);
    expectSame(open(bytes), original);
    expect(open(bytes).process.origin).toBe('mattock');
    expect(result).toMatchObject({ threads: 2, regions: 5, unreadable: 0 });
    for (const type of [NT.PRPSINFO, NT.SIGINFO, NT.AUXV, NT.X86_XSAVE_LAYOUT]) {
      expect(open(bytes).process.noteBytes!(type)).toEqual(original.process.noteBytes!(type));
    }
    for (const [i, thread] of open(bytes).threads.entries()) {
      expect(thread.statusNote).toEqual(original.threads[i]!.statusNote);
      for (const type of [NT.FPREGSET, NT.X86_XSTATE, NT.X86_SHSTK]) {
        expect(thread.registers.noteBytes!(type)).toEqual(original.threads[i]!.registers.noteBytes!(type));
      }
    }
  });

  it('makes the notes of what a target says that has none', () => {
    const original = open(core());
    const { bytes } = write(bare(original));
    const copy = open(bytes);
    expect(copy.process).toMatchObject({ pid: 40, commandLine: './app -v', signal: original.process.signal });
    expect(copy.process.auxv).toEqual(original.process.auxv);
    const general = (target: Target) =>
      target.threads.map(({ registers: r }) => ['rip', 'cs', 'orig_rax', 'gs_base'].map((n) => r.bytes(n)));
    expect(general(copy)).toEqual(general(original));
    expect(copy.threads[0]!.registers.bytes('xmm0')).toBeUndefined();
    const silent = bare(open(core({ notes: [notes[0]!, notes[8]!] })));
    const { signal: _, ...process } = silent.process;
    const quiet = { ...silent, process: { ...process, signal: undefined, auxv: new Map() } };
    expect(open(write(quiet).bytes).process).toMatchObject({ origin: 'mattock', signal: { signo: 11 } });
  });

  it('writes who sent a signal', () => {
    const target = open(core());
    const signal = { signo: 6, code: -6, errno: 0, address: undefined, sender: { pid: 40, uid: 1000 } };
    const copy = open(write(bare({ ...target, process: { ...target.process, signal } })).bytes);
    expect(copy.process.signal).toEqual(signal);
  });

  it('has cores of arm64', () => {
    const tls = note('LINUX', NT.ARM_TLS, new ByteBuilder().u64(0x7f5000).build());
    const values = Array.from({ length: 34 }, (_, i) => 0x1000 + i);
    const thread = threadNote({ arch: 'arm64', id: 3, signal: 6, registers: values });
    const arm = { arch: 'arm64', loads: loads.slice(0, 2) } as const;
    const original = open(buildCore({ ...arm, notes: [thread, notes[3]!, notes[4]!, tls] }), EM_AARCH64);
    expect(original.threads[0]!.threadPointer).toBe(0x7f5000);
    expectSame(open(write(original).bytes, EM_AARCH64), original);
    const made = open(write(bare(original)).bytes, EM_AARCH64).threads[0]!;
    expect(made.registers.bytes('pstate')).toEqual(original.threads[0]!.registers.bytes('pstate'));
    expect(made.statusNote).toHaveLength(392);
  });

  it('leaves holes where there are zeros', () => {
    const { bytes, holes } = write(open(core()));
    const long = holes.filter(({ length }) => length >= 9 * PAGE);
    expect(long).toHaveLength(1);
    expect(bytes.subarray(long[0]!.at - PAGE, long[0]!.at).some((byte) => byte !== 0)).toBe(true);
  });

  it('puts the current thread first, and leaves out those that are gone', () => {
    const target = open(core());
    const gone: Thread = {
      ...target.threads[0]!,
      id: threadId(7),
      registers: { get: () => undefined, bytes: () => undefined },
    };
    const process = { ...target.process, currentThread: threadId(42) };
    const faulty: Thread = {
      ...gone,
      registers: {
        ...gone.registers,
        get: () => {
          throw new TargetFault('thread 7 is gone');
        },
      },
    };
    const { bytes, result } = write({ ...target, process, threads: [gone, faulty, ...target.threads] });
    expect(open(bytes).threads.map(({ id }) => id)).toEqual([42, 41]);
    expect(result.threads).toBe(2);
  });

  it('has zeros for pages that cannot be read, and nothing of regions that cannot', () => {
    const readable = new Map([
      [0x10000, counted(PAGE)],
      [0x12000, counted(PAGE, 2)],
      [0x13000, counted(10, 3)],
    ]);
    const target = withRegions(
      [region(0x10000, 0x15000), region(0x20000, 0x22000), region(0x30000, 0x31000, { readable: false })],
      (address) => readable.get(address - (address % PAGE))?.slice(address % PAGE) ?? new Uint8Array(0),
    );
    const { bytes, result } = write(target);
    expect(result.unreadable).toBe(PAGE + (PAGE - 10) + PAGE);
    const copy = open(bytes).memory;
    const regions = copy.regions.filter(({ file }) => file === undefined);
    expect(regions.map(({ available }) => available)).toEqual([0x5000, 0, 0]);
    expect(copy.read(runtimeAddress(0x12000), PAGE)).toEqual(counted(PAGE, 2));
    expect(copy.read(runtimeAddress(0x13000), 12)).toEqual(Uint8Array.of(...counted(10, 3), 0, 0));
    expect(regions.map((r) => r.readable)).toEqual([true, true, false]);
  });

  it('counts more regions than the header can', () => {
    const count = 0xffff;
    const regions = Array.from({ length: count }, (_, i) =>
      region(PAGE * (2 * i + 1), PAGE * (2 * i + 2), { readable: false }),
    );
    const { bytes } = write(withRegions(regions, () => new Uint8Array(0)));
    expect(new DataView(bytes.buffer).getUint16(56, true)).toBe(0xffff);
    const headers = new ElfFile(new BytesSource('core', bytes), testPlatform).programHeaders.ofType(PT_LOAD);
    expect(headers).toHaveLength(count);
    expect(headers.at(-1)!.address).toBe(regions.at(-1)!.start);
  });

  it('does not let a file stand in for what a cut core has lost', () => {
    const whole = core({ loads: loads.slice(0, 2) });
    const header = 0x40 + 2 * 56; // of the second PT_LOAD, which is of data
    const at = Number(new DataView(whole.buffer, whole.byteOffset).getBigUint64(header + 8, true));
    const original = open(whole.subarray(0, at + PAGE - 16));
    const lost = runtimeAddress(CODE + 2 * PAGE - 16);
    expect(() => original.memory.uint8(lost)).toThrow('the core is cut');
    const copy = open(write(original).bytes).memory;
    expect(copy.regionAt(lost)).toMatchObject({ file: undefined, available: PAGE - 16 });
    expect(() => copy.uint8(lost)).toThrow('not written to the core');
    expect(copy.regionAt(runtimeAddress(CODE))!.file).toBe('/opt/app');
  });

  it('tells how far it is, and ends when it is told to', () => {
    const target = open(core());
    const seen: number[] = [];
    const sink = new Written();
    const { size } = writeCore(target, sink, { progress: (done, total) => seen.push(done / total) });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toBe(1);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    const cut = new Written();
    const stop = () => {
      throw new Error('stop');
    };
    expect(() => writeCore(target, cut, { progress: stop })).toThrow('stop');
    expect(cut.position).toBeLessThan(size);
  });

  it('writes something or fails in order for every damaged core, soon', () => {
    const whole = core({ loads: loads.filter(({ memorySize }) => memorySize === undefined) });
    const outcome = fuzz(whole, { rounds: 150, range: { from: 0, to: 3500 } }, (damaged) => {
      const target = open(damaged);
      const sizes = { size: 0, position: 0 };
      const add = (length: number) => {
        sizes.position += length;
      };
      writeCore(target, {
        begin: (size) => Object.assign(sizes, { size }),
        write: (b) => add(b.length),
        skip: add,
      });
      expect(sizes.position).toBe(sizes.size);
    });
    expect(outcome.values).toBeGreaterThan(50);
    expect(outcome.errors).toBeGreaterThan(3);
  });
});

function region(start: number, end: number, rest: Partial<MemoryRegion> = {}): MemoryRegion {
  return {
    start: runtimeAddress(start),
    end: runtimeAddress(end),
    readable: true,
    writable: true,
    executable: false,
    file: undefined,
    fileOffset: 0,
    available: rest.readable === false ? 0 : end - start,
    ...rest,
  };
}

/** A target whose memory is what `read` gives, as a process is that says of regions what cannot be kept. */
function withRegions(regions: readonly MemoryRegion[], read: (address: number) => Uint8Array): Target {
  const target = open(core({ notes: notes.filter((_, i) => i !== 4) }));
  const readUpTo = (address: number, length: number): Uint8Array => {
    const found = read(address).subarray(0, length);
    const rest = address + found.length;
    if (found.length === 0 || found.length === length || rest % PAGE !== 0) return found;
    return Uint8Array.of(...found, ...readUpTo(rest, length - found.length));
  };
  return { ...target, memory: { regions, readUpTo } as Partial<Target['memory']> as Target['memory'] };
}
