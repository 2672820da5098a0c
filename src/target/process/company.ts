import type { Kernel } from './kernel.ts';
import { LONGEST_POLL_MS } from './poll-times.ts';
import { type Elsewhere, Reports } from './reports.ts';
import { sleep } from './sleep.ts';

/** A process as those that are traced with it see it. */
export interface Member {
  readonly pid: number;
  readonly ended: boolean;
  /** It looks after children that are no members, even when it has ended. */
  readonly hasChildren: boolean;
  /** It takes part in a run. */
  readonly running: boolean;
  /** Somebody wants that run to end. */
  readonly wantsStop: boolean;
  /** It runs along when another one runs. */
  readonly isCompanion: boolean;
  /** Job control has stopped it: SIGSTOP does not wake us then. */
  readonly jobStopped: boolean;
  /** Whether a task is one of its threads, or a child that is not a member itself. */
  owns(id: number): boolean;
  /** A status of waitpid(2) about one of those. */
  report(id: number, status: number): void;
  /** Deals with something that was put off. False: there is nothing. */
  dealWithPostponed(): boolean;
  /** There is nobody left to wait for. */
  lost(): void;
  /** Enters a run and lets its threads go on. */
  begin(): void;
  /** Asks its threads to stop, without waiting for them. */
  askToStop(): void;
  /** All its threads have stopped afterwards. */
  stop(): void;
  /** As `stop`, after a failure: nobody is asked about what comes. */
  abort(): void;
  leave(): void;
  letGoOfChildren(): void;
}

/**
 * The processes that are traced by one thread: a program, and those of its children that are followed. What waitpid(2)
 * tells is brought to whom it is about.
 */
export class Company {
  readonly reports: Reports;
  readonly #kernel: Kernel;
  readonly #members = new Set<Member>();
  /** All that are to run do; who comes now runs too. */
  #on = false;

  constructor(kernel: Kernel, elsewhere?: Elsewhere) {
    this.#kernel = kernel;
    this.reports = new Reports(kernel, elsewhere);
  }

  add(member: Member): void {
    this.#members.add(member);
  }

  /** A member has ended, or was let go of: children that it looks after may be kept for the others' sake. */
  ended(): void {
    if (this.#all((one) => !one.ended).length > 0) return;
    for (const one of this.#members) one.letGoOfChildren();
  }

  /** Whether a report is for somebody else. */
  isForAnother(self: Member, id: number): boolean {
    return this.#members.size > 1 && !self.owns(id) && this.#ownerOf(id) !== undefined;
  }

  /** A process that can be woken: it runs. */
  get awake(): Member | undefined {
    return this.#all((one) => one.running && !one.ended)[0];
  }

  /** A companion has come, while others may be running. */
  joined(member: Member): void {
    if (this.#on && !member.running && !member.ended) member.begin();
  }

  /** Tasks that have stopped too early to be anybody's, and belong to a process that is left, or to none that is traced. */
  takeEarlyOf(leaving: Member): readonly number[] {
    const pids = new Set(this.#all((one) => one !== leaving && !one.ended).map(({ pid }) => pid));
    return this.reports.takeEarlyIf((id) => !relatives(this.#kernel, id).some((pid) => pids.has(pid)));
  }

  /**
   * Runs a member, which has begun, until somebody wants to stop; all have stopped then. `together`: its companions run
   * along.
   */
  run(main: Member, interrupted: () => boolean, together: boolean): void {
    try {
      this.#on = together;
      for (const one of this.#all((other) => together && other.isCompanion && other !== main && !other.ended))
        one.begin();
      // Before every wait: who asks before we sleep does not know that we have to be woken.
      while (this.#goesOn && !interrupted()) this.#turn(main);
    } finally {
      this.#on = false;
    }
    const running = this.#all((one) => one.running);
    for (const one of running) one.askToStop();
    for (const one of running) one.stop();
  }

  /** Whatever failed, nothing runs afterwards. */
  abort(main: Member): void {
    for (const one of this.#all(({ running }) => running)) if (one !== main) one.abort();
    main.abort();
  }

  leave(): void {
    for (const one of this.#all(({ running }) => running)) one.leave();
    for (const one of this.#all(({ ended, hasChildren }) => ended && !hasChildren)) this.#members.delete(one);
  }

  #all(condition: (member: Member) => boolean): Member[] {
    return [...this.#members].filter(condition);
  }

  get #goesOn(): boolean {
    let alive = false;
    for (const one of this.#members) {
      if (!one.running) continue;
      if (one.wantsStop) return false;
      alive ||= !one.ended;
    }
    return alive;
  }

  #turn(main: Member): void {
    for (const one of this.#members) if (one.running && one.dealWithPostponed()) return;
    const id = this.#wait();
    if (id < 0) for (const one of this.#members) one.lost();
    else if (id > 0) (this.#ownerOf(id) ?? main).report(id, this.reports.status);
  }

  #wait(): number {
    if (!this.#someoneIsJobStopped) return this.reports.next();
    const id = this.reports.next(false);
    if (id === 0) sleep(LONGEST_POLL_MS);
    return id;
  }

  get #someoneIsJobStopped(): boolean {
    for (const one of this.#members) if (one.jobStopped && !one.ended) return true;
    return false;
  }

  #ownerOf(id: number): Member | undefined {
    for (const one of this.#members) if (one.owns(id)) return one;
    return undefined;
  }
}

/** The process that a task is of, and the one that made it. */
function relatives(kernel: Kernel, id: number): number[] {
  const status = new TextDecoder().decode(kernel.procFile(id, 'status'));
  return [...status.matchAll(/^(?:Tgid|PPid):\s*(\d+)$/gm)].map(([, pid]) => Number(pid));
}
