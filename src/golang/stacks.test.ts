import { describe, expect, test } from 'vitest';
import type { Program } from './program.ts';
import {
  type CoreRequest,
  fixtureProgram,
  functionsOf,
  goroutineIn,
  missingForCore,
} from './testing/fixture-program.ts';
import { variablesAt } from './values/variables.ts';

function on(request: CoreRequest, what: string, check: (program: Program) => void): void {
  test.skipIf(missingForCore(request) !== undefined)(`${JSON.stringify(request)}: ${what}`, async () => {
    check((await fixtureProgram(request)).program);
  });
}

/** Names with what led to them, and of the system stack in brackets. */
const told = (program: Program, name: string): string[] =>
  program
    .stackOf(goroutineIn(program, name), 1000)
    .frames.map(
      (f) =>
        `${f.systemStack ? `[${f.function}]` : f.function}${f.arrivedBy === 'call' ? '' : ` by ${f.arrivedBy}`}`,
    );

const from = (frames: readonly string[], first: string): string[] => {
  const at = frames.findIndex((frame) => frame.startsWith(first));
  if (at < 0) throw new Error(`no frame ${first} in ${frames.join(', ')}`);
  return frames.slice(at);
};

describe('a signal in Go code', () => {
  for (const build of [{}, { toolchain: '1.19.13' }, { arch: 'arm64' } as const]) {
    on({ fixture: 'nil-deref', ...build }, 'is followed to the instruction', (program) => {
      const frames = program.stackOf(goroutineIn(program, 'runtime.sigpanic'), 1000).frames;
      const panic = frames.findLastIndex((f) => f.function === 'runtime.sigpanic');
      const struck = frames[panic + 1]!;
      expect(struck.arrivedBy).toBe('signal');
      expect(struck.lookupPc).toBe(struck.pc);
      const next = frames.slice(panic + 1).find((f) => f.arrivedBy === 'call')!;
      expect(next.lookupPc).toBe(next.pc - 1);
      expect(frames.at(-1)?.function).toBe('runtime.goexit');
    });
  }
});

on({ fixture: 'cgo-fault' }, 'C frames lie between the handler and Go', (program) => {
  const frames = from(told(program, 'deref'), '[deref]');
  expect(frames).toEqual([
    '[deref] by signal',
    '[deref]',
    '[deref]',
    '[measure]',
    expect.stringMatching(/^\[_cgo_\w+_Cfunc_measure\] by inlining$/),
    '[runtime.asmcgocall]',
    'runtime.cgocall by stack-switch',
    'main._Cfunc_measure',
    'main.measure.func1',
    // Go 1.19 does not inline it.
    expect.stringMatching(/^main\.measure( by inlining)?$/),
    'main.main',
    'runtime.main',
    'runtime.goexit',
  ]);
});

for (const build of [{}, { toolchain: '1.19.13' }]) {
  on(
    { fixture: 'cgo-callback', ...build },
    'C frames that a panic has overwritten are left out',
    (program) => {
      const frames = told(program, 'main.fail');
      expect(frames.filter((frame) => frame === 'runtime.cgocallback')).toHaveLength(3);
      expect(frames.at(-1)).toBe('runtime.goexit');
    },
  );
  on({ fixture: 'cgo-callback', ...build }, "libc's trampoline has its name", (program) => {
    const frames = from(told(program, 'main.fail'), '[runtime.sigtramp]');
    expect(frames.slice(1, 3)).toEqual(['[__restore_rt]', 'runtime.raise by signal']);
  });
}

on({ fixture: 'stack-overflow' }, 'the walk goes from newstack to the stack that was full', (program) => {
  const frames = from(told(program, 'main.sum'), '[runtime.newstack]');
  expect(frames[1]).toBe('main.sum by stack-switch');
  expect(frames.at(-1)).toBe('runtime.goexit');
});

on({ fixture: 'stack-overflow' }, 'newstack has a frame with variables on the system stack', (program) => {
  const { frames } = program.stackOf(goroutineIn(program, 'main.sum'), 1000);
  const frame = frames.find((f) => f.function === 'runtime.newstack')!;
  expect(program.target.memory.pointer(frame.returnAddressSlot)).toBeGreaterThan(0);
  const variables = variablesAt(program, frame, undefined);
  expect(frame.cfa).toBe(frame.returnAddressSlot + 8);
  // morestack notes in m.morebuf who wanted more stack: newstack's copy says the same as the walk.
  const grown = frames[frames.indexOf(frame) + 1]!;
  const morebuf = variables.find(({ name }) => name === 'morebuf')!;
  if (morebuf.place.kind !== 'memory') throw new Error(`morebuf is not in memory`);
  expect(program.target.memory.pointer(morebuf.place.address)).toBe(grown.cfa);
});

