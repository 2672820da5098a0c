import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { UserError } from '../../base/index.ts';
import {
  type Host,
  type LiveControl,
  type PassingProgram,
  type Recorded,
  type RecordRequest,
  type RestartRequest,
  Session,
  type Settings,
} from '../../commands/index.ts';
import { Processes } from '../../debugger/index.ts';
import type { ProcessTarget, Target } from '../../target/index.ts';
import { FileSource } from '../files/file-source.ts';
import { openKernel } from '../linux/open-kernel.ts';
import type { Launch, OpenLiveOptions } from '../session-client.ts';
import { type BuiltProgram, buildProgram, removeBuilt } from './build-program.ts';
import { attachTarget, type LiveProcess, launchTarget } from './open-live-target.ts';
import { SessionRecorder } from './session-recorder.ts';
import { TracepointProbes } from './tracepoint-probes.ts';

export interface LiveHooks {
  /** Told when the program begins to run (its process id) and when it has stopped (0). */
  readonly onRunning?: (pid: number) => void;
  /** Told when the program gets a terminal of its own: the descriptor of its near end. */
  readonly onTerminal?: (descriptor: number) => void;
}

/** Starts a program, or attaches to one, as a session for commands. */
export async function openLiveSession(
  { live }: OpenLiveOptions,
  host: Host,
  settings: Settings,
  hooks: LiveHooks,
): Promise<Session> {
  const recorder = new SessionRecorder(host);
  recorder.kernel = await openKernel(recorder);
  const owner = new LiveOwner(recorder, live, host, hooks);
  owner.processes = new Processes(await owner.open());
  owner.processes.breakpoints.probes = new TracepointProbes(recorder);
  owner.session = new Session(owner.processes.selected.program, host, settings, owner);
  return owner.session;
}

/** Owns the process of a live session, from one start to the next. */
export class LiveOwner implements LiveControl {
  processes!: Processes;
  session!: Session;
  readonly #recorder: SessionRecorder;
  readonly #host: Host;
  readonly #hooks: LiveHooks;
  #subject: OpenLiveOptions['live'];
  #built: BuiltProgram | undefined;
  /** Programs of `#built`, now or before, that cores name. */
  readonly #inCores = new Set<string>();
  /** What the session started or attached to, which may have ended before others. */
  #first: ProcessTarget | undefined;

  constructor(recorder: SessionRecorder, subject: OpenLiveOptions['live'], host: Host, hooks: LiveHooks) {
    this.#recorder = recorder;
    this.#subject = subject;
    this.#host = host;
    this.#hooks = hooks;
  }

  async open(): Promise<ProcessTarget> {
    const subject = this.#subject;
    const recorder = this.#recorder;
    const { kernel } = recorder;
    const interruptRequested = (): boolean => this.#host.cancelled() || recorder.over;
    const process: LiveProcess =
      subject.kind === 'attach'
        ? await attachTarget(kernel, subject.pid, interruptRequested)
        : await launchTarget(kernel, subject, this.#programOf(subject, false), interruptRequested);
    const { target, terminal } = process;
    this.#first = target;
    if (terminal !== undefined) this.#hooks.onTerminal?.(terminal);
    target.onRunning = (pid) => {
      recorder.runs(pid);
      this.#hooks.onRunning?.(pid);
    };
    return target;
  }

  passingProgram({ process: { pid } }: Target): PassingProgram | undefined {
    if (pid === undefined) return undefined;
    const link = `/proc/${pid}/exe`;
    const { kernel } = this.#recorder;
    const named = kernel.procLink(pid, 'exe') ?? '';
    const path = named.replace(DELETED, '');
    if (path === named && !(this.#built?.folder !== undefined && isSameFile(link, this.#built.path)))
      return undefined;
    return { name: basename(path), open: () => FileSource.open(link) };
  }

  prepareRecording(): Promise<void> {
    return this.#recorder.prepare();
  }

  record(request: RecordRequest): Recorded {
    return this.#recorder.record(this.processes.selected, request);
  }

  async restart({ args, redirect, rebuild }: RestartRequest): Promise<void> {
    const subject = this.#subject;
    if (subject.kind === 'attach') {
      throw new UserError('the process was not started by this session', 'start it with `mattock exec`');
    }
    this.#noteCore();
    // What cannot be compiled leaves the old process as it is.
    if (rebuild) this.#programOf(subject, true);
    const { terminal } = subject;
    const files =
      redirect === undefined || terminal.kind !== 'files' ? terminal : { ...terminal, ...redirect };
    this.#subject = { ...subject, args: args ?? subject.args, terminal: files };
    const { processes } = this;
    for (const { target } of processes.all) target.kill();
    processes.restart(await this.open());
    this.session.turnTo(processes.selected.program);
  }

  /** Ends the session: a program that it started ends with it unless it is to be left, others go on. */
  close(leave: boolean): readonly string[] {
    const stays = leave && this.processes.all.some(({ target }) => target.ended === undefined);
    const warnings = [...this.processes.close(leave)];
    this.#noteCore();
    const built = this.#built;
    this.#built = undefined;
    if (built?.folder !== undefined && !this.#inCores.has(built.path)) {
      if (stays) warnings.push(keptText(built.path, 'it runs on'));
      else removeBuilt(built);
    }
    for (const path of this.#inCores) warnings.push(keptText(path, 'the core that it left names it'));
    this.#inCores.clear();
    return warnings;
  }

  /** A program that ends with a core is named in it by the file that was run. */
  #noteCore(): void {
    const end = this.#first?.ended;
    if (end?.kind === 'killed' && end.dumped === true && this.#built?.folder !== undefined)
      this.#inCores.add(this.#built.path);
  }

  #programOf(
    { program }: Launch,
    again: boolean,
  ): { readonly path: string; readonly directory?: string | undefined } {
    if ('path' in program) {
      if (again) throw new UserError('the program was not compiled by this session', 'use `mattock debug`');
      return program;
    }
    if (this.#built === undefined || again) {
      // Not over the file that a core needs.
      const isFree = this.#built !== undefined && !this.#inCores.has(this.#built.path);
      this.#built = buildProgram(program, isFree ? this.#built : undefined);
    }
    return this.#built;
  }
}

const DELETED = / \(deleted\)$/;

const keptText = (path: string, reason: string): string =>
  `the program that was compiled stays at ${path}: ${reason}`;

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}
