import { type Goid, runtimeAddress, type ThreadId, UserError } from '../../base/index.ts';
import type { LiveThread } from '../../target/index.ts';
import type { Debugger } from '../debugger.ts';
import type { Stop, StopCause } from '../stop.ts';
import { CallPlan } from '../tracing/call-plan.ts';
import { Exits } from './exits.ts';
import { CodeOf, type FunctionCode } from './function-code.ts';
import { Instructions } from './instructions.ts';
import { KeptStops, type StepKind } from './kept-stops.ts';
import { type Finish, LineStep } from './line-step.ts';
import { Subject } from './subject.ts';
import { INTERRUPTED, Walk } from './walk.ts';

type StepEnd = Extract<StopCause, { kind: 'step' }>;

/** Who is stepped: a goroutine, or a thread that runs none. */
export interface Steppable {
  readonly goroutine: Goid | undefined;
  readonly thread: ThreadId | undefined;
}

/** Steps of one program. What is made out of its code is kept from one to the next. */
export class Stepping {
  readonly #control: Debugger;
  readonly #code: CodeOf;
  readonly #instructions: Instructions;
  readonly #stops = new KeptStops();
  /** Where functions that have returned had their results; null: it is not known. */
  readonly #plans = new WeakMap<FunctionCode, CallPlan | null>();
  #exits: Exits;
  #executable: unknown;

  constructor(control: Debugger) {
    this.#control = control;
    this.#code = new CodeOf(control.target.modules);
    this.#instructions = new Instructions(control.target);
    this.#exits = new Exits(this.#code, this.#instructions);
    this.#executable = control.target.modules.executable;
  }

  /** `next`, `step`, `stepout`. */
  line(kind: StepKind, who: Steppable): Stop {
    this.#checkReturns(who);
    const walk = this.#walkOf(who);
    if (!(walk instanceof Walk)) return walk;
    const finish = new LineStep(walk, this.#exits, this.#stops, kind).run();
    return this.#finished(walk, finish);
  }

  /** `step-instruction`; `overCalls`: `next-instruction`. */
  instruction(who: Steppable, overCalls: boolean): Stop {
    const waited = this.#onThread(who) === undefined;
    const walk = this.#walkOf(who);
    if (!(walk instanceof Walk)) return walk;
    // One that waited has gone on, to its next instruction.
    if (waited) return this.#finished(walk, { kind: 'statement' });
    const call = overCalls ? this.#instructions.at(walk.pc) : undefined;
    if (call?.flow !== 'call') {
      return this.#finished(walk, walk.stepOne() ?? { kind: 'statement' });
    }
    return this.#finished(walk, new LineStep(walk, this.#exits, this.#stops, 'over').call(call));
  }

  #finished(walk: Walk, finish: Finish): Stop {
    if (finish === INTERRUPTED) return this.#stop(walk.causes);
    const { goid } = walk.subject;
    const cause = { kind: 'step', thread: walk.thread.id } as const;
    if (finish.kind === 'goroutine-end' && goid !== undefined) return this.#stop([{ ...cause, endOf: goid }]);
    if (finish.kind !== 'returned' || finish.from === undefined) return this.#stop([cause]);
    return this.#stop([{ ...cause, returned: this.#results(walk, finish.from) }]);
  }

  /** Where the function has returned to, its results are where the calling convention puts them. */
  #results(walk: Walk, code: FunctionCode): NonNullable<StepEnd['returned']> {
    const { program, target } = this.#control;
    let plan = this.#plans.get(code);
    if (plan === undefined) {
      plan = CallPlan.of(program, code.entry, []) ?? null;
      this.#plans.set(code, plan);
    }
    return { function: code.name, values: plan?.resultsOf(walk.thread, target.memory, walk.sp) ?? [] };
  }

  #stop(causes: StopCause[]): Stop {
    return this.#control.settle(causes);
  }

  /** Where a program or a thread begins there is no caller at which a step could end: all of the program would run. */
  #checkReturns({ goroutine, thread }: Steppable): void {
    const { target, program } = this.#control;
    if (goroutine !== undefined || thread === undefined || target.ended !== undefined) return;
    if (target.thread(thread) === undefined) return;
    const [, caller] = program.stackOfThread(thread, 2).frames;
    // Above the first function of a program stands what the kernel left for it: argc is no return address.
    if (caller !== undefined && target.modules.at(caller.pc) !== undefined) return;
    const isGo = program.runtime !== undefined;
    throw new UserError(
      isGo && program.goroutineCount() === 0
        ? 'the program has no goroutine yet that could be stepped'
        : `thread ${thread} runs no goroutine, and no function called the one that it is in`,
      `\`break ${isGo ? 'main.main' : 'main'}\` and \`continue\` lead to your own code, \`step-instruction\` goes on from here`,
    );
  }

  /** A goroutine that waits is let run until it goes on. */
  #walkOf({ goroutine, thread }: Steppable): Walk | Stop {
    const { target, program } = this.#control;
    if (target.ended !== undefined) {
      throw new UserError('the program has ended', '`restart` starts it anew');
    }
    if (target.modules.executable !== this.#executable) this.#forget();
    const subject = new Subject(program, goroutine, thread);
    const tools = { code: this.#code, instructions: this.#instructions };
    const on = this.#onThread({ goroutine, thread });
    const first = on ?? target.threads[0];
    if (first === undefined) throw new UserError('the program has no threads');
    const walk = new Walk(this.#control, tools, subject, first);
    if (on !== undefined) return walk;
    if (goroutine === undefined) throw new UserError(`there is no thread ${thread}`, '`threads` lists them');
    const waiting = program.goroutine(goroutine);
    if (waiting === undefined) throw new UserError(`goroutine ${goroutine} has ended`);
    const { pc } = waiting.currentLocation;
    const reached = walk.runUntil([{ address: runtimeAddress(pc), tag: 'there' }]);
    return reached === INTERRUPTED ? this.#stop(walk.causes) : walk;
  }

  #onThread({ goroutine, thread }: Steppable): LiveThread | undefined {
    const { target, program } = this.#control;
    return target.threads.find((one) =>
      goroutine === undefined ? one.id === thread : program.goidOn(one) === goroutine,
    );
  }

  /** Another program runs in the process now. */
  #forget(): void {
    this.#executable = this.#control.target.modules.executable;
    this.#exits = new Exits(this.#code, this.#instructions);
  }
}
