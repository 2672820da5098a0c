import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { runtimeAddress } from '../../src/base/index.ts';
import { attachTarget, launchTarget } from '../../src/engine/live/open-live-target.ts';
import type { Decision, ProcessTarget, RunMode, TargetEvent } from '../../src/target/index.ts';
import type { Kernel } from '../../src/target/process/kernel.ts';
import { cacheFolder, projectRoot } from '../support/project.ts';
import { hasProgram, run } from '../support/tools.ts';

/** Why live tests cannot run here. */
export const missing =
  process.platform === 'linux' && process.arch === 'x64' && hasProgram('gcc')
    ? undefined
    : 'needs linux/amd64 and gcc';

/** A C program of this folder, compiled once, linked statically at fixed addresses. */
export function cProgram(name: string): string {
  const source = path.join(projectRoot, 'test/live/programs', `${name}.c`);
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const executable = path.join(cacheFolder, 'live', `${name}-${hash}`);
  if (existsSync(executable)) return executable;
  mkdirSync(path.dirname(executable), { recursive: true });
  const unfinished = `${executable}.${process.pid}.tmp`;
  run('gcc', ['-g', '-O1', '-w', '-pthread', '-static', '-no-pie', '-o', unfinished, source]);
  renameSync(unfinished, executable);
  return executable;
}

/** Addresses of a program's symbols. */
export function symbolsOf(executable: string): ReadonlyMap<string, number> {
  const lines = run('nm', [executable]).split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [address, , name] = line.split(' ');
      return name === undefined ? [] : [[name, Number.parseInt(address!, 16)] as const];
    }),
  );
}

export interface Stand {
  readonly target: ProcessTarget;
  readonly pid: number;
  /** What `interruptRequested` answers. */
  interrupted: boolean;
  /** Runs; `decide` stops by giving true. All events are kept. */
  run(decide: (event: TargetEvent) => boolean, mode?: RunMode): TargetEvent[];
  trap(name: string): number;
}

/** A tracer that waits for what never comes cannot be reached by a test's timeout: its debuggee is ended instead. */
const GUARD_SECONDS = 180;

/** Processes of a test file, all of which end with it. */
export class Stands {
  readonly #kernel: Kernel;
  readonly #open: ProcessTarget[] = [];
  readonly #guards: ChildProcess[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async launch(executable: string, args: readonly string[]): Promise<Stand> {
    return this.#stand(executable, async (interrupted) => {
      const launch = {
        kind: 'launch',
        program: { path: executable },
        args,
        terminal: { kind: 'files', stdin: '/dev/null', stdout: '/dev/null' },
        fixedAddresses: true,
      } as const;
      return (await launchTarget(this.#kernel, launch, { path: executable }, interrupted)).target;
    });
  }

  async attach(executable: string, pid: number): Promise<Stand> {
    return this.#stand(
      executable,
      async (interrupted) => (await attachTarget(this.#kernel, pid, interrupted)).target,
    );
  }

  close(): void {
    for (const target of this.#open.splice(0)) {
      if (target.started) target.kill();
      else target.detach();
    }
    for (const guard of this.#guards.splice(0)) guard.kill();
  }

  async #stand(
    executable: string,
    open: (interrupted: () => boolean) => Promise<ProcessTarget>,
  ): Promise<Stand> {
    const state = { interrupted: false };
    const target = await open(() => state.interrupted);
    this.#open.push(target);
    const guard = `exec 2>/dev/null; sleep ${GUARD_SECONDS} & trap "kill $!" TERM; wait && kill -9 ${target.pid}`;
    this.#guards.push(spawn('sh', ['-c', guard], { stdio: 'ignore' }));
    const symbols = symbolsOf(executable);
    return Object.assign(state, {
      target,
      pid: target.pid,
      run(decide: (event: TargetEvent) => boolean, mode: RunMode = { kind: 'all' }): TargetEvent[] {
        const events: TargetEvent[] = [];
        target.run(mode, (event): Decision => {
          events.push(event);
          return decide(event) ? 'stop' : 'resume';
        });
        return events;
      },
      trap(name: string): number {
        const address = symbols.get(name)!;
        target.insertTrap(runtimeAddress(address));
        return address;
      },
    });
  }
}

export const isTrap = (event: TargetEvent): boolean => event.kind === 'trap';
