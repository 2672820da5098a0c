import { beforeAll, describe, expect, it } from 'vitest';
import { amd64 } from '../amd64.ts';
import type { DecodedInstruction, MachineCode, MemoryAccess } from '../machine-code.ts';
import {
  CODE,
  CODE_SIZE,
  DATA,
  type Executed,
  type Execution,
  execute,
  GS_BASE,
  type Memory,
  missingForCpu,
  PAGE,
  SIGSEGV,
  SIGTRAP,
} from './testing/cpu.ts';
import {
  emulatedData,
  emulatedFlow,
  type Form,
  type Instance,
  Random,
  randomInstance,
  randomPage,
  randomVectors,
  relocated,
  vectorial,
} from './testing/instances.ts';
import { Machine } from './testing/machine.ts';

/** What we say that instructions do against what this machine's CPU does, for thousands of random ones. */

const SEED = 20260728;
const RSI = 4;
const RDI = 5;
const RFLAGS = 49;
const ELSEWHERE = CODE + 0x18_0000;
/** and, or, xor and test leave the half-carry undefined: Intel SDM vol. 1 appendix A. */
const logic = new Set(['and', 'or', 'xor', 'test']);

let code: MachineCode;
let page: Uint8Array;
let vectors: Uint8Array;

const memory = (): Memory => ({ page, vectors });

interface Trial extends Instance {
  readonly decoded: DecodedInstruction;
}

function trials(random: Random, forms: readonly Form[], perForm: number): Trial[] {
  const found: Trial[] = [];
  for (const form of forms) {
    for (let i = 0; i < perForm; i++) {
      const instance = randomInstance(random, form);
      const decoded = code.decode(instance.code, Number(instance.registers[16]));
      if (decoded !== undefined) found.push({ ...instance, decoded });
    }
  }
  return found;
}

function machineOf({ registers }: Instance): { machine: Machine; memory: Uint8Array } {
  const machine = new Machine();
  const memory = page.slice();
  machine.map(DATA, memory);
  machine.registers.set(registers.subarray(0, 17));
  machine.registers[RFLAGS] = registers[17]!;
  machine.bases.gs = BigInt(GS_BASE);
  for (let i = 0; i < 16; i++) {
    // The upper halves of the CPU's are zero.
    const wide = new Uint8Array(32);
    wide.set(vectors.subarray(i * 16, i * 16 + 16));
    machine.vectors.set(i, wide);
  }
  return { machine, memory };
}

function registersOf(machine: Machine): BigUint64Array {
  const registers = machine.registers.slice(0, 18);
  registers[17] = machine.registers[RFLAGS]!;
  return registers;
}

function describeTrial({ form, code: bytes, registers }: Instance): string {
  return `${form.name} ${Buffer.from(bytes).toString('hex')} at ${[...registers].map((r) => r.toString(16)).join(' ')}`;
}

/** The page as the CPU left it; what lies beyond the change that cpu.c tells is as it was. */
function memoryAfter({ changed }: Executed): Uint8Array {
  const memory = page.slice();
  memory.set(changed.bytes.subarray(0, PAGE - changed.offset), changed.offset);
  return memory;
}

