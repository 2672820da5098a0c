import { MattockError, type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import { sourceOf } from '../../expr/access.ts';
import { functionNamed } from '../../expr/functions.ts';
import type { CallAnswer, Value } from '../../expr/index.ts';
import type { Goroutine, Program } from '../../golang/index.ts';
import { functionName } from '../../golang/values/functions.ts';
import type { LiveTarget, LiveThread, TargetEvent } from '../../target/index.ts';
import type { StopCause } from '../stop.ts';
import type { CallOrder, CallWork } from './call-order.ts';
import { Injection, isAnswer } from './injection.ts';
import { restoreLate } from './late-restore.ts';
import { answersSilenced, silenceAnswers } from './silence.ts';

/** As much of the debugger as calls need. */
export interface CallHost {
  readonly target: LiveTarget;
  readonly program: Program;
  watchEvents(watcher: (event: TargetEvent) => StopCause | 'resume' | undefined): () => void;
}

/** A function that was called has panicked; its value can be looked at while the work goes on. */
export class CalledPanic extends UserError {
  readonly value: Value;

  constructor(name: string, value: Value) {
    super(`${name} panicked`);
    this.value = value;
  }
}

/** The runtime lets nobody make a call where the goroutine is. */
export class RefusedCall extends UserError {}

/** Values that calls gave are kept here, so that the garbage collector sees them: debugCallV2's caller is scanned. */
const KEEPER_SIZE = 8192;
/** Of runtime.debugCallV2. */
const LONGEST_CODE = 4096;

interface Flight {
  readonly goroutine: Goroutine;
  /** On which the call is, as far as it has told. */
  thread: LiveThread;
  readonly work: CallWork<unknown>;
  /** The frame on which values are kept, and from which the calls are made. */
  readonly keeper: Injection;
  /** Bytes of it that are used. */
  kept: number;
  /** Its lowest address; known when it is there. */
  keeperSp: number;
  call: { readonly injection: Injection; readonly order: CallOrder } | undefined;
  result: unknown;
  problem: MattockError | undefined;
  readonly unwatch: () => void;
}

/** Calls functions of the program on one of its goroutines. One command at a time; it may take many runs. */
export class InjectedCalls {
  readonly #host: CallHost;
  #flight: Flight | undefined;
  /** The thread whose answer is to be dealt with. */
  #answered: LiveThread | undefined;

  constructor(host: CallHost) {
    this.#host = host;
  }

  /** The goroutine that is in the middle of a call. */
  get inFlight(): Goroutine | undefined {
    return this.#flight?.goroutine;
  }

  /** Begins work on a goroutine; it goes on as the program runs, and ends with a cause of kind `call`. */
  begin(goroutine: Goroutine | undefined, work: CallWork<unknown>): void {
    const { target, program } = this.#host;
    const { goroutine: who, thread } = this.#place(goroutine);
    const entry = this.#entry();
    const frameSize = KEEPER_SIZE;
    const keeper = new Injection(target, program, thread, { entry, frameSize });
    const unwatch = this.#host.watchEvents((event) => this.#watch(event));
    this.#flight = {
      goroutine: who,
      thread,
      work,
      keeper,
      kept: 0,
      keeperSp: 0,
      call: undefined,
      result: undefined,
      problem: undefined,
      unwatch,
    };
  }

  /** After a run. `again`: it was interrupted for us alone, and is to go on. */
  afterRun(causes: StopCause[]): 'again' | 'stop' {
    const flight = this.#flight;
    if (flight === undefined) return 'stop';
    const { target } = this.#host;
    if (target.ended !== undefined || causes.some(({ kind }) => kind === 'exec')) {
      this.#drop();
      return 'stop';
    }
    const thread = this.#answered;
    if (thread === undefined) return 'stop';
    this.#answered = undefined;
    flight.thread = target.thread(thread.id) ?? thread;
    const ended = this.#accept(flight);
    if (ended !== undefined) causes.push(ended);
    return causes.length === 0 ? 'again' : 'stop';
  }

  /** The program is left in the middle of a call: the answers that nobody waits for any more become nothing. */
  abandon(): void {
    const { target, program } = this.#host;
    const flight = this.#flight;
    if (flight === undefined || target.ended !== undefined) return;
    this.#restoreLate(flight);
    silenceAnswers(target, program);
    this.#drop();
  }

  /** Where that cannot be, the program goes on with the vector registers and flags that the call leaves. */
  #restoreLate({ keeper }: Flight): void {
    const { target } = this.#host;
    try {
      restoreLate(target, this.#entry(), LONGEST_CODE, keeper.saved);
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
    }
  }

  #drop(): void {
    this.#flight?.unwatch();
    this.#flight = undefined;
    this.#answered = undefined;
  }

  #watch(event: TargetEvent): 'resume' | undefined {
    const flight = this.#flight;
    if (flight === undefined || event.kind !== 'own-trap') return undefined;
    // Nobody else makes such calls: whichever thread answers, it is to us. Up to Go 1.20 it may be another each time.
    if (!isAnswer(this.#host.program, event.address)) return undefined;
    this.#answered = event.thread;
    this.#host.target.requestStop();
    return 'resume';
  }

  /** Everything is stopped, the thread behind the int3 of an answer. */
  #accept(flight: Flight): StopCause | undefined {
    const { call, keeper } = flight;
    const injection = call?.injection ?? keeper;
    const what = injection.accept(flight.thread);
    if (call !== undefined && injection.outcome?.kind === 'returned' && what === 'go-on') {
      this.#keep(flight, injection.outcome.values);
    }
    if (what === 'go-on') return undefined;
    if (what === 'ready') {
      this.#work(flight, () => flight.work.next());
      return undefined;
    }
    if (!injection.leave()) {
      this.#drop();
      return undefined;
    }
    if (call !== undefined) {
      flight.call = undefined;
      this.#work(flight, () => this.#answer(flight, call));
      return undefined;
    }
    return this.#finish(flight);
  }

  /** Lets the work go on, and makes the call that it asks for next. */
  #work(flight: Flight, advance: () => IteratorResult<CallOrder, unknown>): void {
    const { target, program } = this.#host;
    // A stack may move whenever its goroutine runs.
    flight.keeperSp = flight.thread.registers.get(target.arch.dwarf.sp)!;
    try {
      const step = advance();
      if (step.done) {
        flight.result = step.value;
        return;
      }
      const order = step.value;
      const { frameSize } = order;
      const injection = new Injection(target, program, flight.thread, {
        entry: this.#entry(),
        order,
        frameSize,
      });
      flight.call = { injection, order };
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      flight.problem = error;
    }
  }

  #answer(
    { work }: Flight,
    { injection, order }: NonNullable<Flight['call']>,
  ): IteratorResult<CallOrder, unknown> {
    const { outcome } = injection;
    switch (outcome?.kind) {
      case 'returned':
        return work.next(outcome.values);
      case 'panicked':
        return work.throw(new CalledPanic(order.name, outcome.value));
      case 'refused':
        return work.throw(refusal(outcome.reason));
      default:
        return work.throw(new UserError(`${order.name} did not return: its goroutine has ended`));
    }
  }

  #keep(flight: Flight, values: CallAnswer): void {
    const { target, program } = this.#host;
    for (const { value } of values) {
      const bytes = sourceOf(program, value).bytes(0, value.type.size);
      const size = Math.ceil(bytes.length / 8) * 8;
      // What does not fit has no room; large results have few pointers that nobody else has.
      if (flight.kept + size > KEEPER_SIZE || bytes.length === 0) continue;
      target.memory.write(runtimeAddress(flight.keeperSp + flight.kept), bytes);
      flight.kept += size;
    }
  }

  #finish(flight: Flight): StopCause {
    this.#drop();
    const { outcome } = flight.keeper;
    const refused = outcome?.kind === 'refused' ? refusal(outcome.reason) : undefined;
    this.#host.target.passTrap(flight.thread.id);
    return {
      kind: 'call',
      thread: flight.thread.id,
      call: { goroutine: flight.goroutine.id, result: flight.result, problem: refused ?? flight.problem },
    };
  }

  #entry(): RuntimeAddress {
    const found = functionNamed(this.#host.program, ['runtime.debugCallV2']);
    if (found?.storage.kind !== 'function' || found.storage.entry === 0) {
      throw new UserError('the program has no runtime.debugCallV2: functions cannot be called in it');
    }
    if (answersSilenced(this.#host.target, found.storage.entry)) {
      throw new UserError(
        'a debugger has left the program in the middle of a call: no more functions can be called in it',
        'start the program anew',
      );
    }
    return found.storage.entry;
  }

  /** The thread that runs the goroutine, where it may be interrupted by a call. Throws a UserError: why not, and what helps. */
  #place(goroutine: Goroutine | undefined): { readonly goroutine: Goroutine; readonly thread: LiveThread } {
    const { target, program } = this.#host;
    if (target.arch.name !== 'amd64') throw new UserError('functions can only be called on amd64');
    if (this.#flight !== undefined) {
      throw new UserError(
        `goroutine ${this.#flight.goroutine.id} is in the middle of a call`,
        '`continue` until it has returned',
      );
    }
    if (goroutine === undefined)
      throw new UserError('no goroutine is selected: a call is made by one', '`goroutine <n>` selects one');
    const thread = target.threads.find((one) => program.goidOn(one) === goroutine.id);
    if (thread === undefined || goroutine.state !== '_Grunning') {
      throw new UserError(
        `goroutine ${goroutine.id} does not run now (${goroutine.waitReason ?? goroutine.state}): a call can only be made by one that does`,
        'set a breakpoint in its code and call from there',
      );
    }
    // Nobody can know what it holds: a function that waits for that stops the program, or the runtime ends it.
    if (goroutine.system)
      throw new UserError(
        `goroutine ${goroutine.id} is the runtime's own: no function can be called on it`,
        '`goroutines -with user` lists those of the program',
      );
    const { pc, sp } = target.arch.dwarf;
    const here = runtimeAddress(thread.registers.get(pc)!);
    const name = functionName(program, here);
    if (name === undefined || name.startsWith('runtime.') || this.#inSystemCall(here)) {
      throw new UserError(
        `goroutine ${goroutine.id} is in ${name ?? 'code that is not Go'}, where no function can be called`,
        '`stepout` until it is in the code of the program',
      );
    }
    if (!Injection.fits(thread.registers.get(sp)!, goroutine.stack)) {
      throw new UserError(
        `goroutine ${goroutine.id} has no room on its stack for a call here`,
        '`next` or `stepout`, and try again',
      );
    }
    return { goroutine, thread };
  }

  #inSystemCall(pc: RuntimeAddress): boolean {
    const { memory, arch } = this.#host.target;
    const { instruction } = arch.linux;
    const before = memory.tryRead(runtimeAddress(pc - instruction.length), instruction.length);
    return before !== undefined && instruction.every((byte, i) => before[i] === byte);
  }
}

/** runtime/debugcall.go, debugCallCheck. */
function refusal(reason: string): RefusedCall {
  const remedy: Readonly<Record<string, string>> = {
    'call not at safe point':
      '`next` to a line of the program, or `step-instruction` a few times, and try again',
    'call from within the Go runtime': '`stepout` until it is in the code of the program',
    'executing on Go runtime stack': '`stepout` until it is in the code of the program',
  };
  return new RefusedCall(
    `no function can be called here: ${reason}`,
    remedy[reason] ?? '`next`, and try again',
  );
}
