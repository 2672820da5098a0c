import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { MattockError, type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import {
  CalledPanic,
  type CallWork,
  type Debugger,
  Processes,
  prepareCall,
  RefusedCall,
} from '../../debugger/index.ts';
import {
  type Evaluation,
  evaluateWithCalls,
  fixedScope,
  renderSingleLine,
  SHORT_LIMITS,
  show,
} from '../../expr/index.ts';
import { type Goroutine, type Program, systemCallNumber } from '../../golang/index.ts';
import { bodyStart } from '../../image/index.ts';
import type { Kernel, LiveThread } from '../../target/index.ts';
import { isWholeGoTrace } from '../../trace/index.ts';
import { openKernel } from '../linux/open-kernel.ts';
import { attachTarget } from '../live/open-live-target.ts';
import { hasEnded } from './process-life.ts';
import { RunSlice } from './run-slice.ts';

/** How long a goroutine of the program's may take to come to where a function can be called. */
const PATIENCE_MS = 10_000;
/** How long starting it may take, which stops the world, until that goes on without us. */
const START_MS = 5000;
/** Stopping it returns when all is written: before go1.26 nothing else tells that. */
const STOP_MS = 60_000;
/** The last piece is waited for, as long as the program lives: on a busy machine its writer may hardly run. */
const LAST_PIECE_MS = 60_000;
/** Nothing more has come for so long: the tracer has stopped. */
const SETTLED_MS = 300;
const LOOK_EVERY_MS = 20;
/** Functions of the runtime and its tracer, and those of the runtime that goroutines of the program begin with. */
const RUNTIMES = /^runtime[./]/;
const GOROUTINE_STARTS = new Set(['runtime.main', 'runtime.goexit', 'runtime.corostart']);
const MOST_FRAMES = 100;
/** Functions of which any one will do. */
const MOST_PLACES = 4000;
/** The runtime makes no calls for others, and neither do those that it may be in the middle of. */
const NEVER_CALLS = /^(runtime|internal|sync|syscall|reflect|type:|go:|_cgo|unicode|math)\b/;
/** Below the stack pointer, where nothing is: a goroutine's stack is never so full (StackGuard). */
const SCRATCH_BELOW = 256;
const NAME = 'mattock trace';
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Go's own tracer (runtime/trace), started in a program that links it by calls that we make in it. It writes into a file
 * in memory that it shares with us. Between start and stop the program is traced by nobody.
 */
export class GoTracer {
  readonly pid: number;
  readonly #file: number;
  readonly #kernel: Kernel;
  readonly #slice: RunSlice;

  private constructor(pid: number, file: number, kernel: Kernel, slice: RunSlice) {
    this.pid = pid;
    this.#file = file;
    this.#kernel = kernel;
    this.#slice = slice;
  }

  static async start(pid: number): Promise<GoTracer> {
    const slice = new RunSlice();
    const kernel = await openKernel({ work: () => slice.idle() });
    const file = await withProgram(kernel, slice, pid, (stopped) => {
      const { control } = stopped;
      const { start, newFile } = tracerCalls(control.program);
      const first = findPlace(stopped);
      const descriptor = makeFile(control, first.thread);
      const opened = openSync(`/proc/${pid}/fd/${descriptor}`, 'r');
      try {
        // The file is closed by its finalizer when the tracer has let go of it.
        const text = `${start}(${newFile}(${descriptor}, "${NAME}"))`;
        if (!evaluate(stopped, text, START_MS, first))
          throw new UserError('the program does not come to starting its tracer');
      } catch (error) {
        closeSync(opened);
        throw error;
      }
      return opened;
    });
    return new GoTracer(pid, file, kernel, slice);
  }

  /** Bytes that have come so far. */
  get bytes(): number {
    return fstatSync(this.#file).size;
  }

  get ended(): boolean {
    return hasEnded(this.#kernel, this.pid);
  }

  /**
   * Who writes may still be at the last piece when Stop returns. Since go1.26 the end of a trace can be told; before, that
   * nothing more comes.
   */
  async #written(): Promise<Uint8Array> {
    const began = performance.now();
    let size = -1;
    let since = began;
    for (;;) {
      const now = performance.now();
      if (this.bytes !== size) since = now;
      size = this.bytes;
      const bytes = now - since < SETTLED_MS ? undefined : readWhole(this.#file);
      if (bytes !== undefined && (isWholeGoTrace(bytes, NAME) || this.ended || now - began > LAST_PIECE_MS))
        return bytes;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** Stops the tracer and gives what it wrote; of a program that has ended, what it had written then. */
  async stop(): Promise<Uint8Array> {
    try {
      if (this.ended) return readWhole(this.#file);
      await withProgram(this.#kernel, this.#slice, this.pid, (stopped) =>
        evaluate(stopped, tracerCalls(stopped.control.program).stop, STOP_MS),
      );
      return await this.#written();
    } finally {
      closeSync(this.#file);
    }
  }
}

/** A program that is under control for a moment. */
interface Stopped {
  readonly control: Debugger;
  /** It runs for so long at most. */
  begin(milliseconds: number): void;
}

async function withProgram<T>(
  kernel: Kernel,
  slice: RunSlice,
  pid: number,
  action: (stopped: Stopped) => T,
): Promise<T> {
  const { target } = await attachTarget(kernel, pid, () => slice.over);
  const processes = new Processes(target);
  try {
    return action({ control: processes.selected, begin: (milliseconds) => slice.begin(pid, milliseconds) });
  } finally {
    processes.close(true);
  }
}

/** Makes an *os.File of a descriptor. os.NewFile does nothing but call the other where there is one, and is inlined then. */
const FILE_MAKERS = ['os.NewFile', 'os.newFileFromNewFile'];

/** How the tracer is called; the first whose functions there are is taken. */
interface TracerCalls {
  readonly functions: readonly string[];
  readonly start: string;
  readonly stop: string;
}

const MULTIPLEXER = 'runtime/trace.(*traceMultiplexer)';

const CALLS: readonly TracerCalls[] = [
  {
    functions: ['runtime/trace.Start', 'runtime/trace.Stop'],
    start: '"runtime/trace".Start',
    stop: '"runtime/trace".Stop()',
  },
  // Since go1.25 they are methods of this, which Start and Stop do nothing but call: so these are inlined.
  {
    functions: [`${MULTIPLEXER}.subscribeTraceStartWriter`, `${MULTIPLEXER}.unsubscribeTraceStartWriter`],
    start: '"runtime/trace".tracing.subscribeTraceStartWriter',
    stop: '"runtime/trace".tracing.unsubscribeTraceStartWriter()',
  },
];

function tracerCalls({ target }: Program): TracerCalls & { readonly newFile: string } {
  const functions = target.modules.executable?.image?.functions;
  const has = (name: string): boolean => (functions?.byName(name).length ?? 0) > 0;
  const found = CALLS.find(({ functions: names }) => names.every(has));
  const newFile = FILE_MAKERS.find(has);
  if (found !== undefined && newFile !== undefined) return { ...found, newFile };
  throw new UserError(
    "Go's own tracer is not linked into the program",
    'import runtime/trace or net/http/pprof, or leave --engine=runtime out',
  );
}

interface Place {
  readonly goroutine: Goroutine;
  readonly thread: LiveThread;
}

/** Runs the program until a goroutine of its own begins one of its functions, but for those where none can be called. */
function findPlace({ control, begin }: Stopped, refused: ReadonlySet<RuntimeAddress> = new Set()): Place {
  const { traps, program, target } = control;
  const wishes = placesOf(program).flatMap((address) => {
    if (refused.has(address)) return [];
    try {
      return [traps.add(address, (thread) => ({ kind: 'step', thread: thread.id }))];
    } catch (error) {
      if (error instanceof MattockError) return [];
      throw error;
    }
  });
  begin(PATIENCE_MS);
  let place: Place | undefined;
  do {
    const stop = control.resume();
    const reached = stop.causes.find((cause) => cause.kind === 'step');
    if (reached === undefined) break;
    const thread = target.thread(reached.thread);
    const goroutine = program.goroutineOn(reached.thread);
    if (thread === undefined || goroutine === undefined || isRuntimes(program, goroutine)) continue;
    place = { goroutine, thread };
  } while (place === undefined);
  for (const wish of wishes) traps.remove(wish);
  if (place !== undefined) return place;
  throw new UserError(
    'no goroutine of the program came to a place where a function can be called',
    'it does nothing at the moment; inline probes need none',
  );
}

/**
 * Whether the tracer or the runtime is at work on a goroutine, which may hold what the call would wait for: time.now is
 * called by the one that begins a generation of the trace, with the lock that the tracer is stopped under.
 */
const isRuntimes = (program: Program, goroutine: Goroutine): boolean =>
  goroutine.system ||
  program
    .stackOf(goroutine, MOST_FRAMES)
    .frames.some(({ function: name = '' }) => RUNTIMES.test(name) && !GOROUTINE_STARTS.has(name));

/** Behind the prologues of the program's own functions, then of those that it uses. */
function placesOf({ target }: Program): RuntimeAddress[] {
  const { executable } = target.modules;
  const image = executable?.image;
  const functions = image?.functions;
  if (executable === undefined || image === undefined || functions === undefined) return [];
  const own: number[] = [];
  const others: number[] = [];
  for (let index = 0; index < functions.count; index++) {
    const name = functions.name(index);
    if (name.startsWith('main.')) own.push(index);
    else if (!NEVER_CALLS.test(name) && name.includes('.')) others.push(index);
  }
  return [...own, ...others]
    .slice(0, MOST_PLACES)
    .map((index) => executable.toRuntime(bodyStart(image, functions.entry(index))));
}

/** memfd_create(2) in the program; the descriptor. */
function makeFile({ target }: Debugger, thread: LiveThread): number {
  const number = systemCallNumber('memfd_create');
  const { memory, arch } = target;
  const scratch = ((thread.registers.get(arch.dwarf.sp) ?? 0) - SCRATCH_BELOW) as RuntimeAddress;
  const name = new TextEncoder().encode(`${NAME}\0`);
  const before = memory.read(scratch, name.length).slice();
  memory.write(scratch, name);
  try {
    const descriptor = number === undefined ? -1 : target.systemCall(thread.id, number, [scratch, 0]);
    if (descriptor < 0) throw new UserError('the program cannot make a file in memory (memfd_create)');
    return descriptor;
  } finally {
    memory.write(scratch, before);
  }
}

/**
 * Calls what an expression says, where the program lets us. A result that is not nil is an error of the program's. False:
 * the call goes on without us.
 */
function evaluate(
  stopped: Stopped,
  text: string,
  milliseconds: number,
  place: Place = findPlace(stopped),
): boolean {
  const { control, begin } = stopped;
  const { pc } = control.target.arch.dwarf;
  const refused = new Set<RuntimeAddress>();
  for (let at = place; ; at = findPlace(stopped, refused)) {
    const address = runtimeAddress(at.thread.registers.get(pc)!);
    begin(milliseconds);
    control.calls.begin(at.goroutine, work(control, at, text));
    const stop = control.resume();
    const own = stop.causes.find((cause) => cause.kind === 'call');
    if (own === undefined) return false;
    if (own.call.problem === undefined) return true;
    if (!(own.call.problem instanceof RefusedCall) || refused.has(address)) throw own.call.problem;
    refused.add(address);
  }
}

function* work({ program, target }: Debugger, { goroutine, thread }: Place, text: string): CallWork<void> {
  const frame = program.stackOf(goroutine, 1).frames[0];
  const scope = fixedScope({ program, goroutine, thread: thread.id, frame });
  const steps = evaluateWithCalls(scope, text);
  let step = steps.next();
  while (!step.done) {
    const order = yield* prepareCall({ program, target, stack: undefined }, step.value);
    try {
      step = steps.next(yield order);
    } catch (error) {
      if (error instanceof CalledPanic) throw new UserError(`${order.name} panicked in the program`);
      throw error;
    }
  }
  const failure = failureOf(program, step.value);
  if (failure !== undefined) throw new UserError(`the program's tracer: ${failure}`);
}

function failureOf(program: Program, evaluation: Evaluation): string | undefined {
  const values = 'results' in evaluation ? evaluation.results.map(({ value }) => value) : [evaluation.value];
  const texts = values.map((value) => renderSingleLine(show(program, value, SHORT_LIMITS)));
  return texts.find((text) => !/\bnil$/.test(text));
}

function readWhole(file: number): Uint8Array {
  const { size } = fstatSync(file);
  if (size > MOST_BYTES) throw new UserError('the trace is larger than 2 GiB', 'trace for a shorter time');
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const read = readSync(file, bytes, length, size - length, length);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}
