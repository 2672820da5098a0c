import { MattockError, UserError } from '../../base/index.ts';
import {
  type Fate,
  FollowedTasks,
  type Kernel,
  KernelError,
  type ProcessTarget,
} from '../../target/index.ts';
import { mergeProcesses, type Trace } from '../../trace/index.ts';
import { openBeginnings } from '../live/open-live-target.ts';
import type { ProbeStatus } from './probe-session.ts';
import { type CallCount, type LiveRecording, Recording, type RecordingOptions } from './recording.ts';

/** There may be a thousand children. The pages of a ring come into being when they are written. */
const CHILD_RING_BYTES = 16 << 20;
/** Looking for the end of a process costs a read of procfs. */
const END_EVERY_MS = 50;
/** Who was about to execute another program and has not for so long did not succeed. */
const FAILED_AFTER_MS = 2000;
/** So long we are in a hurry for a child that is about to run its program. */
const HURRY_MS = 20;
const MOST_COMMAND = 120;

interface ProcessFacts {
  readonly pid: number;
  /** Of its maker, as it was when it ran its program. */
  readonly parent: number;
  readonly command: string;
}

/** A process that is recorded, from when it ran its program to its end, or to when it ran another. */
export interface RecordedProcess extends ProcessFacts {
  readonly recording: Recording;
  /** Nanoseconds of the recording; undefined: it lives. */
  readonly end: number | undefined;
}

/** What has happened in each process since the last time. Its times are from its `begin` on, nanoseconds of the whole. */
export interface FamilyEvents {
  take(): readonly { readonly pid: number; readonly begin: number; readonly trace: Trace }[];
}

interface Member extends RecordedProcess {
  end: number | undefined;
  live: LiveRecording | undefined;
}

/**
 * Records what goroutines do in a program and in all Go programs that it, or what it started, runs (`--follow-child`). Each
 * is traced by nobody while it is recorded: whoever is about to execute a program waits at a probe until we follow it, and
 * is stopped by the kernel when the program stands before its first instruction. Children that are not in Go stay traced for
 * their own children's sake.
 */
export class FamilyRecording {
  readonly #main: Recording;
  readonly #members: Member[] = [];
  readonly #tasks: FollowedTasks;
  #begin: (pid: number) => ProcessTarget | undefined = () => undefined;
  readonly #options: Omit<RecordingOptions, 'subject' | 'engine'>;
  readonly #notes: string[] = [];
  #nextLook = 0;
  #forget: boolean | undefined;

