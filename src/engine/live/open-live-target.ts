import { realpathSync } from 'node:fs';
import { archNamed, type MachineCode } from '../../arch/index.ts';
import { type ByteSource, UserError } from '../../base/index.ts';
import { openImage } from '../../image/index.ts';
import { type Kernel, ProcessTarget, TRACE_OPTIONS } from '../../target/index.ts';
import { moduleFinder, nameModule, nodePlatform } from '../files/index.ts';
import { isSystemError } from '../node-host.ts';
import type { Launch } from '../session-client.ts';
import { seizeAll } from './attach.ts';

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
  const threads = [{ id: pid, stopped: true }];
  return { target: await openTarget(kernel, pid, path, threads, true, interruptRequested), terminal };
}

function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UserError(
      `cannot run ${path}: ${error.code === 'ENOENT' ? 'there is no such file' : error.code}`,
    );
  }
}

/** Attaches to a process and stops it. */
export async function attachTarget(
  kernel: Kernel,
  pid: number,
  interruptRequested: () => boolean,
): Promise<LiveProcess> {
  const path = kernel.procLink(pid, 'exe');
  const code = await machineCode();
  const threads = seizeAll(kernel, pid).map((id) => ({ id, stopped: false }));
  const target = makeTarget(kernel, pid, path ?? `process ${pid}`, threads, false, interruptRequested, code);
  return { target, terminal: undefined };
}

async function openTarget(
  kernel: Kernel,
  pid: number,
  path: string,
  threads: readonly { readonly id: number; readonly stopped: boolean }[],
  started: boolean,
  interruptRequested: () => boolean,
): Promise<ProcessTarget> {
  const code = await machineCode();
  return makeTarget(kernel, pid, path, threads, started, interruptRequested, code);
}

function makeTarget(
  kernel: Kernel,
  pid: number,
  path: string,
  threads: readonly { readonly id: number; readonly stopped: boolean }[],
  started: boolean,
  interruptRequested: () => boolean,
  code: MachineCode,
): ProcessTarget {
  // By procfs: it is the very file, though it may be deleted, replaced, or in a container.
  const open = (name: string) => ({
    ...nameModule(`/proc/${pid}/exe`, image),
    path: name.replace(/ \(deleted\)$/, ''),
  });
  const executable = open(path);
  return new ProcessTarget({
    kernel,
    arch: archNamed(executable.image.arch),
    code,
    pid,
    threads,
    started,
    interruptRequested,
    executable,
    openExecutable: () => open(kernel.procLink(pid, 'exe') ?? path),
    findModule: moduleFinder({ sysroot: `/proc/${pid}/root`, beside: [path], openImage: image }),
    openImage: image,
    platform: nodePlatform,
  });
}

async function machineCode(): Promise<MachineCode> {
  const load = archNamed('amd64').loadMachineCode;
  if (process.arch !== 'x64' || load === undefined) {
    throw new UserError(
      'live programs can be debugged on linux/amd64 only',
      'open a core of it: `mattock core`',
    );
  }
  return load();
}
