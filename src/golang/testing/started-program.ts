import { readFileSync } from 'node:fs';
import { type Build, builtFixture } from '../../../test/support/builds.ts';
import { archNamed } from '../../arch/index.ts';
import { BytesSource, type RuntimeAddress, runtimeAddress, threadId } from '../../base/index.ts';
import { testPlatform } from '../../base/testing/platform.ts';
import { openImage } from '../../image/index.ts';
import { type Memory, type MemoryRegion, Module, type Target, type Thread } from '../../target/index.ts';
import { regionOf } from '../../target/testing/region.ts';
import { FakeMemory } from '../values/testing/fake-program.ts';

const STACK = 0x7ffff0000000;
const STACK_SIZE = 0x2000;

/** A process as execve leaves it: the file's bytes, an empty stack, and one thread before its first instruction. */
export function startedTarget(build: Build): Target & { readonly memory: WritableMemory } {
  const { executable } = builtFixture(build);
  const image = openImage(new BytesSource(executable, readFileSync(executable)), testPlatform);
  const bias = image.positionIndependent ? 0x555555554000 : 0;
  const memory = new WritableMemory();
  for (const { address, memorySize } of image.segments) {
    memory.map(address + bias, image.bytesAt(address, memorySize));
  }
  memory.map(STACK, new Uint8Array(STACK_SIZE));
  const { segments } = image;
  const module = new Module({
    path: executable,
    image,
    bias,
    start: runtimeAddress(bias + Math.min(...segments.map(({ address }) => address))),
    end: runtimeAddress(bias + Math.max(...segments.map(({ address, memorySize }) => address + memorySize))),
  });
  const arch = archNamed(image.arch)!;
  const entry = module.toRuntime(image.entryPoint);
  return {
    kind: 'process',
    arch,
    memory,
    threads: [firstThread(arch.dwarf, entry)],
    modules: {
      all: [module],
      executable: module,
      at: (address) => (address >= module.start && address < module.end ? module : undefined),
    },
    process: {
      pid: 100,
      executable,
      commandLine: executable,
      signal: undefined,
      currentThread: threadId(100),
      auxv: new Map(),
      origin: 'unknown',
    },
    warnings: [],
  };
}

function firstThread(dwarf: { readonly pc: number; readonly sp: number }, entry: number): Thread {
  const sp = STACK + STACK_SIZE - 0x100;
  return {
    id: threadId(100),
    registers: {
      get: (number) => (number === dwarf.pc ? entry : number === dwarf.sp ? sp : 0),
      bytes: (name) => (name === 'rflags' ? Uint8Array.of(2, 2, 0, 0, 0, 0, 0, 0) : new Uint8Array(8)),
    },
    currentSignal: 0,
    threadPointer: runtimeAddress(0),
  };
}

/** A target that is one at first and then another, as a process is that has run meanwhile. */
export function changingTarget(first: Target): { readonly target: Target; become(next: Target): void } {
  let now = first;
  const memory = new Proxy({} as Memory, {
    get(_, name) {
      const value: unknown = Reflect.get(now.memory, name);
      return typeof value === 'function' ? (value.bind(now.memory) as unknown) : value;
    },
  });
  const target = new Proxy({} as Target, {
    get: (_, name) => (name === 'memory' ? memory : (Reflect.get(now, name) as unknown)),
  });
  return {
    target,
    become(next) {
      now = next;
    },
  };
}

/** Memory that a test changes, as a program that runs does. */
export class WritableMemory extends FakeMemory implements Memory {
  override readonly regions: MemoryRegion[] = [];
  readonly #behind: Memory | undefined;
  readonly #written: { readonly start: number; readonly bytes: Uint8Array }[] = [];

  /** `behind` is read where nothing is mapped here. */
  constructor(behind?: Memory) {
    super();
    this.#behind = behind;
  }

  map(start: number, bytes: Uint8Array): void {
    this.add(start, bytes);
    this.regions.push(regionOf(start, bytes));
  }

  writeWord(address: number, value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
    this.#written.push({ start: address, bytes });
  }

  override readUpTo(address: RuntimeAddress, length: number): Uint8Array {
    const own = super.readUpTo(address, length);
    const read = own.length > 0 || this.#behind === undefined ? own : this.#behind.readUpTo(address, length);
    for (const { start, bytes } of this.#written) {
      for (let i = 0; i < bytes.length; i++) {
        const at = start + i - address;
        if (at >= 0 && at < read.length) read[at] = bytes[i]!;
      }
    }
    return read;
  }

  override regionAt = (address: RuntimeAddress): MemoryRegion | undefined =>
    this.regions.find(({ start, end }) => address >= start && address < end) ??
    this.#behind?.regionAt(address);
}