describe.skipIf(missingForCpu() !== undefined)('against the CPU', () => {
  beforeAll(async () => {
    code = await amd64.loadMachineCode();
    page = randomPage(new Random(SEED));
    vectors = randomVectors(new Random(SEED));
  });

  it.each([
    ['data', emulatedData, 40],
    ['control flow', emulatedFlow, 60],
  ] as const)('emulates %s', (_, forms, perForm) => {
    const tried = trials(new Random(SEED), forms, perForm);
    const executed = execute(memory(), tried);
    const doneByName = new Map<string, number>();
    const problems: string[] = [];
    tried.forEach((trial, i) => {
      const problem = emulationProblem(trial, executed[i]!);
      if (problem !== undefined) problems.push(`${describeTrial(trial)}: ${problem}`);
      else if (executed[i]!.signal === SIGTRAP) {
        doneByName.set(trial.form.name, (doneByName.get(trial.form.name) ?? 0) + 1);
      }
    });
    expect(problems).toEqual([]);
    for (const { name } of forms) expect([name, (doneByName.get(name) ?? 0) > 8]).toEqual([name, true]);
  });

  it('relocates', () => {
    const tried = trials(new Random(SEED + 1), [...emulatedData, ...relocated, ...vectorial], 25);
    const moved = tried.flatMap((trial) => {
      const bytes = trial.decoded.relocate(ELSEWHERE);
      return bytes === undefined ? [] : [{ trial, bytes }];
    });
    const refused = tried.filter(({ decoded }) => decoded.relocate(ELSEWHERE) === undefined);
    // What is relative to a 32-bit instruction pointer.
    for (const { code: bytes } of refused) expect(bytes).toContain(0x67);
    expect(refused.length).toBeLessThan(tried.length / 100);
    const here = execute(
      memory(),
      moved.map(({ trial }) => trial),
    );
    const there = execute(
      memory(),
      moved.map(({ trial, bytes }): Execution => {
        const registers = trial.registers.slice();
        registers[16] = BigInt(ELSEWHERE);
        return { registers, code: bytes };
      }),
    );
    const problems: string[] = [];
    moved.forEach(({ trial }, i) => {
      const original = here[i]!;
      const copy = there[i]!;
      copy.registers[16] = copy.registers[16]! - BigInt(ELSEWHERE) + trial.registers[16]!;
      if (!same(original, copy)) problems.push(describeTrial(trial));
    });
    expect(problems).toEqual([]);
    expect(here.filter(({ signal }) => signal === SIGTRAP).length).toBeGreaterThan(moved.length / 3);
  });

  it('knows what they access', () => {
    const tried = trials(
      new Random(SEED + 2),
      [...emulatedData, ...emulatedFlow, ...relocated, ...vectorial],
      25,
    );
    const open = execute(memory(), tried);
    const shut = execute(
      memory(),
      tried.map(({ registers, code: bytes }) => ({ registers, code: bytes, forbid: true })),
    );
    const problems: string[] = [];
    const touching = new Set<string>();
    tried.forEach((trial, i) => {
      if (open[i]!.signal === SIGTRAP && shut[i]!.signal === SIGSEGV) touching.add(trial.form.name);
      const problem = accessProblem(trial, open[i]!, shut[i]!);
      if (problem !== undefined) problems.push(`${describeTrial(trial)}: ${problem}`);
    });
    expect(problems).toEqual([]);
    const forms = new Set(tried.map(({ form }) => form.name));
    const without = [...forms].filter((name) => !touching.has(name)).sort();
    // Those that have no operand in memory, or do nothing with it.
    const expected = ['bswap', 'cbw', 'cwd', 'endbr64', 'jcc', 'lea', 'loop', 'nop', 'prefetch'];
    expect(without).toEqual(expected);
  });
});

/** Forms of the emulated ones that are left to the CPU. */
function isLeft({ form, hasAtomicPrefix, code: bytes }: Trial): boolean {
  const inMemory = (bytes.at(-1)! & 0xc0) !== 0xc0;
  return hasAtomicPrefix || (form.name === 'xchg' && inMemory);
}

/** Beside the page there is the memory for code, by chance within reach. */
function touchesCode({ decoded }: Trial, machine: Machine): boolean {
  return decoded
    .accesses(machine)
    .some(({ address, length }) => address < CODE + CODE_SIZE && address + length > CODE);
}

function emulationProblem(trial: Trial, executed: Executed): string | undefined {
  const { machine, memory } = machineOf(trial);
  const target = trial.decoded.target(machine);
  const taken = trial.decoded.taken(machine);
  const done = trial.decoded.emulate(machine);
  const registers = registersOf(machine);
  if (!done) {
    if (!equal(registers, trial.registers) || !equal(memory, page))
      return 'it changed something, but did not do it';
    if (executed.signal !== SIGTRAP || isLeft(trial) || touchesCode(trial, machine)) return undefined;
    return 'it was not done';
  }
  if (executed.signal !== SIGTRAP) return `done, but the CPU raised signal ${executed.signal}`;
  const ignored = logic.has(trial.form.name) ? 0x10n : 0n;
  registers[17] = registers[17]! | ignored;
  executed.registers[17] = executed.registers[17]! | ignored;
  for (let i = 0; i < 18; i++) {
    if (registers[i] !== executed.registers[i])
      return `register ${i} is ${executed.registers[i]!.toString(16)}, not ${registers[i]!.toString(16)}`;
  }
  if (!equal(memory, memoryAfter(executed))) return 'memory differs';
  const behind = trial.decoded.address + trial.decoded.length;
  const went = taken ? target : behind;
  const cameTo = Number(executed.registers[16]);
  // What a number cannot hold is left out.
  return went === (Number.isSafeInteger(cameTo) ? cameTo : undefined)
    ? undefined
    : `it leads to ${went?.toString(16)}`;
}

