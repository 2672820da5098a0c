import { archNamed } from '../../arch/index.ts';
import {
  type Goid,
  goid,
  type RuntimeAddress,
  runtimeAddress,
  type ThreadId,
  threadId,
  UserError,
} from '../../base/index.ts';
import type { Frame, Goroutine, Location, Program, Stack, Verdict } from '../../golang/index.ts';
import type { Memory, Target, Thread } from '../../target/index.ts';
import { regionOf } from '../../target/testing/region.ts';
import type { Host, NewFile } from '../session/session.ts';
import { Session } from '../session/session.ts';

/** A program without a file behind it: enough of the ports for the commands to have something to say. */

export const at = (name: string, line: number, pc: number): Location => ({
  pc: runtimeAddress(pc),
  function: name,
  position: { file: `/src/app/${name.split('.')[0]}.go`, line },
});

export function fakeGoroutine(facts: Partial<Omit<Goroutine, 'id'>> & { readonly id: number }): Goroutine {
  const { id, ...others } = facts;
  return {
    id: goid(id),
    address: runtimeAddress(0xc000000000 + id * 0x1000),
    state: '_Gwaiting',
    scanning: false,
    waitReason: undefined,
    waited: undefined,
    thread: undefined,
    system: false,
    parent: undefined,
    currentLocation: at('runtime.gopark', 425, 0x46e05c),
    userLocation: at('main.worker', 10 + (id % 3), 0x4cd000 + (id % 3)),
    goStatementLocation: at('main.main', 30, 0x4cf000),
    startLocation: at('main.worker', 8, 0x4cd000),
    labels: new Map(),
    blockedOn: undefined,
    stack: { low: runtimeAddress(0xc000100000), high: runtimeAddress(0xc000102000) },
    problem: undefined,
    ...others,
  };
}

export function fakeFrame(index: number, location: Location, facts: Partial<Frame> = {}): Frame {
  return {
    ...location,
    index,
    lookupPc: location.pc,
    module: undefined,
    cfa: runtimeAddress(0xc000101000 + index * 0x40),
    returnAddressSlot: runtimeAddress(0xc000100ff8 + index * 0x40),
    registers: registersOf(location.pc, 0xc000100fc0 + index * 0x40),
    inlineDepth: 0,
    entry: runtimeAddress(location.pc - 1),
    arrivedBy: index === 0 ? 'start' : 'call',
    systemStack: false,
    ...facts,
  };
}

function registersOf(pc: number, sp: number): (number | undefined)[] {
  const { dwarf } = archNamed('amd64')!;
  const registers = new Array<number | undefined>(dwarf.count).fill(undefined);
  registers[dwarf.pc] = pc;
  registers[dwarf.sp] = sp;
  return registers;
}

export interface FakeFacts {
  readonly goroutines?: Iterable<Goroutine>;
  readonly stack?: Stack;
  readonly verdict?: Partial<Verdict>;
  readonly memory?: ReadonlyMap<number, Uint8Array>;
  readonly sources?: Readonly<Record<string, string>>;
  readonly files?: Record<string, string>;
  readonly cancelled?: () => boolean;
  readonly warnings?: readonly string[];
}

const STACK: Stack = {
  frames: [
    fakeFrame(0, at('runtime.gopark', 425, 0x46e05c)),
    fakeFrame(1, at('main.inner', 93, 0x4cdfc9), { inlineDepth: 1 }),
    fakeFrame(2, at('main.worker', 12, 0x4cdfc9)),
    fakeFrame(3, at('runtime.goexit', 1700, 0x470001)),
  ],
  end: { kind: 'bottom' },
};

export function fakeSession(facts: FakeFacts = {}): Session {
  return new Session(fakeProgram(facts), fakeHost(facts));
}

