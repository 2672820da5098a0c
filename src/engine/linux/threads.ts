import { EINVAL, ENODEV, ENOSPC, ENXIO, kernelError, refusal } from './errno.ts';
import type { Libc } from './libc.ts';
import type { Processor } from './processor.ts';

/** Requests of <linux/ptrace.h> and <asm/ptrace-abi.h>. */
const PTRACE = {
  PEEKUSER: 3,
  POKEUSER: 6,
  CONT: 7,
  SINGLESTEP: 9,
  GETREGS: 12,
  SETREGS: 13,
  DETACH: 17,
  SYSCALL: 24,
  SETOPTIONS: 0x4200,
  GETEVENTMSG: 0x4201,
  GETSIGINFO: 0x4202,
  SETSIGINFO: 0x4203,
  GETREGSET: 0x4204,
  SETREGSET: 0x4205,
  SEIZE: 0x4206,
  INTERRUPT: 0x4207,
  LISTEN: 0x4208,
  GETSIGMASK: 0x420a,
} as const;

const NT_PRSTATUS = 1;
/** The kernel knows none of that number; the processor has none; the thread does not use it (linux/regset.h). */
const NO_SUCH_SET = [EINVAL, ENODEV, ENXIO];
/** More than any register set has: XSTATE with AMX is 11 KB, SVE at its longest 17 KB. */
const LARGEST_SET = 1 << 16;
const SIGINFO_SIZE = 128;
const DEBUG_REGISTERS = 8;

/** ptrace(2) of one thread. Memory that the kernel writes to is made once and belongs to this object. */
export class Threads {
  readonly #libc: Libc;
  readonly #processor: Processor;
  readonly #set = new Uint8Array(LARGEST_SET);
  readonly #setAddress: bigint;
  /** struct iovec: where, and how many bytes. */
  readonly #vector = new BigUint64Array(2);
  readonly #vectorBytes = new Uint8Array(this.#vector.buffer);
  readonly #signalInfo = new Uint8Array(SIGINFO_SIZE);
  readonly #message = new BigUint64Array(1);
  readonly #messageBytes = new Uint8Array(this.#message.buffer);

  constructor(libc: Libc, processor: Processor) {
    this.#libc = libc;
    this.#processor = processor;
    this.#setAddress = libc.address(this.#set);
  }

