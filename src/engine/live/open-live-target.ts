import { realpathSync, statSync } from 'node:fs';
import { archNamed, type MachineCode } from '../../arch/index.ts';
import { type ByteSource, UserError } from '../../base/index.ts';
import { openImage } from '../../image/index.ts';
import {
  Company,
  type Kernel,
  type ModuleFile,
  type ProcessFiles,
  type ProcessInput,
  ProcessTarget,
  TRACE_OPTIONS,
} from '../../target/index.ts';
import { moduleFinder, nameModule, nodePlatform } from '../files/index.ts';
import { thisProcessor } from '../linux/processor.ts';
import { isSystemError } from '../node-host.ts';
import type { Launch } from '../session-client.ts';
import { executableOf, seizeAll, seizeSleeper } from './attach.ts';

export interface LiveProcess {
  readonly target: ProcessTarget;
  /** Descriptor of the near end of the program's terminal, if it got one. */
  readonly terminal: number | undefined;
}

const image = (source: ByteSource) => openImage(source, nodePlatform);

/** Starts a program and stops it before its first instruction. */
export async function launchTarget(
  kernel: Kernel,
  launch: Launch,
  program: { readonly path: string; readonly directory?: string | undefined },
  interruptRequested: () => boolean,
): Promise<LiveProcess> {
  const path = existing(program.path);
  const code = await machineCode();
  const { pid, terminal } = kernel.spawn(
    {
      path,
      argv: [program.path, ...launch.args],
      environment: launch.environment,
      directory: launch.directory ?? program.directory,
      terminal: launch.terminal,
      fixedAddresses: launch.fixedAddresses,
    },
    TRACE_OPTIONS,
  );
  const found = { pid, path, threads: [{ id: pid, stopped: true }], started: true };
  return { target: makeTarget(kernel, found, code, interruptRequested), terminal };
}

function existing(path: string): string {
  let found: string;
  try {
    found = realpathSync(path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UserError(
      `cannot run ${path}: ${error.code === 'ENOENT' ? 'there is no such file' : error.code}`,
    );
  }
  const isFolder = statSync(found).isDirectory();
  if (isFolder || found.endsWith('.go')) {
    throw new UserError(
      `cannot run ${path}: it is ${isFolder ? 'a folder' : 'Go source'}`,
      `\`mattock debug ${path}\` compiles the program${isFolder ? ' in it' : ''} and debugs it`,
    );
  }
  return found;
}

/**
 * Looks at a process that runs, without stopping it: its binaries and its memory, which changes meanwhile, and no
 * threads. What it has read of the binary serves `attachTarget`, which then stops the program for less.
 */
export async function inspectTarget(
  kernel: Kernel,
  pid: number,
): Promise<{ readonly target: ProcessTarget; readonly executable: ModuleFile }> {
  const path = executableOf(kernel, pid);
  const executable = openerOf(pid)(path);
  const found = { pid, path, threads: [], started: false };
  return { target: makeTarget(kernel, found, await machineCode(), () => false, executable), executable };
}

/** Attaches to a process and stops it. `known` is the program's binary, if it has been opened. */
export async function attachTarget(
  kernel: Kernel,
  pid: number,
  interruptRequested: () => boolean,
  known?: ModuleFile,
): Promise<LiveProcess> {
  const path = executableOf(kernel, pid);
  const code = await machineCode();
  const threads = seizeAll(kernel, pid).map((id) => ({ id, stopped: false }));
  const found = { pid, path, threads, started: false };
  return { target: makeTarget(kernel, found, code, interruptRequested, known), terminal: undefined };
}

/**
 * Attaches to one thread of a process and stops it, one that sleeps if there is such: the others go on, and what is done
 * to their memory they share.
 */
export async function attachSleeper(kernel: Kernel, pid: number, known?: ModuleFile): Promise<ProcessTarget> {
  const path = executableOf(kernel, pid);
  const code = await machineCode();
  for (;;) {
    const threads = [{ id: seizeSleeper(kernel, pid), stopped: false }];
    const found = { pid, path, threads, started: false, isPart: true };
    const target = makeTarget(kernel, found, code, () => false, known);
    // It may have ended before it could be stopped; if the process has, nobody is there to be seized.
    if (target.ended === undefined) return target;
  }
}

/**
 * For processes that stand at their PTRACE_EVENT_EXEC, traced by us: each as a target, or undefined if its program is not in
 * Go. Programs are opened once. `others` is given what is told of other tasks meanwhile. Throws a MattockError: the program cannot be read.
 */
export async function openBeginnings(
  kernel: Kernel,
  others: (id: number, status: number) => void,
): Promise<(pid: number) => ProcessTarget | undefined> {
  const code = await machineCode();
  const known = new Map<string, ModuleFile | undefined>();
  return (pid) => {
    const path = executableOf(kernel, pid);
    const { dev, ino, size, mtimeMs } = statSync(`/proc/${pid}/exe`);
    const key = [dev, ino, size, mtimeMs].join(' ');
    if (!known.has(key)) known.set(key, goProgram(openerOf(pid)(path)));
    const executable = known.get(key);
    const found = { pid, path, threads: [{ id: pid, stopped: true }], started: false };
    const company = new Company(kernel, (id, status) => {
      if (id !== pid) others(id, status);
      return id !== pid;
    });
    return executable && makeTarget(kernel, found, code, () => false, { ...executable, path }, company);
  };
}

function goProgram(file: ModuleFile): ModuleFile | undefined {
  const { functions, arch } = file.image;
  return functions !== undefined && functions.count > 0 && arch === thisProcessor().name ? file : undefined;
}

interface Found {
  readonly pid: number;
  /** Where the program's file is, or was. */
  readonly path: string;
  readonly threads: ProcessInput['threads'];
  readonly isPart?: boolean;
  readonly started: boolean;
}

function makeTarget(
  kernel: Kernel,
  { pid, path, threads, isPart = false, started }: Found,
  code: MachineCode,
  interruptRequested: () => boolean,
  known?: ModuleFile,
  company?: Company,
): ProcessTarget {
  const filesOf = (child: number): ProcessFiles => filesOfProcess(kernel, child, executableOf(kernel, child));
  const files = filesOfProcess(kernel, pid, path, known);
  return new ProcessTarget({
    kernel,
    arch: archNamed(files.executable.image.arch),
    code,
    pid,
    threads,
    isPart,
    started,
    interruptRequested,
    ...files,
    ...(company && { company }),
    filesOf,
    openImage: image,
    platform: nodePlatform,
  });
}

function filesOfProcess(kernel: Kernel, pid: number, path: string, known?: ModuleFile): ProcessFiles {
  const open = openerOf(pid);
  return {
    executable: known ?? open(path),
    openExecutable: () => open(kernel.procLink(pid, 'exe') ?? path),
    findModule: moduleFinder({ sysroot: `/proc/${pid}/root`, beside: [path], openImage: image }),
  };
}

/** By procfs: it is the very file, though it may be deleted, replaced, or in a container. */
const openerOf =
  (pid: number) =>
  (name: string): ModuleFile => ({
    ...nameModule(`/proc/${pid}/exe`, image),
    path: name.replace(/ \(deleted\)$/, ''),
  });

function machineCode(): Promise<MachineCode> {
  return archNamed(thisProcessor().name).loadMachineCode();
}