function fakeProgram(facts: FakeFacts): Program {
  const list = facts.goroutines ?? [
    fakeGoroutine({
      id: 1,
      state: '_Grunning',
      thread: threadId(100),
      userLocation: at('main.main', 34, 0x4ce000),
    }),
    fakeGoroutine({ id: 18, waitReason: 'chan receive', waited: 312e9 }),
  ];
  const stackOf = (depth: number): Stack => {
    const stack = facts.stack ?? STACK;
    if (stack.frames.length <= depth) return stack;
    return { frames: stack.frames.slice(0, depth), end: { kind: 'depth' } };
  };
  const find = (wanted: (g: Goroutine) => boolean): Goroutine | undefined => {
    for (const g of list) if (wanted(g)) return g;
    return undefined;
  };
  return {
    target: fakeTarget(facts),
    runtime: { version: 'go1.26.8', layouts: 'dwarf' },
    goroutines: ({ byId = false } = {}) =>
      byId && Array.isArray(list) ? list.toSorted((a, b) => a.id - b.id) : list,
    goroutineCount: () => (Array.isArray(list) ? list.length : 0),
    goroutine: (id: Goid) => find((g) => g.id === id),
    goroutineOn: (thread: ThreadId) => find((g) => g.thread === thread),
    goidOn: ({ id }) => find((g) => g.thread === id)?.id,
    refresh: () => {},
    stackOf: (_g, depth) => stackOf(depth),
    stackOfThread: (_thread, depth) => stackOf(depth),
    deferredCalls: () => [],
    locate: (pc) => ({ pc, function: undefined, position: undefined }),
    typeNamed: () => undefined,
    typeAt: () => undefined,
    verdict: () =>
      fakeVerdict(
        facts,
        find((g) => g.thread !== undefined),
      ),
  } satisfies Partial<Program> as unknown as Program;
}

function fakeVerdict(facts: FakeFacts, goroutine: Goroutine | undefined): Verdict {
  return {
    signal: { number: 6, name: 'SIGABRT', meaning: 'abort', code: undefined, sender: undefined },
    fault: undefined,
    panics: [],
    fatal: undefined,
    thread: threadId(100),
    goroutine,
    frame: undefined,
    counts: undefined,
    ...facts.verdict,
  };
}

function fakeTarget(facts: FakeFacts): Target {
  const { dwarf } = archNamed('amd64')!;
  const thread = (id: number): Thread => ({
    id: threadId(id),
    registers: {
      get: (number) => (number === dwarf.pc ? 0x46e05c : undefined),
      bytes: (name) => (name === 'rflags' ? Uint8Array.of(0x46, 2, 0, 0, 0, 0, 0, 0) : undefined),
    },
    currentSignal: id === 100 ? 6 : 0,
    threadPointer: undefined,
  });
  const target: Partial<Target> = {
    kind: 'core',
    arch: archNamed('amd64')!,
    memory: fakeMemory(facts.memory ?? new Map()),
    threads: [thread(101), thread(100)],
    modules: { all: [], executable: undefined, at: () => undefined },
    process: {
      pid: 100,
      executable: '/src/app/app',
      commandLine: './app -x',
      signal: undefined,
      currentThread: threadId(100),
      auxv: new Map(),
      origin: 'kernel',
    },
    warnings: facts.warnings ?? [],
  };
  return target as Target;
}

function fakeMemory(blocks: ReadonlyMap<number, Uint8Array>): Memory {
  const memory: Partial<Memory> = {
    readUpTo(address: RuntimeAddress, length: number) {
      for (const [start, bytes] of blocks) {
        if (address >= start && address < start + bytes.length) {
          return bytes.slice(address - start, address - start + length);
        }
      }
      return new Uint8Array(0);
    },
    regions: [...blocks].map(([start, bytes]) => regionOf(start, bytes)),
    regionAt: () => undefined,
  };
  return memory as Memory;
}

export function fakeHost(facts: FakeFacts): Host {
  const files = facts.files ?? {};
  return {
    readSource: (path) => facts.sources?.[path],
    editor: undefined,
    readCommandFile: (path) => files[path] ?? '',
    saveSettings(text) {
      files.settings = text;
      return 'settings';
    },
    appendTranscript(path, text) {
      files[path] = (files[path] ?? '') + text;
    },
    startTranscript(path, truncate) {
      if (truncate) files[path] = '';
    },
    createFile: (path, replace) => fakeFile(files, path, replace),
    cancelled: facts.cancelled ?? (() => false),
    progress: () => {},
    filesBeginning: (path) => Object.keys(files).filter((name) => name.startsWith(path)),
  };
}

/** Kept as the number of its bytes when it is finished. */
function fakeFile(files: Record<string, string>, path: string, replace: boolean): NewFile {
  if (files[path] !== undefined && !replace) throw new UserError(`${path} is there already`);
  let length = 0;
  return {
    path,
    begin: () => {},
    write: (bytes) => {
      length += bytes.length;
    },
    skip: (zeros) => {
      length += zeros;
    },
    finish: () => {
      files[path] = `${length} bytes`;
    },
    discard: () => {
      if (files[path] !== `${length} bytes`) files[`${path}, discarded`] = '';
    },
  };
}
