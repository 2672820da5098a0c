import { UserError } from '../../base/index.ts';
import { KernelError, SIGNAL, type SpawnedProcess, type SpawnRequest } from '../../target/process/kernel.ts';
import { isStopped } from '../../target/process/wait-status.ts';
import { kernelError } from './errno.ts';
import { injectExec, type Parts, WHILE_STARTING } from './exec-injection.ts';
import type { Libc } from './libc.ts';
import { posixSpawn } from './posix-spawn.ts';
import { checkDirectory, checkProgram } from './program-file.ts';
import { type StandardFiles, standardFiles } from './standard-files.ts';

const SHELL = '/bin/sh';
const ADDR_NO_RANDOMIZE = 0x0040000;
const CURRENT_PERSONALITY = 0xffff_ffff;

/**
 * Nothing can be traced from its first instruction unless it stops by itself: a shell without environment, which has
 * all of the program's arguments and environment as its own arguments, stops itself; seized, it is made to call
 * execve with them. So the program gets exactly what was asked for, argv[0] too, and what is wrong with it has a
 * number. The process must not be made by Node, whose event loop would take its stops.
 */
export function spawn(libc: Libc, parts: Parts, request: SpawnRequest, options: number): SpawnedProcess {
  checkProgram(request.path, parts.processor);
  if (request.directory !== undefined) checkDirectory(request.directory);
  const files = standardFiles(libc, request.terminal);
  let pid: number | undefined;
  try {
    const environment = environmentOf(request);
    pid = startShell(libc, request, environment, files);
    becomeProgram(libc, parts, pid, request, environment.length);
    parts.threads.setOptions(pid, options);
    files.close(false);
    return { pid, terminal: files.terminal };
  } catch (error) {
    if (pid !== undefined) end(libc, parts, pid);
    files.close(true);
    throw error;
  }
}

function environmentOf(request: SpawnRequest): readonly string[] {
  const variables: NodeJS.ProcessEnv = request.environment ?? process.env;
  return Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
}

function startShell(
  libc: Libc,
  request: SpawnRequest,
  environment: readonly string[],
  files: StandardFiles,
): number {
  const { path, directory } = request;
  const child = {
    path: SHELL,
    argv: ['sh', '-c', 'kill -STOP $$', path, ...request.argv, '-', ...environment],
    environment: [],
    actions: [
      ...files.actions,
      ...(directory === undefined ? [] : [{ kind: 'enter', path: directory } as const]),
    ],
    newSession: files.newSession,
  };
  // Per thread, and inherited by what it starts.
  const before = request.fixedAddresses ? libc.personality(CURRENT_PERSONALITY) : -1;
  const changed = before !== -1 && libc.personality(before | ADDR_NO_RANDOMIZE) !== -1;
  try {
    return posixSpawn(libc, child);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw cannotRun(path, error.code, `${SHELL}, which starts it, fails with ${error.code}`);
  } finally {
    if (changed) libc.personality(before);
  }
}

function becomeProgram(
  libc: Libc,
  parts: Parts,
  pid: number,
  { path, argv }: SpawnRequest,
  variables: number,
): void {
  const { waiting } = parts;
  if (waiting.waitForStop(pid) !== pid || !isStopped(waiting.lastStatus))
    throw new KernelError(`${SHELL} -c 'kill -STOP $$'`, 'ESRCH');
  seize(parts, pid);
  if (waiting.waitFor(pid) !== pid || !isStopped(waiting.lastStatus))
    throw new KernelError('PTRACE_SEIZE', 'ESRCH');
  libc.kill(pid, SIGNAL.SIGCONT);
  const first = 4;
  const separator = first + argv.length;
  const plan = { argc: separator + 1 + variables, path: 3, argv: first, separator };
  const errno = injectExec(parts, pid, plan);
  if (errno !== 0) throw cannotRun(path, kernelError('execve', errno).code);
}

function seize({ threads }: Parts, pid: number): void {
  try {
    threads.seize(pid, WHILE_STARTING);
  } catch (error) {
    if (!(error instanceof KernelError) || error.code !== 'EPERM') throw error;
    throw new UserError(
      'this system does not let a process be traced, not even a child',
      'see /proc/sys/kernel/yama/ptrace_scope; in a container, add the capability SYS_PTRACE',
    );
  }
}

/** Why execve(2) did not run a file that looked well before. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'the loader or interpreter that it names does not exist',
  ENOEXEC: 'the kernel does not know its format',
  EACCES: 'it, or its interpreter, may not be executed here (a file system mounted noexec?)',
  ETXTBSY: 'it is open for writing',
};

const cannotRun = (path: string, code: string, reason = REASONS[code] ?? code): UserError =>
  new UserError(
    `cannot run ${path}: ${code === 'E2BIG' ? 'its arguments and environment are too long' : reason}`,
  );

/** Leaves nothing behind, no zombie either. */
function end(libc: Libc, { waiting, memory, threads }: Parts, pid: number): void {
  libc.kill(pid, SIGNAL.SIGKILL);
  while (waiting.waitFor(pid) === pid && isStopped(waiting.lastStatus)) threads.cont(pid, SIGNAL.SIGKILL);
  memory.forget(pid);
}
