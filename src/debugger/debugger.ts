import { assertUnreachable } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import type { LiveTarget, RunMode, TargetEvent } from '../target/index.ts';
import { BreakpointList } from './breakpoints/breakpoint-list.ts';
import { InjectedCalls } from './calls/injected-calls.ts';
import type { Stop, StopCause } from './stop.ts';
import { TrapSites } from './trap-sites.ts';
import { Watches } from './watch/watches.ts';

/** Looks at an event before everybody else does: a step that waits for its own. Undefined: not mine. */
export type EventWatcher = (event: TargetEvent) => StopCause | 'resume' | undefined;

/** A live program under control: what is to stop it, and the runs from one stop to the next. */
export class Debugger {
  readonly target: LiveTarget;
  readonly program: Program;
  readonly traps: TrapSites;
  readonly watches: Watches;
  readonly breakpoints: BreakpointList;
  readonly calls: InjectedCalls;
  readonly #watchers: EventWatcher[] = [];
  #executable: unknown;

  /** `breakpoints` of the process before, after a restart; `moveTo` brings them here. */
  constructor(target: LiveTarget, program: Program, breakpoints?: BreakpointList) {
    this.target = target;
    this.program = program;
    this.#executable = target.modules.executable;
    this.traps = new TrapSites(target);
    this.watches = new Watches(this);
    this.calls = new InjectedCalls(this);
    this.breakpoints = breakpoints ?? new BreakpointList(this);
  }

  /** The breakpoints of the process before are for this one from now on. */
  armBreakpoints(): void {
    this.breakpoints.moveTo(this);
  }

  /** Adds a watcher of events; gives how to take it away. The latest is asked first. */
  watchEvents(watcher: EventWatcher): () => void {
    this.#watchers.unshift(watcher);
    return () => {
      const index = this.#watchers.indexOf(watcher);
      if (index >= 0) this.#watchers.splice(index, 1);
    };
  }

  /** Runs the program until somebody wants it stopped. */
  resume(mode: RunMode = { kind: 'all' }): Stop {
    return this.settle(this.run(mode));
  }

  /** One of the runs that make up a whole (a step is many): `settle` closes the last. */
  run(mode: RunMode): StopCause[] {
    this.breakpoints.armStanding();
    for (;;) {
      const causes = this.#run(mode);
      if (this.calls.afterRun(causes) === 'stop') return causes;
      if (mode.kind === 'step') return [{ kind: 'step', thread: mode.thread }];
    }
  }

  #run(mode: RunMode): StopCause[] {
    const causes: StopCause[] = [];
    this.watches.beforeRun(mode);
    try {
      this.target.run(mode, (event) => {
        const before = causes.length;
        causes.push(...this.#causesOf(event));
        return causes.length > before ? 'stop' : 'resume';
      });
    } finally {
      causes.push(...this.watches.afterRun());
    }
    return causes;
  }

  /** The program stays stopped for these reasons: what was known of it is void. */
  settle(causes: StopCause[]): Stop {
    this.program.refresh();
    if (this.target.ended === undefined) this.#findBreakpoints();
    if (causes.length === 0) causes.push({ kind: 'interrupt' });
    const [first] = causes;
    const thread =
      first !== undefined && 'thread' in first ? first.thread : this.target.process.currentThread;
    return { causes, thread };
  }

  /** Code has come or gone; after an exec all of it is other code, in which no breakpoint is. */
  #findBreakpoints(): void {
    const { executable } = this.target.modules;
    if (executable === this.#executable) {
      this.breakpoints.findAgain();
      return;
    }
    this.#executable = executable;
    this.armBreakpoints();
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
        yield { kind: 'ended', end: event.end };
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
