import { readFileSync } from 'node:fs';
import { type MattockError, UserError } from '../../base/index.ts';
import { type Kernel, KernelError, TRACE_OPTIONS } from '../../target/index.ts';
import { isSystemError } from '../node-host.ts';

/** New threads may come while we seize those that are there; so often is looked again. */
const MOST_ROUNDS = 100;

/** Seizes all threads of a process, which goes on running. Throws a UserError with reason and remedy. */
export function seizeAll(kernel: Kernel, pid: number): number[] {
  const seized = new Set<number>();
  try {
    checkProcess(kernel, pid);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const before = seized.size;
      for (const name of kernel.procFolder(pid, 'task') ?? []) {
        const tid = Number(name);
        if (!seized.has(tid) && seize(kernel, pid, tid)) seized.add(tid);
      }
      if (seized.size === before) break;
    }
    if (seized.size > 0) return [...seized];
    throw new UserError(`there is no process ${pid}`);
  } catch (error) {
    // Those that we have go on as they were: a running thread is let go by stopping it first.
    for (const tid of seized) {
      if (kernel.interrupt(tid) && kernel.waitFor(tid) > 0) kernel.detach(tid, 0);
    }
    throw error;
  }
}

/**
 * Seizes one thread of a process, which goes on running: one that sleeps in a system call, so that nobody waits for it
 * while it is ours; any, if none sleeps.
 */
export function seizeSleeper(kernel: Kernel, pid: number): number {
  checkProcess(kernel, pid);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const threads = (kernel.procFolder(pid, 'task') ?? []).map(Number);
    const sleeps = (tid: number): boolean => /^S/.test(readStatus(kernel, pid, tid)?.get('State') ?? '');
    const chosen =
      threads.find((tid) => sleeps(tid) && seize(kernel, pid, tid)) ??
      threads.find((tid) => seize(kernel, pid, tid));
    if (chosen !== undefined) return chosen;
  }
  throw new UserError(`there is no process ${pid}`);
}

/** The program of a process, as procfs names it. Throws a UserError: we may not look at it, or it is no process. */
export function executableOf(kernel: Kernel, pid: number): string {
  try {
    return kernel.procLink(pid, 'exe') ?? `process ${pid}`;
  } catch (error) {
    if (!(error instanceof KernelError) || (error.code !== 'EACCES' && error.code !== 'EPERM')) throw error;
    checkProcess(kernel, pid);
    const status = readStatus(kernel, pid, pid);
    if (status === undefined) throw new UserError(`there is no process ${pid}`, '`ps` lists them');
    throw refusal(kernel, pid, Number(status.get('TracerPid')), status);
  }
}

/** False: the thread has ended, or came to us already as a new thread of one that is traced. */
function seize(kernel: Kernel, pid: number, tid: number): boolean {
  try {
    kernel.seize(tid, TRACE_OPTIONS);
    return true;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const status = readStatus(kernel, pid, tid);
    if (error.code === 'ESRCH' || status === undefined || isOver(status)) return false;
    const tracer = Number(status.get('TracerPid'));
    if (tracer === kernel.pid) return true;
    throw refusal(kernel, pid, tracer, status);
  }
}

const isOver = (status: ReadonlyMap<string, string>): boolean => /^[ZX]/.test(status.get('State') ?? 'X');

function checkProcess(kernel: Kernel, pid: number): void {
  if (pid === kernel.pid) throw new UserError('a debugger cannot attach to itself');
  const status = readStatus(kernel, pid, pid);
  if (status === undefined) throw new UserError(`there is no process ${pid}`, '`ps` lists them');
  if (isOver(status)) {
    // Of a leader that ends before the others, procfs has neither memory nor executable any more.
    if ((kernel.procFolder(pid, 'task')?.length ?? 0) > 1)
      throw new UserError(
        `the first thread of process ${pid} has ended: the system does not show the others' memory`,
      );
    throw new UserError(`process ${pid} has ended: it is a zombie that its parent has not collected`);
  }
  if (status.get('Kthread') === '1') throw new UserError(`process ${pid} is a thread of the kernel`);
  const tgid = Number(status.get('Tgid'));
  if (tgid !== pid) throw new UserError(`${pid} is a thread of process ${tgid}`, `attach ${tgid}`);
}

function refusal(
  kernel: Kernel,
  pid: number,
  tracer: number,
  status: ReadonlyMap<string, string>,
): MattockError {
  if (tracer !== 0) {
    const name = readStatus(kernel, tracer, tracer)?.get('Name');
    const who = name === undefined ? `process ${tracer}` : `process ${tracer} (${name})`;
    return new UserError(
      `process ${pid} is traced by ${who} already`,
      'only one debugger can trace a process',
    );
  }
  const owner = Number(status.get('Uid')?.split(/\s+/)[0]);
  const us = process.getuid?.() ?? 0;
  if (us !== 0 && owner !== us) {
    return new UserError(
      `process ${pid} belongs to another user (uid ${owner})`,
      'run mattock as that user, or as root',
    );
  }
  const scope = yamaScope();
  if (scope === '3') {
    return new UserError(
      `this system forbids tracing (kernel.yama.ptrace_scope is 3)`,
      'it can be changed only by a restart of the system',
    );
  }
  if (us !== 0 && (scope === '1' || scope === '2')) {
    return new UserError(
      `this system lets only ${scope === '1' ? 'the parent of a process' : 'root'} trace it (kernel.yama.ptrace_scope is ${scope})`,
      scope === '1'
        ? 'start the program with `mattock exec`, or as root: sysctl kernel.yama.ptrace_scope=0'
        : 'run mattock as root',
    );
  }
  return new UserError(
    `the kernel does not permit tracing process ${pid}`,
    'run mattock as root; in a container, add the capability SYS_PTRACE',
  );
}

function readStatus(kernel: Kernel, pid: number, tid: number): ReadonlyMap<string, string> | undefined {
  const text = kernel.procFile(pid, `task/${tid}/status`);
  if (text === undefined) return undefined;
  const lines = new TextDecoder().decode(text).split('\n');
  return new Map(
    lines.flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()] as const];
    }),
  );
}

/** Undefined: this kernel has no such restriction. */
function yamaScope(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim();
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