  seize(tid: number, options: number): void {
    if (this.#libc.ptrace(PTRACE.SEIZE, tid, 0, options) === 0) return;
    throw kernelError('PTRACE_SEIZE', this.#libc.errno());
  }

  setOptions(tid: number, options: number): boolean {
    return this.#request(PTRACE.SETOPTIONS, tid, options, 'PTRACE_SETOPTIONS');
  }

  detach(tid: number, signal: number): boolean {
    return this.#request(PTRACE.DETACH, tid, signal, 'PTRACE_DETACH');
  }

  cont(tid: number, signal: number): boolean {
    return this.#request(PTRACE.CONT, tid, signal, 'PTRACE_CONT');
  }

  step(tid: number, signal: number): boolean {
    return this.#request(PTRACE.SINGLESTEP, tid, signal, 'PTRACE_SINGLESTEP');
  }

  /** Runs to where the next system call begins or ends. */
  contToSystemCall(tid: number, signal: number): boolean {
    return this.#request(PTRACE.SYSCALL, tid, signal, 'PTRACE_SYSCALL');
  }

  listen(tid: number): boolean {
    return this.#request(PTRACE.LISTEN, tid, 0, 'PTRACE_LISTEN');
  }

  interrupt(tid: number): boolean {
    return this.#request(PTRACE.INTERRUPT, tid, 0, 'PTRACE_INTERRUPT');
  }

  getRegisters(tid: number, into: Uint8Array): boolean {
    this.#checkSize(into);
    if (!this.#processor.hasGetRegs) return this.#transfer(PTRACE.GETREGSET, tid, NT_PRSTATUS, into) >= 0;
    if (this.#libc.ptraceInto(PTRACE.GETREGS, tid, 0, into) === 0) return true;
    return refusal(this.#libc, 'PTRACE_GETREGS');
  }

  setRegisters(tid: number, from: Uint8Array): boolean {
    this.#checkSize(from);
    if (!this.#processor.hasGetRegs) return this.#transfer(PTRACE.SETREGSET, tid, NT_PRSTATUS, from) >= 0;
    if (this.#libc.ptraceInto(PTRACE.SETREGS, tid, 0, from) === 0) return true;
    return refusal(this.#libc, 'PTRACE_SETREGS');
  }

  getRegisterSet(tid: number, note: number): Uint8Array | undefined {
    const length = this.#transfer(PTRACE.GETREGSET, tid, note, this.#set, this.#setAddress);
    return length < 0 ? undefined : this.#set.slice(0, length);
  }

  setRegisterSet(tid: number, note: number, from: Uint8Array): boolean {
    return this.#transfer(PTRACE.SETREGSET, tid, note, from) >= 0;
  }

  getDebugRegister(tid: number, index: number): number | undefined {
    const offset = this.#debugRegister(index);
    if (offset === undefined) return undefined;
    const word = this.#libc.ptracePeek(PTRACE.PEEKUSER, tid, offset, 0);
    // -1 may be the value: glibc sets errno to 0 when it is.
    if (word !== -1 || this.#libc.errno() === 0) return Number(BigInt.asUintN(64, BigInt(word)));
    refusal(this.#libc, 'PTRACE_PEEKUSER');
    return undefined;
  }

  setDebugRegister(tid: number, index: number, value: number): boolean {
    const offset = this.#debugRegister(index);
    if (offset === undefined) return false;
    if (this.#libc.ptrace(PTRACE.POKEUSER, tid, offset, value) === 0) return true;
    return refusal(this.#libc, 'PTRACE_POKEUSER', EINVAL, ENOSPC);
  }

  getSignalInfo(tid: number): Uint8Array | undefined {
    if (this.#libc.ptraceInto(PTRACE.GETSIGINFO, tid, 0, this.#signalInfo) === 0)
      return this.#signalInfo.slice();
    refusal(this.#libc, 'PTRACE_GETSIGINFO', EINVAL);
    return undefined;
  }

  setSignalInfo(tid: number, from: Uint8Array): boolean {
    if (from.length !== SIGINFO_SIZE) throw new RangeError(`siginfo_t has ${SIGINFO_SIZE} bytes`);
    if (this.#libc.ptraceInto(PTRACE.SETSIGINFO, tid, 0, from) === 0) return true;
    return refusal(this.#libc, 'PTRACE_SETSIGINFO', EINVAL);
  }

  getEventMessage(tid: number): number | undefined {
    if (this.#libc.ptraceInto(PTRACE.GETEVENTMSG, tid, 0, this.#messageBytes) === 0)
      return Number(this.#message[0]!);
    refusal(this.#libc, 'PTRACE_GETEVENTMSG');
    return undefined;
  }

  blocksSignals(tid: number): boolean {
    // The size of the kernel's sigset_t goes as the address.
    if (this.#libc.ptraceInto(PTRACE.GETSIGMASK, tid, this.#messageBytes.length, this.#messageBytes) === 0)
      return this.#message[0] !== 0n;
    refusal(this.#libc, 'PTRACE_GETSIGMASK');
    return false;
  }

  #request(request: number, tid: number, data: number, call: string): boolean {
    return this.#libc.ptrace(request, tid, 0, data) === 0 || refusal(this.#libc, call);
  }

  /** PTRACE_GETREGSET, PTRACE_SETREGSET: how many bytes, or -1 if the thread, or what is asked for, is not there. */
  #transfer(
    request: number,
    tid: number,
    note: number,
    bytes: Uint8Array,
    address = this.#libc.address(bytes),
  ): number {
    this.#vector[0] = address;
    this.#vector[1] = BigInt(bytes.length);
    if (this.#libc.ptraceInto(request, tid, note, this.#vectorBytes) === 0) return Number(this.#vector[1]);
    if (request === PTRACE.GETREGSET) refusal(this.#libc, 'PTRACE_GETREGSET', ...NO_SUCH_SET);
    else refusal(this.#libc, 'PTRACE_SETREGSET');
    return -1;
  }

  #debugRegister(index: number): number | undefined {
    const base = this.#processor.debugRegisters;
    if (base === undefined) return undefined;
    if (!(index >= 0 && index < DEBUG_REGISTERS)) throw new RangeError(`there is no debug register ${index}`);
    return base + 8 * index;
  }

  /** The kernel writes without asking how much room there is. */
  #checkSize(registers: Uint8Array): void {
    const { registersSize } = this.#processor;
    if (registers.length < registersSize)
      throw new RangeError(`registers take ${registersSize} bytes, not ${registers.length}`);
  }
}
