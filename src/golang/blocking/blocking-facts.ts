import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { BlockedOn } from '../goroutine.ts';
import type { Moment } from '../goroutines/clock.ts';
import { GoroutineFields } from '../goroutines/goroutine-fields.ts';
import type { GoroutineList } from '../goroutines/goroutine-list.ts';
import type { GoroutineRecord } from '../goroutines/goroutine-record.ts';
import type { Machines } from '../machines.ts';
import { MutexLayout, RWMutex, Timer, WaitGroup } from '../runtime-facts/structs.ts';
import type { Cursor } from '../stack/cursor.ts';
import type { FrameVisitor } from '../stack/walker.ts';
import { Channels } from './channels.ts';
import { Conditions } from './conditions.ts';
import { pollWait } from './poll.ts';
import { readSemaphores, type Semaphore, semaphoresOnStacks } from './semaphores.ts';
import { systemCallName } from './system-calls.ts';
import { currentSystemCall, interruptedSystemCall } from './thread-system-call.ts';

type SemaphoreOwner = Extract<BlockedOn, { kind: 'semaphore' }>['owner'];

/** By the runtime's wait reason (go1.20 gave the first four their own; before, all were "semacquire"). */
const OWNER_BY_REASON: ReadonlyMap<string, SemaphoreOwner> = new Map([
  ['sync.Mutex.Lock', 'mutex'],
  ['sync.RWMutex.RLock', 'rwmutex-read'],
  ['sync.RWMutex.Lock', 'rwmutex-write'],
  ['sync.WaitGroup.Wait', 'waitgroup'],
]);

/** By the function that called the semaphore, for go1.19. */
const OWNER_BY_FUNCTION: ReadonlyMap<string, SemaphoreOwner> = new Map([
  ['sync.(*Mutex).lockSlow', 'mutex'],
  ['sync.(*Mutex).Lock', 'mutex'],
  ['sync.(*RWMutex).RLock', 'rwmutex-read'],
  ['sync.(*RWMutex).Lock', 'rwmutex-write'],
  ['sync.(*WaitGroup).Wait', 'waitgroup'],
]);
const SEMACQUIRE = 'semacquire';
const OWNER_DEPTH = 8;
/** A damaged program may have more than any Go has. */
const MOST_REASONS = 256;
const SIGNAL_DEPTH = 100;

/** There are some forty reasons, and every goroutine of a list has one. */
const plainReasons = new Map<string, string>();

/** testing/synctest marks waits inside a bubble (go1.25). */
function withoutBubble(reason: string | undefined): string | undefined {
  if (reason === undefined) return undefined;
  let plain = plainReasons.get(reason);
  if (plain === undefined) {
    plain = reason.replace(' (durable)', '');
    if (plainReasons.size < MOST_REASONS) plainReasons.set(reason, plain);
  }
  return plain;
}

/** What is needed of the program. */
export interface BlockingHost {
  readonly fields: GoroutineFields;
  readonly list: GoroutineList;
  readonly machines: Machines;
  readonly now: Moment | undefined;
  typeName(runtimeType: RuntimeAddress): string | undefined;
  visitStack(g: RuntimeAddress, each: FrameVisitor): void;
}

/** What goroutines wait for. Tables that serve all of them are read when the first one asks. */
export class BlockingFacts {
  readonly #host: BlockingHost;
  readonly #channels: Channels;
  readonly #conditions: Conditions;
  #semaphores: ReadonlyMap<number, Semaphore> | undefined;

  constructor(host: BlockingHost) {
    this.#host = host;
    this.#channels = new Channels(host.fields.runtime, (type) => host.typeName(type));
    this.#conditions = new Conditions(host.fields);
  }

