import { assertUnreachable, type ThreadId } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import type { Decision, LiveTarget, ProcessEnd, RunMode, TargetEvent } from '../target/index.ts';
import type { BreakpointList } from './breakpoints/breakpoint-list.ts';
import { InjectedCalls } from './calls/injected-calls.ts';
import type { Stop, StopCause } from './stop.ts';
import { HotCalls, type ProbedCalls } from './tracing/hot-calls.ts';
import { TrapSites } from './trap-sites.ts';
import { Watches } from './watch/watches.ts';

/** Looks at an event before everybody else does: a step that waits for its own. Undefined: not mine. */
export type EventWatcher = (event: TargetEvent) => StopCause | 'resume' | undefined;

/** The processes that run and stop together with one, as it sees them. */
export interface Family {
  readonly breakpoints: BreakpointList;
  others(one: Debugger): readonly Debugger[];
  survives(one: Debugger): boolean;
  tellEnd(one: Debugger, end: ProcessEnd): void;
  settle(main: Debugger, causes: readonly StopCause[]): Stop;
}

/** A process under control: what is to stop it, and the runs from one stop to the next. */
export class Debugger {
  readonly target: LiveTarget;
  readonly program: Program;
  readonly traps: TrapSites;
  readonly watches: Watches;
  readonly calls: InjectedCalls;
  readonly hotCalls: HotCalls;
  /** Why it has stopped, as far as the last run has told. */
  causes: StopCause[] = [];
  readonly #family: Family;
  readonly #watchers: EventWatcher[] = [];
  /** Others run too. */
  #together = false;
  #executable: unknown;

  constructor(target: LiveTarget, program: Program, family: Family) {
    this.target = target;
    this.program = program;
    this.#family = family;
    this.#executable = target.modules.executable;
    this.traps = new TrapSites(target);
    this.watches = new Watches(this);
    this.calls = new InjectedCalls(this);
    this.hotCalls = new HotCalls(target);
  }

  /** Those of all processes. */
  get breakpoints(): BreakpointList {
    return this.#family.breakpoints;
  }

  /** Adds a watcher of events; gives how to take it away. The latest is asked first. */
  watchEvents(watcher: EventWatcher): () => void {
    this.#watchers.unshift(watcher);
    return () => {
      const index = this.#watchers.indexOf(watcher);
      if (index >= 0) this.#watchers.splice(index, 1);
    };
  }

  /** Runs the program, and the other processes with it, until somebody wants it stopped. */
  resume(mode: RunMode = { kind: 'all' }): Stop {
    if (mode.kind !== 'all') return this.settle(this.run(mode));
    return this.settle(
      this.hotCalls.run(
        () => this.run(mode),
        () => this.#probe(),
      ),
    );
  }

  /** Probes are for a program alone of which nothing else is watched: who does that may want a trap anywhere. */
  #probe(): ProbedCalls | undefined {
    const { breakpoints, target, watches, calls } = this;
    const isBusy = watches.any || calls.inFlight !== undefined || this.#watchers.length > 0;
    if (isBusy || target.children !== undefined || this.#family.others(this).length > 0) return undefined;
    return breakpoints.probes?.begin(this, breakpoints.tracersIn(this), () => breakpoints.onMissing?.());
  }

  /** One of the runs that make up a whole (a step is many): `settle` closes the last. */
  run(mode: RunMode): StopCause[] {
    this.breakpoints.armStanding();
    for (;;) {
      const others = this.#runOnce(mode);
      const again = [this, ...others].filter((one) => one.calls.afterRun(one.causes) === 'again');
      const { causes } = this;
      if (causes.length === 0 && others.some((one) => one.causes.length > 0)) {
        causes.push({ kind: 'elsewhere' });
      }
      if (causes.length > 0 || again.length === 0) return causes;
      if (mode.kind === 'step') return [{ kind: 'step', thread: mode.thread }];
    }
  }

  /**
   * One instruction of a thread without a run, which is most of what a step costs. False: it must be a run, because only
   * the CPU can do it, or because somebody watches what happens.
   */
  emulate(thread: ThreadId): boolean {
    return this.#watchers.length === 0 && !this.watches.any && this.target.emulate(thread);
  }

  /** Gives the processes that have run along. */
  #runOnce(mode: RunMode): readonly Debugger[] {
    const together = mode.kind === 'all';
    for (const one of this.#family.others(this)) {
      one.causes = [];
      if (together) one.runAlong();
    }
    this.causes = [];
    this.#together = together;
    this.watches.beforeRun(mode);
    try {
      this.target.run(mode, (event) => this.#decide(event));
    } finally {
      this.causes.push(...this.watches.afterRun());
      // Some may have come meanwhile.
      if (together) for (const one of this.#family.others(this)) one.#stayBehind();
    }
    return together ? this.#family.others(this) : [];
  }

  /** It runs whenever another process does, and at once if one does now. */
  runAlong(): void {
    if (this.target.ended !== undefined) return;
    this.causes = [];
    this.#together = true;
    this.watches.beforeRun({ kind: 'all' });
    this.target.accompany((event) => this.#decide(event));
  }

  #stayBehind(): void {
    this.target.accompany(undefined);
    this.causes.push(...this.watches.afterRun());
  }

  #decide(event: TargetEvent): Decision {
    const before = this.causes.length;
    this.causes.push(...this.#causesOf(event));
    return this.causes.length > before ? 'stop' : 'resume';
  }

  /** The program stays stopped for these reasons: what was known of it is void. */
  settle(causes: readonly StopCause[]): Stop {
    return this.#family.settle(this, causes);
  }

  /** What was known of the program is void. */
  refresh(): void {
    this.program.refresh();
    if (this.target.ended === undefined) this.#findBreakpoints();
  }

  /** Code has come or gone; after an exec all of it is other code, in which no breakpoint is. */
  #findBreakpoints(): void {
    const { executable } = this.target.modules;
    if (executable === this.#executable) {
      this.breakpoints.findAgain(this);
      return;
    }
    this.#executable = executable;
    this.breakpoints.renew(this);
  }

  /** The program is left or ended: nothing of what watches it stays in it. Idempotent. */
  close(): void {
    if (this.target.ended !== undefined) return;
    this.watches.close();
    this.calls.abandon();
  }

  *#causesOf(event: TargetEvent): Generator<StopCause> {
    const watched = this.watches.causesOf(event);
    if (watched !== undefined) {
      yield* watched;
      return;
    }
    for (const watcher of [...this.#watchers]) {
      const answer = watcher(event);
      if (answer === 'resume') return;
      if (answer !== undefined) {
        yield answer;
        return;
      }
    }
    switch (event.kind) {
      case 'trap':
        yield* this.traps.hit(event.thread, event.address);
        break;
      case 'own-trap':
        yield { kind: 'own-trap', thread: event.thread.id, address: event.address };
        break;
      case 'step':
        yield { kind: 'step', thread: event.thread.id };
        break;
      case 'exec':
        this.traps.forgetAll();
        this.watches.forgetAll();
        yield { kind: 'exec', thread: event.thread.id };
        break;
      case 'interrupt':
        yield { kind: 'interrupt' };
        break;
      case 'ended':
        // Others go on, and may stop before this one's end is of interest.
        if (this.#together && this.#family.survives(this)) this.#family.tellEnd(this, event.end);
        else yield { kind: 'ended', end: event.end };
        break;
      case 'watch':
      case 'signal':
      case 'fork':
        // Signals are the program's own business: Go turns its faults into panics.
        break;
      default:
        assertUnreachable(event);
    }
  }
}
