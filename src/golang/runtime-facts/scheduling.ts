import { field, since, struct } from './form.ts';

/** What the probes of the tracer read of the scheduler's structs while it works, beside `structs.ts`. */

/** runtime/runtime2.go */
export const TracedG = struct('runtime.g', {
  stackLow: field('word', 'stack.lo'),
  stackHigh: field('word', 'stack.hi'),
  m: field('word', 'm'),
  schedPc: field('word', 'sched.pc'),
  schedBp: field('word', 'sched.bp'),
  goid: field('uint64', 'goid'),
  waitReason: field('uint8', 'waitreason'),
  startPc: field('word', 'startpc'),
  waiting: field('word', 'waiting'),
  /** go1.23: until when time.Sleep sleeps. */
  sleepWhen: since(23, 'int64', 'sleepWhen'),
  /** go1.23: the coroutine that coroswitch switches to, and whether for good (runtime/coro.go). */
  coroutine: since(23, 'word', 'coroarg'),
  coroutineExit: since(23, 'bool', 'coroexit'),
});

/** runtime/runtime2.go */
export const TracedM = struct('runtime.m', {
  procId: field('uint64', 'procid'),
  curg: field('word', 'curg'),
  p: field('word', 'p'),
  /** gopark's `lock`, until park_m has called its `unlockf`. */
  waitLock: field('word', 'waitlock'),
});

/** runtime/runtime2.go */
export const TracedP = struct('runtime.p', {
  id: field('int32', 'id'),
  queueHead: field('uint32', 'runqhead'),
  queueTail: field('uint32', 'runqtail'),
});

/** runtime/runtime2.go, and runtime/time.go since go1.23: the heap of timers that a P has to fire. */
export const PTimers = struct('runtime.p', {
  timers: field('slice', 'timers.heap', 'timers'),
});

/** runtime/chan.go */
export const TracedChannel = struct('runtime.hchan', {
  length: field('uint64', 'qcount'),
  capacity: field('uint64', 'dataqsiz'),
  lock: field('inline', 'lock'),
  lastSender: field('word', 'sendq.last'),
});

/** runtime/sema.go: what sync.Cond waits on. */
export const NotifyList = struct('runtime.notifyList', {
  lock: field('word', 'lock.key'),
});

/** runtime/coro.go */
export const Coroutine = struct('runtime.coro', { g: field('word', 'gp') }, { since: 23 });
