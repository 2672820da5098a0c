import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { KernelError, PTRACE_EVENT, PTRACE_O, SIGNAL } from '../../target/process/kernel.ts';
import { openKernel } from './open-kernel.ts';
import { debuggee, kill, missing, next, registersOf, start, told, WORD } from './testing/debuggee.ts';

const { EXEC, CLONE, EXIT } = PTRACE_O;
const NT_PRFPREG = 2;
const NT_386_IOPERM = 0x201;
const NT_X86_XSTATE = 0x202;

describe.skipIf(missing !== undefined)('threads', async () => {
  const kernel = await openKernel();
  let pid = 0;
  const begin = (args: readonly string[], options?: number): number => {
    pid = start(kernel, args, options);
    return pid;
  };
  afterEach(() => {
    if (pid !== 0) kill(kernel, pid);
    pid = 0;
  });

  it('steps one instruction at a time', () => {
    begin(['exit', '7']);
    const entry = registersOf(kernel, pid)[WORD.rip];
    // The first step ends the system call that the process is still in.
    expect(kernel.step(pid, 0)).toBe(true);
    expect(next(kernel, pid)).toBe('stopped 5');
    expect(registersOf(kernel, pid)[WORD.rip]).toBe(entry);
    kernel.step(pid, 0);
    expect(next(kernel, pid)).toBe('stopped 5');
    expect(registersOf(kernel, pid)[WORD.rip]).not.toBe(entry);
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('exited 7');
    expect(next(kernel, pid)).toBe('nothing (-1)');
  });

  it('stops at an int3 written to text, and runs on from registers that were set', () => {
    begin(['exit', '7']);
    kernel.step(pid, 0);
    next(kernel, pid);
    const entry = Number(registersOf(kernel, pid)[WORD.rip]);
    const original = new Uint8Array(8);
    expect(kernel.readMemory(pid, entry, original)).toBe(8);
    expect(kernel.writeMemory(pid, entry, Uint8Array.of(0xcc))).toBe(1);
    const patched = new Uint8Array(8);
    kernel.readMemory(pid, entry, patched);
    expect(patched).toEqual(Uint8Array.of(0xcc, ...original.subarray(1)));
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('stopped 5');
    const words = registersOf(kernel, pid);
    expect(Number(words[WORD.rip])).toBe(entry + 1);
    words[WORD.rip] = BigInt(entry);
    expect(kernel.setRegisters(pid, new Uint8Array(words.buffer))).toBe(true);
    kernel.writeMemory(pid, entry, original);
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('exited 7');
  });

  it('tells of a new thread, of its end and of the end of all', () => {
    begin(['thread'], EXEC | CLONE | EXIT);
    const seen: string[] = [];
    const names = new Map([[pid, 'main']]);
    kernel.cont(pid, 0);
    for (let tid = kernel.wait(true); tid > 0; tid = kernel.wait(true)) {
      const status = kernel.lastStatus;
      if (status >> 16 === PTRACE_EVENT.CLONE) names.set(kernel.getEventMessage(tid)!, 'new');
      const message = status >> 16 === PTRACE_EVENT.EXIT ? ` ${kernel.getEventMessage(tid)}` : '';
      seen.push(`${names.get(tid) ?? 'new'} ${told(status)}${message}`);
      if ((status & 0xff) === 0x7f) expect(kernel.cont(tid, 0)).toBe(true);
    }
    const of = (name: string): string[] => seen.filter((line) => line.startsWith(name));
    expect(of('main')).toEqual(['main stopped 5 event 3', 'main stopped 5 event 6 768', 'main exited 3']);
    expect(of('new').slice(0, 2)).toEqual(['new stopped 5 event 128', 'new stopped 5 event 6 0']);
    // wait gives the code of the whole process once that is known, and the thread may be seen only then.
    expect(of('new').slice(2)).toEqual([expect.stringMatching(/^new exited [03]$/)]);
    expect(names.size).toBe(2);
  });

  it('seizes, stops and leaves a process that runs', () => {
    const command = `${debuggee()} wait 0 >/dev/null 2>&1 & echo $!`;
    const other = Number(execFileSync('sh', ['-c', command], { encoding: 'utf8' }));
    try {
      kernel.seize(other, CLONE);
      expect(kernel.wait(false)).toBe(0);
      expect(kernel.interrupt(other)).toBe(true);
      expect(next(kernel, other)).toBe('stopped 5 event 128');
      expect(tracer(kernel.procFile(other, 'status'))).toBe(String(kernel.pid));
      expect(() => kernel.seize(other, 0)).toThrow(new KernelError('PTRACE_SEIZE', 'EPERM'));
      expect(kernel.detach(other, 0)).toBe(true);
      expect(tracer(kernel.procFile(other, 'status'))).toBe('0');
      expect(kernel.detach(other, 0)).toBe(false);
    } finally {
      process.kill(other, 'SIGKILL');
    }
  });

  it('shows signals before they arrive, with who sent them, and delivers or drops them', () => {
    begin(['signal']);
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('stopped 10');
    const info = new DataView(kernel.getSignalInfo(pid)!.buffer);
    expect([info.getInt32(0, true), info.getInt32(16, true)]).toEqual([10, pid]);
    kernel.cont(pid, 10);
    expect(next(kernel, pid)).toBe('exited 10');

    begin(['signal']);
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('stopped 10');
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('exited 11');

    begin(['wait', '0']);
    kernel.cont(pid, 0);
    expect(kernel.killThread(pid, pid, SIGNAL.SIGTERM)).toBe(true);
    expect(next(kernel, pid)).toBe(`stopped ${SIGNAL.SIGTERM}`);
    kernel.cont(pid, SIGNAL.SIGTERM);
    expect(next(kernel, pid)).toBe(`killed ${SIGNAL.SIGTERM}`);
  });

  it('has no signal information where a stop is none of a signal', () => {
    begin(['wait', '0']);
    kernel.cont(pid, 0);
    kernel.kill(pid, SIGNAL.SIGSTOP);
    expect(next(kernel, pid)).toBe('stopped 19');
    kernel.cont(pid, SIGNAL.SIGSTOP);
    expect(next(kernel, pid)).toBe('stopped 19 event 128');
    expect(kernel.listen(pid)).toBe(true);
    expect(kernel.wait(false)).toBe(0);
    kernel.kill(pid, SIGNAL.SIGCONT);
    expect(next(kernel, pid)).toBe('stopped 5 event 128');
  });

  it('reads and writes register sets', () => {
    begin(['exit', '0']);
    const floating = kernel.getRegisterSet(pid, NT_PRFPREG)!;
    expect(floating.length).toBe(512);
    const xmm3 = 160 + 3 * 16;
    floating.set([1, 2, 3, 4, 5, 6, 7, 8], xmm3);
    expect(kernel.setRegisterSet(pid, NT_PRFPREG, floating)).toBe(true);
    expect(kernel.getRegisterSet(pid, NT_PRFPREG)).toEqual(floating);
    const extended = kernel.getRegisterSet(pid, NT_X86_XSTATE)!;
    expect(extended.length).toBeGreaterThan(512);
    expect([...extended.subarray(xmm3, xmm3 + 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const absent of [0x7777, NT_386_IOPERM]) expect(kernel.getRegisterSet(pid, absent)).toBeUndefined();
  });

  it('stops at a write to memory by the debug registers', () => {
    begin(['watch']);
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('stopped 5');
    const words = registersOf(kernel, pid);
    expect(kernel.setDebugRegister(pid, 0, Number(words[WORD.rdi]))).toBe(true);
    // Enabled, on writes, of four bytes.
    const control = 1 | (1 << 16) | (3 << 18);
    expect(kernel.setDebugRegister(pid, 7, control)).toBe(true);
    expect(kernel.getDebugRegister(pid, 0)).toBe(Number(words[WORD.rdi]));
    expect(kernel.getDebugRegister(pid, 7)! & control).toBe(control);
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('stopped 5');
    expect(kernel.getDebugRegister(pid, 6)! & 0xf).toBe(1);
    const value = new Uint8Array(4);
    kernel.readMemory(pid, Number(words[WORD.rdi]), value);
    expect([...value]).toEqual([7, 0, 0, 0]);
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('exited 7');
  });

  it('refuses a debug register at an address of the kernel', () => {
    begin(['exit', '0']);
    expect(kernel.setDebugRegister(pid, 0, 2 ** 52)).toBe(false);
  });

  it('says of a thread that is gone that it is gone', () => {
    begin(['exit', '0']);
    kill(kernel, pid);
    const words = new Uint8Array(216);
    expect([
      kernel.cont(pid, 0),
      kernel.step(pid, 0),
      kernel.interrupt(pid),
      kernel.listen(pid),
      kernel.detach(pid, 0),
      kernel.kill(pid, 0),
      kernel.killThread(pid, pid, 0),
      kernel.getRegisters(pid, words),
      kernel.setRegisters(pid, words),
      kernel.setRegisterSet(pid, NT_PRFPREG, new Uint8Array(512)),
      kernel.setDebugRegister(pid, 0, 0),
    ]).toEqual(Array(11).fill(false));
    expect([
      kernel.getRegisterSet(pid, NT_PRFPREG),
      kernel.getDebugRegister(pid, 0),
      kernel.getSignalInfo(pid),
      kernel.getEventMessage(pid),
      kernel.procFile(pid, 'maps'),
      kernel.procLink(pid, 'exe'),
      kernel.procFolder(pid, 'task'),
    ]).toEqual(Array(7).fill(undefined));
    expect(kernel.readMemory(pid, 0x400000, words)).toBe(0);
    expect(kernel.writeMemory(pid, 0x400000, words)).toBe(0);
    expect(() => kernel.seize(pid, 0)).toThrow(new KernelError('PTRACE_SEIZE', 'ESRCH'));
    expect([kernel.waitFor(pid), kernel.wait(true)]).toEqual([-1, -1]);
  });
});

const tracer = (status: Uint8Array | undefined): string | undefined =>
  /TracerPid:\t(\d+)/.exec(Buffer.from(status ?? []).toString())?.[1];
