import type { GoroutineState } from '../../golang/index.ts';
import { GOROUTINE_STATES } from '../../golang/runtime-facts/constants.ts';
import { PROBE_FRAMES } from '../cut-stacks.ts';

/**
 * What a scheduler probe writes behind commit word, time and kind (src/probe/ring-layout.ts), by byte offset.
 *
 *   16  kind and size, old state, new state, wait reason: one byte each; caller: low half of a return address
 *   24  subject: address of the g                 (or a probe's first value)
 *   32  its id                                    (second)
 *   40  id of m.curg, 0 without one               (third)
 *   48  m.procid, 32 bits; p.id, −1 without one
 *   56  m.waitlock; startpc of a new goroutine    (fourth)
 *   64  tall slots: two words of detail, and 30 return addresses of m.curg, 0 behind the last
 *  320  slots of a select: eight cases: address of the channel, bit 0 set for a send; 0 behind the last
 */
export const RECORD = {
  oldState: 17,
  newState: 18,
  reason: 19,
  caller: 20,
  subject: 24,
  id: 32,
  actor: 40,
  thread: 48,
  processor: 52,
  extra: 56,
  detail: 64,
  detail2: 72,
  frames: 80,
  framesEnd: 80 + 8 * PROBE_FRAMES,
  cases: 320,
  casesEnd: 384,
} as const;

/** Kinds of records, 1 to 63. */
export const KIND = {
  /** casgstatus. */
  state: 1,
  /** reentersyscall and exitsyscall, since go1.26: they change the state by themselves. */
  enterSyscall: 2,
  exitSyscall: 3,
  /** casGToPreemptScan: running → preempted. */
  preempt: 4,
  /** coroswitch_m. Values: g, the g that it switches to, –, whether for good. */
  coroutine: 5,
  /** acquirep. Values: p, –, –, id of the P. */
  acquire: 6,
  /** releasep. */
  release: 7,
  /** runqsteal from a queue that is not empty. Values: id of the victim. */
  steal: 8,
  /** copystack. Values: g, stack.hi, stack.lo, new size. */
  copyStack: 9,
  /** These four have as second value the bytes that are alive, 0 where that is not known. */
  gcBegin: 10,
  gcEnd: 11,
  /** stopTheWorldWithSema. Values: number of the reason (since go1.22). */
  stopWorld: 12,
  /** startTheWorldWithSema. Values: –, –, –, at how many bytes the next collection is to end. */
  startWorld: 13,
  /** semacquire1. Values: address of the semaphore. */
  semaphore: 14,
  /** procresize. Values: GOMAXPROCS. */
  processors: 15,
} as const;

/** runtime/runtime2.go. */
export const G_STATE = {
  idle: stateNumber('_Gidle'),
  runnable: stateNumber('_Grunnable'),
  running: stateNumber('_Grunning'),
  syscall: stateNumber('_Gsyscall'),
  waiting: stateNumber('_Gwaiting'),
  dead: stateNumber('_Gdead'),
  copyStack: stateNumber('_Gcopystack'),
  preempted: stateNumber('_Gpreempted'),
  leaked: stateNumber('_Gleaked'),
  deadExtra: stateNumber('_Gdeadextra'),
} as const;

/** g.atomicstatus without its scan bit. */
export function stateNumber(name: GoroutineState): number {
  return GOROUTINE_STATES.indexOf(name);
}
