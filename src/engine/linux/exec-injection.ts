import { KernelError, PTRACE_EVENT, PTRACE_O, SIGNAL } from '../../target/process/kernel.ts';
import { isStopped } from '../../target/process/wait-status.ts';
import type { Memory } from './memory.ts';
import type { Processor } from './processor.ts';
import { procfs } from './procfs.ts';
import type { Threads } from './threads.ts';
import type { Waiting } from './waiting.ts';

/** PTRACE_O_EXITKILL: if we die before the program is there, its forerunner dies too. */
const EXITKILL = 1 << 20;
export const WHILE_STARTING = PTRACE_O.EXEC | PTRACE_O.SYSGOOD | EXITKILL;

const SYSTEM_CALL_STOP = SIGNAL.SIGTRAP | 0x80;
const POINTER = 8;
/** Field of /proc/PID/stat: the stack pointer that the program began with, where argc is. */
const START_STACK = 28;

export interface Parts {
  readonly threads: Threads;
  readonly memory: Memory;
  readonly waiting: Waiting;
  readonly processor: Processor;
}

/** Where in the argv of the stopped process the pieces of the execve are. */
export interface ExecPlan {
  readonly argc: number;
  readonly path: number;
  readonly argv: number;
  /** The argument that is made the null between argv and environ. */
  readonly separator: number;
}

/**
 * Makes a seized process, stopped in a group stop, call execve. What it is to be called with are arguments that the
 * process has already, so its stack holds strings and pointers in the order in which execve wants them. Returns the
 * error's number, or 0 when the process is stopped at its PTRACE_EVENT_EXEC.
 */
export function injectExec(parts: Parts, pid: number, plan: ExecPlan): number {
  const { threads, waiting } = parts;
  const registers = new Uint8Array(parts.processor.registersSize);
  if (!threads.getRegisters(pid, registers)) throw new KernelError('PTRACE_GETREGS', 'ESRCH');
  aim(parts, pid, plan, registers);
  threads.setRegisters(pid, registers);
  let inCall = false;
  let signal = 0;
  for (;;) {
    if (
      !threads.contToSystemCall(pid, signal) ||
      waiting.waitFor(pid) !== pid ||
      !isStopped(waiting.lastStatus)
    )
      throw new KernelError('execve', 'ESRCH');
    const status = waiting.lastStatus;
    signal = 0;
    if (status >> 16 === PTRACE_EVENT.EXEC) return 0;
    if (status >> 16 !== 0) continue;
    const stop = (status >> 8) & 0xff;
    // The SIGCONT that ended the group stop is seen here too; it does nothing to what has just begun.
    if (stop !== SYSTEM_CALL_STOP) signal = stop;
    else if (inCall) return failure(parts, pid, registers);
    else inCall = true;
  }
}

const wordsOf = (registers: Uint8Array): BigUint64Array => new BigUint64Array(registers.buffer);

function failure({ threads, processor }: Parts, pid: number, registers: Uint8Array): number {
  if (!threads.getRegisters(pid, registers)) throw new KernelError('PTRACE_GETREGS', 'ESRCH');
  return -Number(BigInt.asIntN(64, wordsOf(registers)[processor.words.result]!));
}

/** Sets the registers to the call, at the system call instruction that the process stopped itself with. */
function aim({ memory, processor }: Parts, pid: number, plan: ExecPlan, registers: Uint8Array): void {
  const pointers = startStack(pid) + POINTER;
  const argc = readWord(memory, pid, pointers - POINTER);
  if (argc !== plan.argc) throw new Error(`the stack begins with ${argc}, not with argc ${plan.argc}`);
  const separator = pointers + POINTER * plan.separator;
  memory.write(pid, separator, new Uint8Array(POINTER));
  const { words } = processor;
  const into = wordsOf(registers);
  const set = (index: number, value: number): void => {
    into[index] = BigInt.asUintN(64, BigInt(value));
  };
  set(words.instruction, systemCallAt(memory, pid, processor, Number(into[words.instruction])));
  set(words.number, processor.execve);
  if (words.original !== undefined) set(words.original, -1);
  set(words.arguments[0], readWord(memory, pid, pointers + POINTER * plan.path));
  set(words.arguments[1], pointers + POINTER * plan.argv);
  set(words.arguments[2], separator + POINTER);
}

/** The kernel has returned from the instruction, or, for a call to be restarted, has gone back to it. */
function systemCallAt(memory: Memory, pid: number, { systemCall }: Processor, pc: number): number {
  const bytes = new Uint8Array(systemCall.length);
  for (const address of [pc - systemCall.length, pc])
    if (
      memory.read(pid, address, bytes) === bytes.length &&
      systemCall.every((byte, index) => bytes[index] === byte)
    )
      return address;
  throw new Error(`a stopped process is at ${pc.toString(16)}, which is no system call`);
}

function startStack(pid: number): number {
  const stat = Buffer.from(procfs.file(pid, 'stat') ?? []).toString('latin1');
  // The second field is the name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[START_STACK - 3]);
}

function readWord(memory: Memory, pid: number, address: number): number {
  const word = new BigUint64Array(1);
  const got = memory.read(pid, address, new Uint8Array(word.buffer));
  if (got !== POINTER)
    throw new Error(`the stack of a new process cannot be read at ${address.toString(16)}`);
  return Number(word[0]!);
}