  of(goroutine: GoroutineRecord): BlockedOn | undefined {
    if (goroutine.state === '_Gsyscall') return this.#systemCall(goroutine);
    const reason = withoutBubble(goroutine.waitReason);
    switch (reason) {
      case 'chan receive':
        return this.#channel(goroutine, 'receive');
      case 'chan send':
        return this.#channel(goroutine, 'send');
      case 'chan receive (nil chan)':
        return { kind: 'channel', operation: 'receive', channel: this.#channels.at(0) };
      case 'chan send (nil chan)':
        return { kind: 'channel', operation: 'send', channel: this.#channels.at(0) };
      case 'select':
        return { kind: 'select', cases: this.#channels.cases(goroutine.waiting) };
      case 'select (no cases)':
        return { kind: 'select', cases: [] };
      case 'sleep':
        return this.#sleep(goroutine);
      case 'IO wait':
        return pollWait(this.#host.fields, goroutine.address);
      case 'sync.Cond.Wait':
        return this.#conditions.of(goroutine.address);
      case SEMACQUIRE:
        return this.#semaphore(goroutine, this.#ownerOnStack(goroutine));
    }
    const owner = reason === undefined ? undefined : OWNER_BY_REASON.get(reason);
    return owner === undefined ? undefined : this.#semaphore(goroutine, owner);
  }

  #channel({ waiting }: GoroutineRecord, operation: 'send' | 'receive'): BlockedOn {
    return { kind: 'channel', operation, channel: this.#channels.firstOf(waiting) };
  }

  #sleep({ address, sleepWhen }: GoroutineRecord): BlockedOn | undefined {
    const { now } = this.#host;
    const until = sleepWhen === 0 ? this.#timerOf(address) : sleepWhen;
    if (until === 0) return undefined;
    const remaining = now === undefined ? undefined : until - now.time;
    return { kind: 'sleep', until, remaining, atMost: now?.exact !== true };
  }

  /** When the goroutine's timer is due, or 0. */
  #timerOf(g: number): number {
    const { fields } = this.#host;
    const layout = fields.runtime.layouts.tryOf(Timer);
    const timer = fields.word(g, fields.layout.timer);
    return timer === 0 || layout === undefined ? 0 : fields.word(timer, layout.when);
  }

  #semaphore(goroutine: GoroutineRecord, owner: SemaphoreOwner): BlockedOn | undefined {
    const { fields } = this.#host;
    this.#semaphores ??=
      readSemaphores(fields.runtime) ?? semaphoresOnStacks(fields, this.#waitingOnSemaphores());
    const semaphore =
      this.#semaphores.get(goroutine.address) ??
      semaphoresOnStacks(fields, [goroutine.address]).get(goroutine.address);
    if (semaphore === undefined) return undefined;
    const offset = this.#semaphoreOffset(owner);
    return {
      kind: 'semaphore',
      owner: offset === undefined ? 'semaphore' : owner,
      address: runtimeAddress(semaphore.address - (offset ?? 0)),
      waiting: semaphore.waiting,
      get waiters() {
        return semaphore.waiters;
      },
    };
  }

  *#waitingOnSemaphores(): Generator<number> {
    const { fields, list } = this.#host;
    for (const slice of list.slices())
      for (let i = 0; i < slice.length; i++) {
        if (GoroutineFields.state(slice.statuses[i]!) !== '_Gwaiting') continue;
        const reason = withoutBubble(fields.waitReasons.text(slice.waitReasons[i]!));
        if (reason === SEMACQUIRE || OWNER_BY_REASON.has(reason ?? '')) yield slice.addresses[i]!;
      }
  }

  /** Where the semaphore word is in the struct that owns it; undefined: that struct's layout is not known. */
  #semaphoreOffset(owner: SemaphoreOwner): number | undefined {
    const { layouts } = this.#host.fields.runtime;
    switch (owner) {
      case 'mutex':
        return layouts.tryOf(MutexLayout)?.semaphore;
      case 'rwmutex-read':
        return layouts.tryOf(RWMutex)?.readerSemaphore;
      case 'rwmutex-write':
        return layouts.tryOf(RWMutex)?.writerSemaphore;
      case 'waitgroup':
        return layouts.tryOf(WaitGroup)?.semaphore;
      default:
        return undefined;
    }
  }

  #ownerOnStack(goroutine: GoroutineRecord): SemaphoreOwner {
    let owner: SemaphoreOwner | undefined;
    let count = 0;
    this.#host.visitStack(goroutine.address, (_, point) => {
      for (const level of point.levels) owner ??= OWNER_BY_FUNCTION.get(level.function ?? '');
      return owner === undefined && ++count < OWNER_DEPTH;
    });
    return owner ?? 'semaphore';
  }

  #systemCall(goroutine: GoroutineRecord): BlockedOn {
    const { arch, memory } = this.#host.fields.runtime.target;
    const machine = this.#host.machines.running(goroutine.address);
    const thread = machine && this.#host.machines.threadOf(machine);
    // While a signal is handled, what the goroutine did before is in the handler's frame.
    let interrupted: Cursor | undefined;
    let count = 0;
    this.#host.visitStack(goroutine.address, (cursor) => {
      if (cursor.arrivedBy === 'signal' && cursor.registers !== undefined) interrupted = cursor;
      return ++count < SIGNAL_DEPTH;
    });
    const number =
      interrupted !== undefined
        ? interruptedSystemCall(interrupted, memory, arch.name)
        : thread && currentSystemCall(thread, arch.name);
    return {
      kind: 'syscall',
      number,
      name: number === undefined ? undefined : systemCallName(arch.name, number),
    };
  }
}