function same(a: Executed, b: Executed): boolean {
  return (
    a.signal === b.signal &&
    // Of other signals it is the instruction's own address.
    (a.signal !== SIGSEGV || a.faultAddress === b.faultAddress) &&
    equal(a.registers, b.registers) &&
    a.changed.offset === b.changed.offset &&
    equal(a.changed.bytes, b.changed.bytes) &&
    equal(a.vectors, b.vectors)
  );
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array | BigUint64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function equal<T extends Uint8Array | BigUint64Array>(a: T, b: T): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

/**
 * With the page open, what changes lies in accesses that write; with the page shut, it faults if and only if an access
 * is in the page, at an address and in a way that an access has.
 */
function accessProblem(trial: Trial, open: Executed, shut: Executed): string | undefined {
  const { machine } = machineOf(trial);
  const accesses = trial.decoded.accesses(machine);
  const inPage = accesses.filter(({ address, length }) => address < DATA + PAGE && address + length > DATA);
  const told = JSON.stringify(accesses);
  if (open.signal === SIGTRAP) {
    const changedOutside = firstChangeOutside(open, accesses);
    if (changedOutside !== undefined) return `wrote ${changedOutside.toString(16)}, not only ${told}`;
    const untold = untoldBehind(trial, open, accesses);
    if (untold !== undefined) return untold;
    if (inPage.length > 0 && shut.signal !== SIGSEGV) return `touched nothing of ${told}`;
  }
  if (open.signal !== SIGTRAP || shut.signal !== SIGSEGV || shut.faultAddress === 0) return undefined;
  const covering = accesses.filter(
    ({ address, length }) => shut.faultAddress >= address && shut.faultAddress < address + length,
  );
  if (covering.length === 0) return `touched ${shut.faultAddress.toString(16)}, which is not in ${told}`;
  const writes = covering.some(({ access }) => access !== 'read');
  const reads = covering.some(({ access }) => access !== 'write');
  if (shut.faultWrites ? !writes : !reads)
    return `${shut.faultWrites ? 'wrote' : 'read'}, which is not in ${told}`;
  return undefined;
}

/** Asked behind the instruction, each access is told as one to its first byte (the first element of a string). */
function untoldBehind(trial: Trial, open: Executed, accesses: readonly MemoryAccess[]): string | undefined {
  const { machine } = machineOf({ ...trial, registers: open.registers });
  const strings = [trial.registers[RSI]!, trial.registers[RDI]!].map(Number);
  for (const { address, length, access } of accesses) {
    // At one end of what is left, by the direction.
    const inString = strings.find(
      (at) => at === address || (at < address + length && at + 8 >= address + length),
    );
    const first = trial.form.name.includes('string') ? inString : address;
    if (first === undefined) continue;
    const told = trial.decoded.accessTo(first, 1, machine);
    if (told !== access && told !== 'read-write')
      return `behind it, ${access} of ${first.toString(16)} is ${told}`;
  }
  return undefined;
}

function firstChangeOutside(open: Executed, accesses: readonly MemoryAccess[]): number | undefined {
  for (const [i, value] of open.changed.bytes.entries()) {
    const offset = open.changed.offset + i;
    if (offset >= PAGE || value === page[offset]) continue;
    const at = DATA + offset;
    const written = accesses.some(
      ({ address, length, access }) => access !== 'read' && at >= address && at < address + length,
    );
    if (!written) return at;
  }
  return undefined;
}
