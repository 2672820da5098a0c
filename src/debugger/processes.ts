import type { ThreadId } from '../base/index.ts';
import { openProgram } from '../golang/index.ts';
import type { LiveTarget, ProcessEnd } from '../target/index.ts';
import { BreakpointList } from './breakpoints/breakpoint-list.ts';
import { Debugger } from './debugger.ts';
import type { Stop, StopCause } from './stop.ts';
import { threadToShow } from './thread-to-show.ts';

/** Which children are followed when they run programs of their own. */
export interface FollowRule {
  /** Only those whose command line it matches. */
  readonly pattern: RegExp | undefined;
}

/** What happens to the processes of a session while they run. */
export type ProcessNews =
  | { readonly kind: 'begun'; readonly pid: number; readonly commandLine: string }
  | { readonly kind: 'ended'; readonly pid: number; readonly end: ProcessEnd };

/**
 * The processes of a session: the program, and those of its children that are followed. They run and stop together; one
 * of them is selected, and commands are about that one.
 */
export class Processes {
  readonly breakpoints = new BreakpointList();
  /** Told while processes run. */
  onNews: ((news: ProcessNews) => void) | undefined;
  #all: Debugger[];
  #selected: Debugger;
  #follow: FollowRule | undefined;

  constructor(target: LiveTarget) {
    this.#selected = new Debugger(target, openProgram(target), this);
    this.#all = [this.#selected];
    this.breakpoints.moveTo(this.#selected);
  }

  get selected(): Debugger {
    return this.#selected;
  }

  /** In the order in which they came. */
  get all(): readonly Debugger[] {
    return this.#all;
  }

  select(one: Debugger): void {
    this.#selected = one;
    this.breakpoints.select(one);
  }

  get follow(): FollowRule | undefined {
    return this.#follow;
  }

  /** Undefined: children run on without us, those that are followed already excepted. */
  set follow(rule: FollowRule | undefined) {
    this.#follow = rule;
    for (const { target } of this.#all) this.#setRules(target);
  }

  /** The program was started anew; its processes of before have ended. Breakpoints stay. */
  restart(target: LiveTarget): void {
    this.#selected = new Debugger(target, openProgram(target), this);
    this.#all = [this.#selected];
    this.#setRules(target);
    this.breakpoints.moveTo(this.#selected);
  }

  /**
   * Ends them all, or lets go of them: those that the session started end unless they are to be left. Gives what those
   * that are left have to live with. Idempotent.
   */
  close(leave: boolean): readonly string[] {
    const stays = ({ target }: Debugger): boolean => target.ended === undefined && (leave || !target.started);
    const warnings = this.#all.filter(stays).flatMap((one) => leftInCall(one));
    for (const one of this.#all) one.close();
    for (const { target } of this.#all) {
      if (target.started && !leave) target.kill();
      else target.detach();
    }
    return warnings;
  }

  others(one: Debugger): readonly Debugger[] {
    return this.#all.filter((other) => other !== one);
  }

  /** Whether the session goes on without one, which has ended. */
  survives(one: Debugger): boolean {
    return this.others(one).some(({ target }) => target.ended === undefined);
  }

  /** One has ended while others run on. */
  tellEnd({ target }: Debugger, end: ProcessEnd): void {
    this.onNews?.({ kind: 'ended', pid: target.process.pid ?? 0, end });
  }

  /**
   * All have stopped: one that has reason to becomes the selected one, the one that ran the others (`main`) first. Those
   * that have ended are no longer among them.
   */
  settle(main: Debugger, causes: readonly StopCause[]): Stop {
    for (const one of this.#all) one.refresh();
    const causesOf = (one: Debugger): StopCause[] =>
      (one === main ? causes : one.causes).filter(({ kind }) => kind !== 'elsewhere');
    const isOver = main.target.ended !== undefined && this.survives(main);
    const chosen = isOver || causesOf(main).length === 0 ? this.#next(main) : main;
    const others = this.others(chosen).flatMap((one) => {
      const own = causesOf(one).filter(({ kind }) => kind !== 'interrupt');
      return own.length === 0 ? [] : [{ pid: one.target.process.pid ?? 0, causes: own }];
    });
    this.#leaveEnded(chosen);
    const own = causesOf(chosen);
    if (own.length === 0) own.push({ kind: others.length > 0 ? 'elsewhere' : 'interrupt' });
    const [first] = own;
    const thread = first !== undefined && 'thread' in first ? first.thread : shownThreadOf(chosen);
    return { causes: own, thread, others };
  }

  /** Instead of one that has ended, or has no reason to stop. */
  #next(main: Debugger): Debugger {
    const isAlive = ({ target }: Debugger): boolean => target.ended === undefined;
    const others = this.others(main);
    const stopped = others.filter((one) => one.causes.length > 0);
    if (isAlive(main)) return stopped.find(isAlive) ?? main;
    return stopped.find(isAlive) ?? others.find(isAlive) ?? stopped[0] ?? main;
  }

  #leaveEnded(chosen: Debugger): void {
    for (const one of this.#all) {
      if (one !== chosen && one.target.ended !== undefined) this.breakpoints.removeHost(one);
    }
    this.#all = this.#all.filter((one) => one === chosen || one.target.ended === undefined);
    if (this.#selected !== chosen) this.select(chosen);
  }

  #setRules(target: LiveTarget): void {
    const rule = this.#follow;
    target.children = rule && {
      wants: (commandLine) => rule.pattern?.test(commandLine) !== false,
      begun: (child) => this.#begun(child),
    };
  }

  #begun(target: LiveTarget): void {
    const one = new Debugger(target, openProgram(target), this);
    this.#all.push(one);
    this.breakpoints.addHost(one);
    const { pid, commandLine } = target.process;
    this.onNews?.({ kind: 'begun', pid: pid ?? 0, commandLine: commandLine ?? '' });
    one.runAlong();
  }
}

function leftInCall({ target, calls: { inFlight } }: Debugger): string[] {
  if (inFlight === undefined) return [];
  return [
    `goroutine ${inFlight.id} of process ${target.process.pid} is left in the middle of a call, which goes on without us: ` +
      'no more functions can be called in that process',
  ];
}

const shownThreadOf = ({ target, program }: Debugger): ThreadId =>
  target.ended === undefined
    ? threadToShow(program, target.process.currentThread)
    : target.process.currentThread;
