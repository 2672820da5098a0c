import { describe, expect, test } from 'vitest';
import { type CoreRequest, fixtureProgram, missingForCore } from '../testing/fixture-program.ts';

/** The crash's story; panics and fatal errors are compared with what the program printed. */
interface Expected {
  readonly signal: string;
  readonly fault?: RegExp;
  readonly frame: string | RegExp;
  readonly goroutine?: number;
}

const crashes: readonly (readonly [string, Expected])[] = [
  [
    'nil-deref',
    {
      signal: 'SIGSEGV',
      fault: /^nil \+ (16|24): a field or element of a nil pointer$/,
      frame: 'main.(*account).headroom',
    },
  ],
  ['asm-fault', { signal: 'SIGSEGV', fault: /^nil$/, frame: 'main.load' }],
  ['signal-frames', { signal: 'SIGSEGV', fault: /^nil$/, frame: 'main.sumRows' }],
  ['cgo-fault', { signal: 'SIGSEGV', fault: /^nil \+ 4:/, frame: /^(deref|main\._Cfunc_measure)$/ }],
  ['index-range', { signal: 'SIGABRT', frame: 'main.main.func1' }],
  ['panic-nested', { signal: 'SIGABRT', frame: 'main.cleanup.func1' }],
  ['panic-in-goroutine', { signal: 'SIGABRT', frame: 'main.process' }],
  ['goexit-panic', { signal: 'SIGABRT', frame: 'main.leave.func1' }],
  ['throw', { signal: 'SIGABRT', frame: 'main.finalize' }],
  ['map-race', { signal: 'SIGABRT', frame: 'main.write' }],
  ['deadlock', { signal: 'SIGABRT', frame: 'main.main', goroutine: 1 }],
  ['stack-overflow', { signal: 'SIGABRT', frame: 'main.sum', goroutine: 1 }],
  ['unlock-unlocked', { signal: 'SIGABRT', frame: /^main\.\(\*store\)\.put\.(deferwrap1|func1)$/ }],
  ['bad-pointer', { signal: 'SIGABRT', frame: 'runtime.badPointer' }],
];

const builds: readonly Omit<CoreRequest, 'fixture'>[] = [{}, { stripped: true }, { toolchain: '1.19.13' }];
const requests = crashes.flatMap(([fixture, expected]) =>
  builds.map((build) => [{ fixture, ...build } as CoreRequest, expected] as const),
);

describe.each(requests)('%j', (request, expected) => {
  test.skipIf(missingForCore(request) !== undefined)('tells what happened', async () => {
    const { program, traceback } = await fixtureProgram(request);
    const verdict = program.verdict();
    expect(verdict.signal?.name).toBe(expected.signal);
    if (expected.fault === undefined) expect(verdict.fault).toBeUndefined();
    else expect(verdict.fault?.what).toMatch(expected.fault);
    if (typeof expected.frame === 'string') expect(verdict.frame?.function).toBe(expected.frame);
    else expect(verdict.frame?.function).toMatch(expected.frame);
    if (expected.goroutine !== undefined) expect(verdict.goroutine?.id).toBe(expected.goroutine);
    expect(panicsTold(verdict.panics)).toEqual(panicsPrinted(traceback));
    expect(verdict.fatal).toBe(/^fatal error: (.*)$/m.exec(traceback)?.[1]);
    const { counts } = verdict;
    expect(counts?.total).toBe([...program.goroutines()].length);
  });
});

/** The oldest first, as the runtime prints them. */
const panicsTold = (
  panics: readonly { text: string | undefined; goexit: boolean }[],
): (string | undefined)[] =>
  panics
    .filter(({ goexit }) => !goexit)
    .map(({ text }) => text)
    .reverse();

const panicsPrinted = (traceback: string): string[] =>
  [...traceback.matchAll(/^\t?panic: (.*?)(?: \[recovered\])?$/gm)].map((match) => match[1]!);

/** In which of Go's libraries main is just then, which starts a program and then sleeps, is a matter of luck. */
const SOMEWHERE_ELSE = /^(?!runtime\.)/;

describe('a signal that was sent', () => {
  const sent = [
    ['abort-by-other', 'SIGABRT', 'SI_USER'],
    ['quit-by-other', 'SIGQUIT', 'SI_USER'],
    ['segv-by-other', 'SIGSEGV', 'SI_USER'],
    ['abort-by-self', 'SIGABRT', undefined],
    ['abort-notified', 'SIGABRT', 'SI_USER'],
  ] as const;
  const made = sent.flatMap(([variant, name, code]) =>
    [...builds, { toolchain: '1.22.12' }].map(
      (build) => [{ fixture: 'trials-signals', variant, ...build } as CoreRequest, name, code] as const,
    ),
  );
  test.each(made)('%j', async (request, name, code) => {
    if (missingForCore(request) !== undefined) return;
    const { program } = await fixtureProgram(request);
    const { signal, panics, fatal, fault, goroutine, frame } = program.verdict();
    const { pid } = program.target.process;
    expect(signal).toMatchObject({ name, ...(code !== undefined && { code: { name: code } }) });
    if (code === undefined) {
      expect(signal?.meaning).toBe('abort, sent by the process to itself');
      expect(signal?.sender?.pid).toBe(pid);
    } else {
      expect(signal?.meaning).not.toMatch(/sent|raised/);
      expect(signal?.sender?.pid).not.toBe(pid);
    }
    expect({ panics, fatal, fault }).toEqual({ panics: [], fatal: undefined, fault: undefined });
    // Somebody of the program's own is shown, not the thread that happened to get the signal.
    expect(goroutine?.system).toBe(false);
    expect(frame?.function).toMatch(SOMEWHERE_ELSE);
    // Nor the one that waits for signals.
    expect(goroutine?.startLocation.function).not.toBe('os/signal.loop');
  });
});

