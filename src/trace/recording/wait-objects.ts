import { type SchedulerFacts, systemCallNumber } from '../../golang/index.ts';
import type { SelectCase, WaitObject } from '../wait-object.ts';
import type { Clock } from './clock.ts';

/** What a record says of a goroutine that parks. */
export interface Parked {
  readonly reason: string;
  /** gopark's lock. */
  readonly lock: number;
  readonly detail: number;
  readonly detail2: number;
  /** Channels of a select, bit 0 set for a send. */
  readonly cases: readonly number[];
  /** The semaphore that it asked for last. */
  readonly semaphore: number;
  /** Names of the functions on its stack, leaf first. */
  functions(): Iterable<string>;
}

type SemaphoreKind = 'mutex' | 'rwmutex-read' | 'rwmutex-write' | 'waitgroup' | 'semaphore';

/** By the runtime's words; before go1.20 all were "semacquire", as a WaitGroup's until go1.24. */
const SEMAPHORES: ReadonlyMap<string, SemaphoreKind> = new Map([
  ['sync.Mutex.Lock', 'mutex'],
  ['sync.RWMutex.RLock', 'rwmutex-read'],
  ['sync.RWMutex.Lock', 'rwmutex-write'],
  ['sync.WaitGroup.Wait', 'waitgroup'],
  ['semacquire', 'semaphore'],
]);
const SEMAPHORES_BY_FUNCTION: readonly (readonly [RegExp, SemaphoreKind])[] = [
  [/^(internal\/)?sync\.\(\*Mutex\)\.(lockSlow|Lock)$/, 'mutex'],
  [/^sync\.\(\*RWMutex\)\.RLock$/, 'rwmutex-read'],
  [/^sync\.\(\*RWMutex\)\.Lock$/, 'rwmutex-write'],
  [/^sync\.\(\*WaitGroup\)\.Wait$/, 'waitgroup'],
];
const OWNER_DEPTH = 8;
const READING = /\.(waitRead|Read\w*|Accept|Pread|RawRead)$/;
const WRITING = /\.(waitWrite|Write\w*|Pwrite|RawWrite|SendFile|Connect|WaitWrite)$/;
const IO_DEPTH = 8;
/** syscall.read, golang.org/x/sys/unix.EpollWait, internal/syscall/unix.… */
const SYSCALL_FUNCTION = /(?:^|\/)(?:syscall|unix)\.(\w+)$/;
const SYSCALL_PLUMBING = /^(?:Raw)?Syscall|^runtime_|^(?:rawS|s)yscall/;
const SYSCALL_DEPTH = 6;

/** Makes what a goroutine waits for out of what the probe could see of it. */
export class WaitObjects {
  readonly #facts: SchedulerFacts;
  readonly #clock: Clock;

  constructor(facts: SchedulerFacts, clock: Clock) {
    this.#facts = facts;
    this.#clock = clock;
  }

  of(parked: Parked): WaitObject | undefined {
    const { lock, detail, detail2, cases } = parked;
    // Marked so inside a bubble of testing/synctest (go1.25).
    const reason = parked.reason.replace(' (durable)', '');
    switch (reason) {
      case 'chan receive':
      case 'chan send':
        return {
          kind: 'channel',
          address: lock === 0 ? 0 : lock - this.#facts.channel.lock,
          direction: reason === 'chan send' ? 'send' : 'receive',
          length: lock === 0 ? undefined : detail,
          capacity: lock === 0 ? undefined : detail2,
        };
      case 'chan receive (nil chan)':
      case 'chan send (nil chan)': {
        const direction = reason.startsWith('chan send') ? 'send' : 'receive';
        return { kind: 'channel', address: 0, direction, length: 0, capacity: 0 };
      }
      case 'select':
      case 'select (no cases)':
        return { kind: 'select', cases: cases.map(selectCase) };
      case 'sleep':
        return detail === 0 ? undefined : { kind: 'sleep', until: this.#clock.ofMonotonic(detail) };
      case 'IO wait':
        return descriptorOf(parked);
      case 'sync.Cond.Wait':
        return this.#condition(lock);
      default:
        return this.#semaphore(parked, SEMAPHORES.get(reason));
    }
  }

  /** By the name of the function that made the call. */
  systemCall(functions: Iterable<string>): WaitObject | undefined {
    let depth = 0;
    for (const name of functions) {
      const called = SYSCALL_FUNCTION.exec(name)?.[1];
      if (called !== undefined && !SYSCALL_PLUMBING.test(called)) {
        const number = systemCallNumber(called.toLowerCase());
        return number === undefined ? undefined : { kind: 'syscall', number, name: called.toLowerCase() };
      }
      if (++depth >= SYSCALL_DEPTH) return undefined;
    }
    return undefined;
  }

  #condition(lock: number): WaitObject | undefined {
    const { conditionLock } = this.#facts;
    return lock === 0 || conditionLock === undefined
      ? undefined
      : { kind: 'cond', address: lock - conditionLock };
  }

  #semaphore({ semaphore, functions }: Parked, byReason: SemaphoreKind | undefined): WaitObject | undefined {
    if (byReason === undefined || semaphore === 0) return undefined;
    let kind = byReason;
    if (kind === 'semaphore') {
      const owner = first(functions(), OWNER_DEPTH, (name) =>
        SEMAPHORES_BY_FUNCTION.find(([pattern]) => pattern.test(name)),
      );
      kind = owner?.[1] ?? 'semaphore';
    }
    return { kind, address: semaphore - this.#offset(kind) };
  }

  #offset(kind: SemaphoreKind): number {
    const { mutex, reader, writer, waitGroup } = this.#facts.semaphores;
    switch (kind) {
      case 'mutex':
        return mutex ?? 0;
      case 'rwmutex-read':
        return reader ?? 0;
      case 'rwmutex-write':
        return writer ?? 0;
      case 'waitgroup':
        return waitGroup ?? 0;
      default:
        return 0;
    }
  }
}

const selectCase = (word: number): SelectCase => ({
  direction: word % 2 === 1 ? 'send' : 'receive',
  address: word - (word % 2),
});

/** Which word of the pollDesc it is, the stack tells. */
function descriptorOf(parked: Parked): WaitObject | undefined {
  const mode = modeOf(parked);
  const descriptor = mode === 'read' ? parked.detail : parked.detail2;
  if (parked.lock === 0 || mode === undefined || descriptor > 0x7fff_ffff) return undefined;
  return { kind: 'io', descriptor, mode };
}

const modeOf = ({ functions }: Parked): 'read' | 'write' | undefined =>
  first(functions(), IO_DEPTH, (name) =>
    READING.test(name) ? 'read' : WRITING.test(name) ? 'write' : undefined,
  );

function first<T>(
  names: Iterable<string>,
  depth: number,
  match: (name: string) => T | undefined,
): T | undefined {
  let left = depth;
  for (const name of names) {
    const found = match(name);
    if (found !== undefined || --left === 0) return found;
  }
  return undefined;
}
