import { expect, test } from 'vitest';
import { goid, UserError } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';
import { openProgram } from '../../golang/index.ts';
import { fixtureProgram, missingForCore } from '../../golang/testing/fixture-program.ts';
import type { Memory } from '../../target/index.ts';
import { compileCondition } from './compile-condition.ts';
import { SiteFrame } from './site.ts';
import { frameIn, type Stand, standAt } from './testing/stand.ts';

const noopt = { fixture: 'values-basic', flags: 'noopt' } as const;

async function standIn(request: Parameters<typeof fixtureProgram>[0], name: string): Promise<Stand> {
  const { program } = await fixtureProgram(request);
  return standAt(program, frameIn(program, name)!);
}

const holds = (stand: Stand, text: string): boolean =>
  compileCondition(text, stand).holds(stand.thread, stand.program.target.memory);

function refusal(stand: Stand, text: string): { message: string; column: number | undefined } {
  try {
    compileCondition(text, stand);
  } catch (error) {
    if (error instanceof UserError) return { message: error.message, column: error.column };
    throw error;
  }
  throw new Error(`${text} was compiled`);
}

test('what is wrong is said when it is compiled, at its column', async () => {
  const stand = await standIn(noopt, 'main.show');
  const wrong = (text: string) => refusal(stand, text);
  expect(wrong('i == nosuch')).toEqual({ message: 'could not find symbol nosuch', column: 5 });
  expect(wrong('i == 1 && s[1:] == nosuch')).toEqual({ message: 'could not find symbol nosuch', column: 19 });
  expect(wrong('i + s == 1')).toEqual({ message: 'mismatched types int and string', column: 2 });
  expect(wrong('u8 == 256')).toEqual({ message: 'constant 256 overflows uint8', column: 3 });
  expect(wrong('s.length == 1')).toEqual({ message: 'string is not a struct: it has no length', column: 2 });
  expect(wrong('i')).toEqual({ message: 'a condition must be true or false, not int', column: 0 });
  expect(wrong('b && i + 1')).toEqual({ message: 'a condition must be true or false, not int', column: 7 });
  expect(wrong('*i == 1')).toMatchObject({ message: 'i (type int) can not be dereferenced' });
  expect(wrong('i == nil')).toMatchObject({ message: 'a int can not be compared with nil' });
  expect(wrong('i ==')).toMatchObject({ column: 4 });
  expect(wrong('f(i)')).toMatchObject({ message: expect.stringContaining('functions can not be called') });
});

test('a variable that is optimised out there is refused', async () => {
  const stand = await standIn({ fixture: 'values-basic' }, 'main.show');
  expect(refusal(stand, 'b && s == "x"')).toEqual({
    message: 's is optimised out at this instruction',
    column: 5,
  });
});

test('what goes wrong when it is asked is an error then, in the words of print', async () => {
  const stand = await standIn(noopt, 'main.show');
  expect(() => holds(stand, '*nothing == "x"')).toThrow('nothing is nil: nil pointer dereference');
  expect(() => holds(stand, 's[i + 100] == 1')).toThrow('is out of range');
  expect(() => holds(stand, 'i / (i - i) == 1')).toThrow('division by zero');
  expect(holds(stand, 'nothing != nil && *nothing == "x"')).toBe(false);
});

test('only what there is no code for is evaluated as print does', async () => {
  const stand = await standIn(noopt, 'main.show');
  const slow = (text: string): boolean => compileCondition(text, stand).slow;
  expect(slow('i > 5 && *pointer == -128 && s == "short" && len(s) < i || u8 + 1 == 0')).toBe(false);
  expect(slow('i == 3 && s[1:3] == "ho"')).toBe(true);
  expect(holds(stand, 'i == -42 && s[1:3] == "ho"')).toBe(true);
  expect(holds(stand, '!(i == -42 && s[1:3] == "ho")')).toBe(false);
});

test('a variable on the stack costs one read of memory', async () => {
  const stand = await standIn(noopt, 'main.show');
  const { memory, reads } = counted(stand.program.target.memory);
  const counts = ['i == 100000', 's == "longer"', 'len(s) == 5', '*pointer == 3', 'globalInt > 0'].map(
    (text) => {
      const condition = compileCondition(text, stand);
      reads.length = 0;
      condition.holds(stand.thread, memory);
      return reads.length;
    },
  );
  // A string of another length is another string; a pointer is read before what it points to.
  expect(counts).toEqual([1, 1, 1, 2, 1]);
});

test('a register costs none', async () => {
  const stand = await standIn({ fixture: 'values-basic' }, 'main.show');
  const { memory, reads } = counted(stand.program.target.memory);
  expect(compileCondition('rbx == 3 || eax == 1', stand).holds(stand.thread, memory)).toBe(false);
  expect(reads).toEqual([]);
});

