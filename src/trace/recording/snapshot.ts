import { runtimeAddress, TargetFault } from '../../base/index.ts';
import type { BlockedOn, Goroutine, Program, SchedulerFacts } from '../../golang/index.ts';
import type { WaitObject } from '../wait-object.ts';
import { G_STATE, stateNumber } from './record.ts';

/** Frames of a goroutine that waits. */
const DEPTH = 64;

export interface KnownGoroutine {
  readonly id: number;
  readonly address: number;
  /** G_STATE. */
  readonly state: number;
  /** It runs, in the state waiting for the collector's sake (casGToWaitingForSuspendG). */
  readonly pretending: boolean;
  readonly reason: string;
  /** Times of the program's clock. */
  readonly object: WaitObject | undefined;
  /** Return addresses, leaf first. */
  readonly stack: readonly number[];
  /** −1: none. */
  readonly thread: number;
  readonly processor: number;
}

/** What a program was doing when the probes went in, all its threads stopped. */
export interface Snapshot {
  readonly goroutines: readonly KnownGoroutine[];
  readonly processors: readonly { readonly id: number; readonly thread: number; readonly status: number }[];
  /** Undefined: it is not known, or not set yet. */
  readonly gomaxprocs: number | undefined;
}

/** A program that has not begun: everything in it will be created. */
export const NOTHING_YET: Snapshot = { goroutines: [], processors: [], gomaxprocs: undefined };

export function takeSnapshot(program: Program, facts: SchedulerFacts): Snapshot {
  const goroutines: KnownGoroutine[] = [];
  for (const goroutine of program.goroutines({ reads: ['stack', 'sudog'] })) {
    if (goroutine.problem === undefined) goroutines.push(known(program, facts, goroutine));
  }
  return { goroutines, processors: processorsOf(goroutines), gomaxprocs: gomaxprocsOf(program, facts) };
}

function gomaxprocsOf({ target: { memory } }: Program, { gomaxprocs }: SchedulerFacts): number | undefined {
  if (gomaxprocs === undefined) return undefined;
  const bytes = memory.tryRead(runtimeAddress(gomaxprocs), 4);
  const count = bytes && new DataView(bytes.buffer, bytes.byteOffset, 4).getInt32(0, true);
  return count === undefined || count <= 0 ? undefined : count;
}

function known(program: Program, facts: SchedulerFacts, goroutine: Goroutine): KnownGoroutine {
  const state = stateNumber(goroutine.state);
  const waits = state === G_STATE.waiting || state === G_STATE.preempted || state === G_STATE.leaked;
  const pretending = state === G_STATE.waiting && goroutine.thread !== undefined;
  const stands = (waits && !pretending) || state === G_STATE.syscall;
  const frames = stands ? program.stackOf(goroutine, DEPTH).frames : [];
  return {
    id: goroutine.id,
    address: goroutine.address,
    state,
    pretending,
    reason: goroutine.waitReason ?? '',
    object: waits ? objectOf(goroutine) : undefined,
    // Inlined calls are told by their function's address.
    stack: frames.filter(({ inlineDepth }) => inlineDepth === 0).map(({ lookupPc }) => lookupPc + 1),
    thread: goroutine.thread ?? -1,
    processor: processorOf(program, facts, goroutine),
  };
}

/** g.m.p.id */
function processorOf(
  { target }: Program,
  { g, m, p }: SchedulerFacts,
  { address, state }: Goroutine,
): number {
  if (state === '_Gdead' || state === '_Grunnable') return -1;
  const { memory } = target;
  const word = (at: number): number =>
    memory.tryRead(runtimeAddress(at), 8) === undefined ? 0 : memory.uint64(runtimeAddress(at));
  const machine = word(address + g.m);
  const processor = machine === 0 ? 0 : word(machine + m.p);
  return processor === 0 ? -1 : word(processor + p.id) % 2 ** 32;
}

/** Those that somebody runs on; the others show themselves when they begin. */
function processorsOf(goroutines: readonly KnownGoroutine[]): Snapshot['processors'] {
  return goroutines
    .filter(({ processor, thread }) => processor >= 0 && thread >= 0)
    .map(({ processor, thread, state }) => ({
      id: processor,
      thread,
      status: state === G_STATE.syscall ? 3 : 1,
    }));
}

/** Not all that a goroutine can wait for is part of the moment: a descriptor may be gone since, and is not told then. */
function objectOf(goroutine: Goroutine): WaitObject | undefined {
  try {
    return waitObject(goroutine.blockedOn);
  } catch (error) {
    if (!(error instanceof TargetFault)) throw error;
    return undefined;
  }
}

function waitObject(blocked: BlockedOn | undefined): WaitObject | undefined {
  switch (blocked?.kind) {
    case 'channel':
      return {
        kind: 'channel',
        address: blocked.channel?.address ?? 0,
        direction: blocked.operation,
        length: blocked.channel?.length,
        capacity: blocked.channel?.capacity,
      };
    case 'select':
      return {
        kind: 'select',
        cases: blocked.cases.map(({ operation, channel }) => ({
          direction: operation,
          address: channel.address,
        })),
      };
    case 'semaphore':
      return { kind: blocked.owner, address: blocked.address };
    case 'io':
      return { kind: 'io', descriptor: blocked.fd, mode: blocked.mode };
    case 'sleep':
      return { kind: 'sleep', until: blocked.until };
    default:
      return undefined;
  }
}