  private constructor(main: Recording, options: RecordingOptions) {
    const { ringBytes = CHILD_RING_BYTES } = options;
    this.#main = main;
    this.#options = { ...options, ringBytes };
    this.#tasks = new FollowedTasks(this.#kernel, (pid) => this.#runs(pid));
    main.tellElsewhere((id, status) => this.#tasks.postpone(id, status));
    this.#add(main, factsOf(this.#kernel, main.pid));
  }

  /** Attaches to the program, or starts it, puts the probes in and lets go of it. */
  static async start(options: RecordingOptions): Promise<FamilyRecording> {
    if (options.engine === 'trap')
      throw new UserError('--follow-child needs inline probes', 'leave --engine=trap out');
    const main = await Recording.start({ ...options, children: true });
    try {
      const family = new FamilyRecording(main, { ...options, children: true });
      const tasks = family.#tasks;
      family.#begin = await openBeginnings(main.setting.kernel, (id, status) => tasks.postpone(id, status));
      return family;
    } catch (error) {
      await main.stop();
      throw error;
    }
  }

  /** Of the first process. */
  get pid(): number {
    return this.#main.pid;
  }

  get nanosecondsPerEvent(): number {
    return this.#main.nanosecondsPerEvent;
  }

  /** How many goroutines were followed. */
  get followed(): number {
    return this.#members.reduce((sum, { recording }) => sum + recording.followed, 0);
  }

  /** Functions of the same name in several programs are one. Undefined: none has what was asked for. */
  get calls(): CallCount | undefined {
    const all = this.#members.flatMap(({ recording }) => recording.calls ?? []);
    if (all.length === 0) return undefined;
    const functions = new Map(all.flatMap((each) => each.functions.map((one) => [one.name, one] as const)));
    return { functions: [...functions.values()], count: all.reduce((sum, { count }) => sum + count, 0) };
  }

  get missing(): readonly string[] {
    return this.#main.missing;
  }

  get notes(): readonly string[] {
    return [...this.#main.notes, ...this.#notes];
  }

  get stoppedMs(): number {
    return this.#main.stoppedMs;
  }

  get seconds(): number {
    return this.#main.seconds;
  }

  get processes(): readonly RecordedProcess[] {
    return this.#members;
  }

  get status(): ProbeStatus {
    let [events, bytes, lost, waits] = [0, 0, 0, 0];
    for (const { recording } of this.#members) {
      const { status } = recording;
      events += status.events;
      bytes += status.bytes;
      lost += status.lost;
      waits += status.waits;
    }
    return { events, bytes, lost, waits };
  }

  /** The process that was named or started, whatever program it runs. */
  get first(): Pick<Recording, 'pid' | 'ended' | 'end'> {
    const { pid } = this.#main;
    const { recording } = this.#members.findLast((member) => member.pid === pid)!;
    return recording;
  }

  /** Whether all have ended that are recorded, or could come to run what is. */
  get ended(): boolean {
    return (
      this.#tasks.count === 0 &&
      this.#members.every(({ end, recording }) => end !== undefined || recording.ended)
    );
  }

  /** Somebody waits for us, or will in a moment. */
  get isUrgent(): boolean {
    const since = this.#tasks.aboutToRun;
    return since !== undefined && performance.now() - since < HURRY_MS;
  }

  /** Takes what has come, and looks after those who wait. To be called often. */
  drain(): void {
    for (const member of this.#members) {
      if (member.end !== undefined) continue;
      this.#answer(member);
      member.recording.drain();
    }
    this.#tasks.poll();
    const now = performance.now();
    if (now < this.#nextLook) return;
    this.#nextLook = now + END_EVERY_MS;
    this.#tasks.forgetIdle(now - FAILED_AFTER_MS);
    for (const member of this.#members) {
      if (member.end === undefined && member.recording.ended) {
        member.recording.close();
        member.end = this.#time;
      }
    }
  }

  /** Takes the probes out of all and lets go of all, which go on as if nothing had been. Idempotent. */
  async stop(): Promise<void> {
    const living = this.#members.filter(({ end }) => end === undefined);
    // A thread that waits for its child to run a program could not be stopped.
    for (const { recording } of living) recording.switchOff();
    this.#tasks.letGo();
    const failures: unknown[] = [];
    for (const { recording } of living)
      await recording.stop().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  /** What was recorded, whole. `tell` is told how much is done, 0 to 1. */
  trace(tell: (done: number) => void = () => {}): Trace {
    const parts = this.#members.map(({ pid, parent, command, recording, end }, i) => ({
      pid,
      parent,
      command,
      trace: recording.trace((done) => tell((i + done) / this.#members.length)),
      begin: this.#beginOf(recording),
      end,
    }));
    return parts.length === 1 ? parts[0]!.trace : mergeProcesses(parts);
  }

  /** Tells what happens while it happens, of each process by itself. With `forget` there will be no `trace()`. */
  live(forget: boolean): FamilyEvents {
    this.#forget = forget;
    for (const member of this.#members) member.live ??= member.recording.live(forget);
    return {
      take: () =>
        this.#members.flatMap((member) => {
          const { pid, live, recording } = member;
          if (live === undefined) return [];
          // What it does now was taken before its end was known.
          if (member.end !== undefined) member.live = undefined;
          return [{ pid, begin: this.#beginOf(recording), trace: live.take() }];
        }),
    };
  }

  get #kernel(): Kernel {
    return this.#main.setting.kernel;
  }

  get #time(): number {
    return Math.round(this.#main.setting.now().nanoseconds - this.#main.started.nanoseconds);
  }

  #beginOf({ started }: Recording): number {
    return Math.round(started.nanoseconds - this.#main.started.nanoseconds);
  }

  #add(recording: Recording, facts: ProcessFacts): void {
    const live = this.#forget === undefined ? undefined : recording.live(this.#forget);
    this.#members.push({ ...facts, recording, end: undefined, live });
  }

  /** Who waits at the door of a process is its child, or a thread of it that lets it run another program. */
  #answer({ pid, recording }: Member): void {
    const { door } = recording;
    for (const name of door?.callers() ?? []) {
      const id = taskNamed(this.#kernel, pid, name);
      if (id !== undefined) this.#follow(pid, id);
      door!.answer();
    }
  }

  /** A goroutine that lets its process run another program may do so on another thread than it waited on. */
  #follow(pid: number, id: number): void {
    if (statusOf(this.#kernel, id).get('Tgid') !== String(pid)) {
      this.#tasks.follow(id);
      return;
    }
    // Until no thread has been made meanwhile by one that was not followed yet.
    const seen = new Set<number>();
    for (let before = -1; before < seen.size; ) {
      before = seen.size;
      for (const thread of (this.#kernel.procFolder(pid, 'task') ?? []).map(Number)) {
        if (!seen.has(thread)) this.#tasks.follow(thread);
        seen.add(thread);
      }
    }
  }

  /** A task stands at its PTRACE_EVENT_EXEC. */
  #runs(pid: number): Fate {
    const before = this.#members.find((member) => member.pid === pid && member.end === undefined);
    if (before !== undefined) {
      before.recording.replaced();
      before.end = this.#time;
    }
    const facts = factsOf(this.#kernel, pid);
    const target = this.#try(pid, () => this.#begin(pid));
    if (target === undefined) return 'kept';
    // It is let go of, whatever happens.
    this.#try(pid, () => this.#add(Recording.beginning(target, this.#main.setting, this.#options), facts));
    return 'taken';
  }

  #try<T>(pid: number, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof MattockError || error instanceof KernelError)) throw error;
      this.#notes.push(`process ${pid} (${commandOf(this.#kernel, pid)}) is not traced: ${error.message}`);
      return undefined;
    }
  }
}

/** The task that has named itself so: by its id as it sees it, which is ours unless it is in a namespace of its own. */
function taskNamed(kernel: Kernel, pid: number, name: number): number | undefined {
  const isIt = (id: number): boolean => {
    const status = statusOf(kernel, id);
    const related = [status.get('Tgid'), status.get('PPid')].includes(String(pid));
    return related && status.get('NSpid')?.split(/\s+/).at(-1) === String(name);
  };
  if (isIt(name)) return name;
  const threads = (kernel.procFolder(pid, 'task') ?? []).map(Number);
  const children = threads.flatMap((thread) =>
    new TextDecoder()
      .decode(kernel.procFile(pid, `task/${thread}/children`))
      .split(/\s+/)
      .filter((word) => word !== '')
      .map(Number),
  );
  return [...children, ...threads].find(isIt);
}

const factsOf = (kernel: Kernel, pid: number): ProcessFacts => ({
  pid,
  parent: Number(statusOf(kernel, pid).get('PPid') ?? 0),
  command: commandOf(kernel, pid),
});

function statusOf(kernel: Kernel, id: number): ReadonlyMap<string, string> {
  const text = new TextDecoder().decode(kernel.procFile(id, 'status'));
  return new Map([...text.matchAll(/^(\w+):\s*(.*)$/gm)].map(([, key, value]) => [key!, value!]));
}

function commandOf(kernel: Kernel, pid: number): string {
  const words = new TextDecoder().decode(kernel.procFile(pid, 'cmdline')).split('\0').slice(0, -1);
  return words.join(' ').slice(0, MOST_COMMAND);
}
