import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder, projectRoot } from '../../../../test/support/project.ts';
import { hasProgram, run } from '../../../../test/support/tools.ts';
import { type Kernel, PTRACE_O, type SpawnRequest } from '../../../target/process/kernel.ts';

/** Why the tests that need it cannot run here. */
export const missing =
  process.platform === 'linux' && process.arch === 'x64' && hasProgram('gcc')
    ? undefined
    : 'needs linux/amd64 and gcc';

/** The program of debuggee.c, compiled once. */
export function debuggee(): string {
  const source = join(projectRoot, 'src/engine/linux/testing/debuggee.c');
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const executable = join(cacheFolder, 'kernel', `debuggee-${hash}`);
  if (existsSync(executable)) return executable;
  mkdirSync(dirname(executable), { recursive: true });
  const unfinished = `${executable}.${process.pid}.tmp`;
  run('gcc', ['-g', '-O1', '-pthread', '-static', '-o', unfinished, source]);
  renameSync(unfinished, executable);
  return executable;
}

export const request = (
  path: string,
  args: readonly string[],
  more: Partial<SpawnRequest> = {},
): SpawnRequest => ({
  path,
  argv: [path, ...args],
  environment: undefined,
  directory: undefined,
  terminal: { kind: 'files', stdout: '/dev/null' },
  fixedAddresses: true,
  ...more,
});

/** Starts debuggee.c in one of its modes; stopped at its exec. */
export const start = (kernel: Kernel, args: readonly string[], options: number = PTRACE_O.EXEC): number =>
  kernel.spawn(request(debuggee(), args), options).pid;

/** A wait status in words: `exited 3`, `killed 9`, `stopped 5`, `stopped 5 event 3`. */
export function told(status: number): string {
  if ((status & 0x7f) === 0) return `exited ${(status >> 8) & 0xff}`;
  if ((status & 0xff) !== 0x7f) return `killed ${status & 0x7f}`;
  const event = status >> 16;
  return `stopped ${(status >> 8) & 0xff}${event === 0 ? '' : ` event ${event}`}`;
}

/** Waits for one thread, and says what happened to it. */
export function next(kernel: Kernel, tid: number): string {
  const got = kernel.waitFor(tid);
  return got === tid ? told(kernel.lastStatus) : `nothing (${got})`;
}

/** Kills what is left of a process and takes its status. */
export function kill(kernel: Kernel, pid: number): void {
  kernel.kill(pid, 9);
  while (kernel.waitFor(pid) === pid && (kernel.lastStatus & 0xff) === 0x7f) kernel.cont(pid, 9);
  kernel.forget(pid);
}

/** Words of user_regs_struct by name. */
export const WORD = { rsi: 13, rdi: 14, rip: 16 } as const;

export function registersOf(kernel: Kernel, tid: number): BigUint64Array {
  const words = new BigUint64Array(27);
  if (!kernel.getRegisters(tid, new Uint8Array(words.buffer))) throw new Error(`thread ${tid} is gone`);
  return words;
}