on({ fixture: 'throw' }, 'systemstack leads back to the goroutine', (program) => {
  const frames = from(told(program, 'main.finalize'), 'runtime.throw');
  expect(frames.join(' ')).toContain('main.finalize main.main');
});

on({ fixture: 'inlining' }, 'inlined calls are frames', (program) => {
  const { frames } = program.stackOf(goroutineIn(program, 'main.total'), 1000);
  const at = frames.findIndex((f) => f.function === 'main.(*vec).getX');
  expect(frames.slice(at, at + 4).map((f) => [f.function, f.inlineDepth])).toEqual([
    ['main.(*vec).getX', 3],
    ['main.(*vec).scaled', 2],
    ['main.total', 1],
    ['main.outer', 0],
  ]);
  expect(new Set(frames.slice(at, at + 4).map((f) => f.cfa)).size).toBe(1);
});

on({ fixture: 'recursion' }, 'a depth is kept', (program) => {
  const goroutine = program.verdict().goroutine!;
  const whole = program.stackOf(goroutine, 10_000);
  const part = program.stackOf(goroutine, 20);
  expect(part.frames).toHaveLength(20);
  expect(part.end).toEqual({ kind: 'depth' });
  expect(part.frames.map((f) => f.pc)).toEqual(whole.frames.slice(0, 20).map((f) => f.pc));
  expect(whole.end).toEqual({ kind: 'bottom' });
});

on({ fixture: 'c-only' }, 'a C program has threads, and no goroutines', (program) => {
  expect(program.runtime).toBeUndefined();
  expect(() => [...program.goroutines()]).toThrow('no Go runtime');
  const { frames } = program.stackOfThread(program.target.process.currentThread, 100);
  expect(frames.map((f) => f.function)).toContain('main');
  expect(program.verdict().frame).toBeDefined();
});

describe('deferred calls', () => {
  const builds = [
    {},
    { flags: 'noopt' },
    { toolchain: '1.19.13' },
    { toolchain: '1.22.12' },
    { arch: 'arm64' },
  ] as const;
  for (const build of builds) {
    on({ fixture: 'defers', ...build }, 'are all found', (program) => {
      const blocked = program.deferredCalls(goroutineIn(program, 'main.blocked'));
      expect(blocked.map((call) => call.function)).toEqual(['main.blocked.func1', 'main.release']);
      expect(blocked[0]?.deferredAt?.line).toBe(63);
      // A panic has run the others before the program died.
      expect(program.deferredCalls(program.verdict().goroutine!)).toEqual([]);
    });
    on(
      { fixture: 'blocked-io', ...build },
      'are found where the compiler keeps them in the frame',
      (program) => {
        const [call] = program.deferredCalls(goroutineIn(program, 'main.acceptForever'));
        expect(call?.function).toBe('internal/poll.(*FD).readUnlock');
        expect(call?.openCoded).toBe(!('flags' in build));
        expect(call?.closure).toBeDefined();
      },
    );
  }
});

on(
  { fixture: 'blocked-sync' },
  'damaged runtime structures end in errors or problems, never in a loop',
  (program) => {
    const { memory } = program.target;
    const original = memory.uint64.bind(memory);
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
    for (const seed of seeds) {
      let count = seed;
      // Every few hundredth word is another one.
      memory.uint64 = (address) => {
        count = (count * 1103515245 + 12345) % 2 ** 31;
        return count % 331 === 0 ? count * 8 : original(address);
      };
      let listed = 0;
      try {
        for (const goroutine of program.goroutines()) {
          listed++;
          try {
            void goroutine.userLocation;
            void goroutine.blockedOn;
            void goroutine.labels;
            program.stackOf(goroutine, 50);
            program.deferredCalls(goroutine);
          } catch (error) {
            expect((error as { family?: string }).family).toBeDefined();
          }
        }
      } catch (error) {
        expect((error as { family?: string }).family).toBeDefined();
      } finally {
        memory.uint64 = original;
      }
      expect(listed).toBeLessThan(1000);
    }
    expect(functionsOf(program, goroutineIn(program, 'main.waitCond'))).toContain('sync.(*Cond).Wait');
  },
);