test('the goroutine that a thread runs is known without lists', async () => {
  const { program } = await fixtureProgram({ fixture: 'threads' });
  const lists = watched(program);
  const seen = program.target.threads.map((thread) => {
    const pc = program.stackOfThread(thread.id, 1).frames[0]!.pc;
    const id = program.goroutineOn(thread.id)?.id ?? 0;
    const { memory } = program.target;
    const is = (text: string): boolean =>
      compileCondition(text, { program: lists, pc }).holds(thread, memory);
    return [
      is(`runtime.curg.goid == ${id}`),
      is('runtime.curg.goid == 999'),
      is(`runtime.threadid == ${thread.id}`),
    ];
  });
  expect(seen.length).toBeGreaterThan(3);
  for (const answers of seen) expect(answers).toEqual([true, false, true]);
});

test('the frame that is made of registers is the one that unwinding finds', async () => {
  const names = new Set<string | undefined>();
  for (const request of [
    { fixture: 'nil-deref' },
    { fixture: 'inlining' },
    { fixture: 'cgo-fault' },
  ] as const) {
    const { program } = await fixtureProgram(request);
    for (const goroutine of program.goroutines()) {
      for (const frame of program.stackOf(goroutine, 100).frames) {
        if (frame.arrivedBy !== 'signal' || frame.cfa === 0) continue;
        const { scope } = standAt(program, frame);
        const { cfa, pc, position, inlineDepth, entry, registers } = scope.frame!;
        const { dwarf } = program.target.arch;
        expect({ cfa, pc, position, inlineDepth, entry, sp: registers[dwarf.sp] }).toEqual({
          cfa: frame.cfa,
          pc: frame.pc,
          position: frame.position,
          inlineDepth: frame.inlineDepth,
          entry: frame.entry,
          sp: frame.registers[dwarf.sp],
        });
        names.add(frame.function);
      }
    }
  }
  expect([...names]).toEqual(
    expect.arrayContaining(['main.(*account).headroom', 'main.(*vec).getX', 'deref']),
  );
});

test.each([{}, { toolchain: '1.19.13' }, { toolchain: '1.22.12' }])(
  'variables of C have conditions too %j',
  async (build) => {
    const request = { fixture: 'cgo-fault', ...build };
    if (missingForCore(request) !== undefined) return;
    const { program } = await fixtureProgram(request);
    const stand = standAt(program, frameIn(program, 'deref')!);
    expect(compileCondition('depth == 0 && keep <= 2 && p == nil', stand).slow).toBe(false);
    expect(holds(stand, 'keep == 0')).toBe(true);
    // Old runtimes let C call sigpanic where the fault was (preparePanic): of its registers only those are left that
    // functions keep, and the arguments are in others.
    const { frames } = program.stackOf(program.goroutine(goid(1))!, 100);
    const at = frames.findIndex((frame) => frame.function === 'deref');
    if (frames[at - 1]!.function === 'runtime.sigpanic') return;
    expect(holds(stand, 'depth == 0 && keep <= 2 && p == nil')).toBe(true);
    expect(() => holds(stand, 'p.x == 1')).toThrow('p is nil: nil pointer dereference');
  },
);

/** Since go1.23. */
const loops = { fixture: 'range-over-func', flags: 'noopt' } as const;

test.skipIf(missingForCore(loops) !== undefined)(
  'a variable around the body of a loop over a function is found in the frame that has it',
  async () => {
    const { program } = await fixtureProgram(loops);
    const frame = frameIn(program, 'main.walk-range1')!;
    const site = new SiteFrame({ program, pc: frame.pc });
    expect(site.function).toBe('main.walk-range1');
    const condition = compileCondition('limit == 10', { program, pc: frame.pc });
    expect(condition.slow).toBe(true);
  },
);

function counted(memory: Memory): { readonly memory: Memory; readonly reads: string[] } {
  const reads: string[] = [];
  const watchedMemory = new Proxy(memory, {
    get(_, name) {
      const value: unknown = Reflect.get(memory, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        reads.push(String(name));
        return Reflect.apply(value, memory, args);
      };
    },
  });
  return { memory: watchedMemory, reads };
}

/** A program that must not be asked for lists and stacks. */
function watched(program: Program): Program {
  const other = openProgram(program.target);
  for (const name of ['goroutines', 'goroutine', 'stackOf', 'stackOfThread', 'goroutineCount'] as const) {
    other[name] = (): never => {
      throw new Error(`${name} was asked`);
    };
  }
  return other;
}
