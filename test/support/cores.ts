import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type Build, builtFixture, missingForBuild } from './builds.ts';
import { type Fixture, fixture } from './fixture.ts';
import { hasProgram, run, writeAtomically } from './tools.ts';

export interface CoreRequest extends Build {
  /** The argument, where the fixture has variants. */
  readonly variant?: string;
  /** Who writes the core: the kernel as the process dies, gcore while it waits, or qemu's user emulation. */
  readonly by?: 'kernel' | 'gcore' | 'qemu';
}

export interface FixtureCore {
  readonly executable: string;
  readonly core: string;
  /** What the program printed to stderr, with Go's own traceback of all goroutines. */
  readonly traceback: string;
}

/** A machine that lacks something is told apart from a core that could not be made. */
export function missingForCore(request: CoreRequest): string | undefined {
  const source = fixture(request.fixture);
  const by = writer(request);
  if (by === 'qemu' && !hasProgram('qemu-aarch64')) return 'qemu-aarch64 is not installed';
  if (by !== 'qemu' && request.arch !== undefined && request.arch !== hostArch())
    return `no ${request.arch} machine to write the core`;
  if (by === 'gcore' && !hasProgram('gcore')) return 'gcore (gdb) is not installed';
  if (by === 'gcore' && source.end !== 'wait') return `${source.name} does not wait for gcore`;
  if (by === 'kernel' && !kernelWritesFiles()) return 'core_pattern of this kernel is not a plain file name';
  return missingForBuild(request);
}

/**
 * Whether a crash leaves a file in the working directory. A pattern with `|` goes to a handler, one with `/`
 * to another folder, where cores of other programs may be too.
 */
export function kernelWritesFiles(): boolean {
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
  return pattern !== '' && !/[|/]/.test(pattern);
}

/** The executable and a core of it, made once and kept in `.cache`; safe to ask for from many processes. */
export async function coreOf(request: CoreRequest): Promise<FixtureCore> {
  const missing = missingForCore(request);
  if (missing !== undefined) throw new Error(`${request.fixture}: ${missing}`);
  const source = fixture(request.fixture);
  const { executable, folder } = builtFixture(request);
  const name = `${writer(request)}${request.variant === undefined ? '' : `-${request.variant}`}`;
  const core = path.join(folder, `${name}.core`);
  const traceback = `${core}.stderr`;
  if (!existsSync(core)) {
    const workFolder = mkdtempSync(path.join(folder, 'run-'));
    try {
      const stderr = await dump(source, request, executable, workFolder);
      writeAtomically(traceback, stderr);
      const made = coreIn(workFolder, writer(request), stderr);
      // gdb writes out reserved memory too: gigabytes of zeros.
      if (writer(request) === 'gcore' && hasProgram('fallocate')) run('fallocate', ['--dig-holes', made]);
      renameSync(made, core);
    } finally {
      rmSync(workFolder, { recursive: true, force: true });
    }
  }
  return { executable, core, traceback: readFileSync(traceback, 'utf8') };
}

function writer(request: CoreRequest): 'kernel' | 'gcore' | 'qemu' {
  return request.by ?? (request.arch === 'arm64' && hostArch() !== 'arm64' ? 'qemu' : 'kernel');
}

function hostArch(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

async function dump(
  source: Fixture,
  request: CoreRequest,
  executable: string,
  workFolder: string,
): Promise<string> {
  const command = writer(request) === 'qemu' ? ['qemu-aarch64', executable] : [executable];
  if (request.variant !== undefined) command.push(request.variant);
  // gcore's core is of a living process: the kernel's must not come after it.
  const limit = writer(request) === 'gcore' ? '0' : 'unlimited';
  const child = spawn('bash', ['-c', `ulimit -c ${limit} && exec "$0" "$@"`, ...command], {
    cwd: workFolder,
    env: { ...process.env, GOTRACEBACK: 'crash', GOMAXPROCS: String(source.gomaxprocs), GOGC: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), 120_000);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < 1 << 20) stderr += text;
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject).on('close', () => resolve());
  });
  try {
    if (source.end === 'wait') {
      await Promise.race([printed(child.stdout, 'ready').then(() => atRest(child.pid!)), ended]);
      if (writer(request) === 'gcore') {
        run('gcore', ['-o', path.join(workFolder, 'core'), String(child.pid)]);
        child.kill('SIGKILL');
      } else child.kill('SIGABRT');
    } else child.stdout.resume();
    await ended;
  } finally {
    clearTimeout(deadline);
    if (child.exitCode === null) child.kill('SIGKILL');
  }
  return stderr;
}

function printed(stream: NodeJS.ReadableStream, word: string): Promise<void> {
  let seen = '';
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      seen = (seen + chunk.toString()).slice(-4096);
      if (seen.includes(word)) resolve();
    });
  });
}

/** A program that has used so much since it said that it is ready does not mean to rest. */
const BUSY_TICKS = 100;
const LONGEST_WAIT = 60_000;

/**
 * Until no thread of a process is on a CPU or wants one, which some never come to: what said that it is ready has still
 * to lie down, and on a busy machine it may be long before it is let to. So its own CPU time is counted, by the clock's
 * ticks of 10 ms (proc(5), utime and stime).
 */
async function atRest(pid: number): Promise<void> {
  const threads = `/proc/${pid}/task`;
  const isBusy = (thread: string): boolean => {
    try {
      return /\) [RD] /.test(readFileSync(path.join(threads, thread, 'stat'), 'utf8'));
    } catch {
      // It has ended since it was listed.
      return true;
    }
  };
  const used = (): number => {
    const [utime, stime] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ').slice(11, 13);
    return Number(utime) + Number(stime);
  };
  const before = used();
  const deadline = Date.now() + LONGEST_WAIT;
  for (let quiet = 0; quiet < 3 && used() - before < BUSY_TICKS && Date.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 3));
    quiet = readdirSync(threads).some(isBusy) ? 0 : quiet + 1;
  }
}

/** qemu writes the guest's core and is then killed itself, leaving a second one that is of no use. */
function coreIn(folder: string, by: 'kernel' | 'gcore' | 'qemu', stderr: string): string {
  const files = readdirSync(folder).filter((name) => by !== 'qemu' || name.startsWith('qemu_'));
  if (files.length !== 1)
    throw new Error(
      `expected one core file, found [${files.join(', ')}]; the program said:\n${stderr.slice(0, 2000)}`,
    );
  return path.join(folder, files[0]!);
}