test.skipIf(missingForCore({ fixture: 'sigabrt', by: 'gcore' }) !== undefined)(
  'a core that was taken while nobody worked shows somebody of the program, not a thread that the runtime has put to sleep',
  async () => {
    const { program } = await fixtureProgram({ fixture: 'sigabrt', by: 'gcore' });
    const { signal, goroutine, frame } = program.verdict();
    expect(signal).toBeUndefined();
    expect(goroutine?.system).toBe(false);
    expect(frame?.function).toMatch(/^(main|time)\./);
  },
);

test.skipIf(missingForCore({ fixture: 'trials-signals', variant: 'abort-by-other' }) !== undefined)(
  'a goroutine of the runtime that got a signal from outside is not shown for it',
  async () => {
    const { program } = await fixtureProgram({ fixture: 'trials-signals', variant: 'abort-by-other' });
    const collector = [...program.goroutines()].find(({ system }) => system)!;
    const verdict = Object.assign(program, { goroutineOn: () => collector }).verdict();
    expect(verdict.goroutine?.system).toBe(false);
    expect(verdict.frame?.function).toMatch(SOMEWHERE_ELSE);
  },
);

describe('code that nothing names', () => {
  test.each([...builds, { toolchain: '1.24.13' }])('%j', async (build) => {
    const request: CoreRequest = { fixture: 'unnamed-code', ...build };
    if (missingForCore(request) !== undefined) return;
    const { program } = await fixtureProgram(request);
    const { signal, goroutine, frame } = program.verdict();
    // In some versions of Go the end is a fault in what prints the stacks.
    expect(signal).toMatchObject({ name: 'SIGABRT', sender: { pid: program.target.process.pid } });
    expect(goroutine?.id).toBe(1);
    expect(frame).toMatchObject({ function: undefined, arrivedBy: 'signal' });
    // It jumps to itself.
    expect([...program.target.memory.read(frame!.pc, 2)]).toEqual([0xeb, 0xfe]);
  });
});

const values = [
  'named-string',
  'int',
  'named-int',
  'float',
  'complex',
  'bool',
  'error',
  'wrapped',
  'custom-error',
  'stringer',
];
const valueRequests = ['1.26.8', '1.19.13'].flatMap((toolchain) =>
  values.map((variant): CoreRequest => ({ fixture: 'panic-values', variant, toolchain })),
);

describe.each(valueRequests)('%j', (request) => {
  test.skipIf(missingForCore(request) !== undefined)('has the words that the runtime prints', async () => {
    const { program, traceback } = await fixtureProgram(request);
    expect([program.verdict().panics[0]?.text]).toEqual(panicsPrinted(traceback));
  });
});

test.skipIf(missingForCore({ fixture: 'panic-values', variant: 'struct' }) !== undefined)(
  'a value that only the layer above can show has its type and its place',
  async () => {
    const { program } = await fixtureProgram({ fixture: 'panic-values', variant: 'struct' });
    const [panic] = program.verdict().panics;
    expect(panic).toMatchObject({ type: 'main.plain', text: undefined, recovered: false });
    expect(program.typeAt(program.target.memory.pointer(panic!.argument))?.name).toBe('main.plain');
  },
);

test.skipIf(missingForCore({ fixture: 'nil-deref' }) !== undefined)(
  'a list of goroutines that is damaged leaves the rest of the verdict',
  async () => {
    const { program } = await fixtureProgram({ fixture: 'nil-deref' });
    const { memory, modules } = program.target;
    const { debugInfo } = modules.executable!.image!;
    const length = modules.executable!.toRuntime(debugInfo!.globalNamed('runtime.allgs')!.address) + 8;
    const original = memory.uint64.bind(memory);
    memory.uint64 = (address) => (address === length ? 2 ** 44 : original(address));
    const verdict = program.verdict();
    expect(verdict.signal?.name).toBe('SIGSEGV');
    expect(verdict.frame?.function).toBe('main.(*account).headroom');
    expect(verdict.counts).toBeUndefined();
    expect(() => program.goroutineCount()).toThrow('claims');
  },
);
