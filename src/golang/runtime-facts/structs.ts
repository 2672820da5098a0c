import { field, since, struct, until } from './form.ts';

/** runtime/runtime2.go */
export const G = struct('runtime.g', {
  stackLow: field('word', 'stack.lo'),
  stackHigh: field('word', 'stack.hi'),
  stackGuard: field('word', 'stackguard0'),
  panic: field('word', '_panic'),
  defer: field('word', '_defer'),
  m: field('word', 'm'),
  schedSp: field('word', 'sched.sp'),
  schedPc: field('word', 'sched.pc'),
  schedLr: field('word', 'sched.lr'),
  schedBp: field('word', 'sched.bp'),
  syscallSp: field('word', 'syscallsp'),
  syscallPc: field('word', 'syscallpc'),
  /** go1.23: entersyscall keeps the frame pointer too. */
  syscallBp: since(23, 'word', 'syscallbp'),
  param: field('word', 'param'),
  status: field('uint32', 'atomicstatus.value', 'atomicstatus'),
  goid: field('uint64', 'goid'),
  waitSince: field('int64', 'waitsince'),
  waitReason: field('uint8', 'waitreason'),
  lockedM: field('word', 'lockedm'),
  signal: field('uint32', 'sig'),
  signalCode0: field('word', 'sigcode0'),
  signalCode1: field('word', 'sigcode1'),
  signalPc: field('word', 'sigpc'),
  /** go1.21: newproc1 stores the creator's id. */
  parentGoid: since(21, 'uint64', 'parentGoid'),
  goPc: field('word', 'gopc'),
  startPc: field('word', 'startpc'),
  waiting: field('word', 'waiting'),
  labels: field('word', 'labels'),
  timer: field('word', 'timer'),
  /** go1.23: time.Sleep keeps its deadline here, the timer is armed later (runtime/time.go, resetForSleep). */
  sleepWhen: since(23, 'int64', 'sleepWhen'),
  /** go1.25: set while a cleanup runs user code, so the goroutine is not a system one then. */
  runningCleanups: since(25, 'uint8', 'runningCleanups.u.value', 'runningCleanups.u'),
});

/** runtime/runtime2.go */
export const M = struct('runtime.m', {
  g0: field('word', 'g0'),
  procId: field('uint64', 'procid'),
  gsignal: field('word', 'gsignal'),
  curg: field('word', 'curg'),
  caughtSignal: field('word', 'caughtsig'),
  p: field('word', 'p'),
  id: field('int64', 'id'),
  throwing: field('uint32', 'throwing'),
  dying: field('int32', 'dying'),
  allLink: field('word', 'alllink'),
  vdsoSp: field('word', 'vdsoSP'),
  vdsoPc: field('word', 'vdsoPC'),
});

/** runtime/runtime2.go; runtime/proc.go for sysmontick */
export const P = struct('runtime.p', {
  id: field('int32', 'id'),
  status: field('uint32', 'status'),
  m: field('word', 'm'),
  /** nanotime() at which sysmon last saw the P's scheduler or system call tick change. */
  scheduledWhen: field('int64', 'sysmontick.schedwhen'),
  syscallWhen: field('int64', 'sysmontick.syscallwhen'),
  /** runtime/mgclimit.go, limiterEventStamp: nanotime() at which the P became idle (or a piece of collection began), LIMITER_EVENT_BITS above it. */
  limiterStamp: field('uint64', 'limiterEvent.stamp.value', 'limiterEvent.stamp'),
});

/** runtime/runtime2.go: the variable `sched`. */
export const Sched = struct('runtime.schedt', {
  lastPoll: field('int64', 'lastpoll.value', 'lastpoll'),
  processorsResized: field('int64', 'procresizetime'),
});

/** runtime/mstats.go: the variable `memstats`. */
export const MemoryStatistics = struct('runtime.mstats', {
  lastCollection: field('uint64', 'last_gc_nanotime'),
});

/** runtime/runtime2.go */
export const Sudog = struct('runtime.sudog', {
  g: field('word', 'g'),
  next: field('word', 'next'),
  prev: field('word', 'prev'),
  /** go1.26 wraps it (maybeTraceablePtr), so that a leaked goroutine does not keep it alive; `vu` is always set. */
  element: field('word', 'elem.vu', 'elem'),
  isSelect: field('bool', 'isSelect'),
  parent: field('word', 'parent'),
  waitLink: field('word', 'waitlink'),
  channel: field('word', 'c.maybeTraceablePtr.vu', 'c'),
});

/** runtime/chan.go */
export const Hchan = struct('runtime.hchan', {
  length: field('uint64', 'qcount'),
  capacity: field('uint64', 'dataqsiz'),
  buffer: field('word', 'buf'),
  elementSize: field('uint16', 'elemsize'),
  closed: field('uint32', 'closed'),
  elementType: field('word', 'elemtype'),
  sendIndex: field('uint64', 'sendx'),
  receiveIndex: field('uint64', 'recvx'),
  firstReceiver: field('word', 'recvq.first'),
  firstSender: field('word', 'sendq.first'),
});

/** runtime/sema.go: an element of `semtable` starts with it. */
export const SemaRoot = struct('runtime.semaRoot', {
  treap: field('word', 'treap'),
});

/** runtime/time.go */
export const Timer = struct('runtime.timer', {
  when: field('int64', 'when'),
});

/** runtime/netpoll.go */
export const PollDesc = struct('runtime.pollDesc', {
  fd: field('word', 'fd'),
  reader: field('word', 'rg.value', 'rg'),
  writer: field('word', 'wg.value', 'wg'),
});

/** internal/poll/fd_unix.go */
export const PollFd = struct('internal/poll.FD', {
  sysfd: field('int64', 'Sysfd'),
  pollDesc: field('word', 'pd.runtimeCtx'),
});

/** runtime/runtime2.go */
export const Defer = struct('runtime._defer', {
  heap: field('bool', 'heap'),
  sp: field('word', 'sp'),
  pc: field('word', 'pc'),
  fn: field('word', 'fn'),
  link: field('word', 'link'),
  /** go1.22: a list of its own for the body of a range-over-func loop, filled by deferprocat. */
  rangeFunc: since(22, 'bool', 'rangefunc'),
  head: since(22, 'word', 'head'),
  /** Until go1.21 open-coded defers had a record too, made by addOneOpenDeferFrame. */
  openDefer: until(21, 'bool', 'openDefer'),
  functionData: until(21, 'word', 'fd'),
  varp: until(21, 'word', 'varp'),
  /** Until go1.21: the panic or Goexit that is running this deferred call. */
  started: until(21, 'bool', 'started'),
  panic: until(21, 'word', '_panic'),
});

/** runtime/runtime2.go */
export const Panic = struct('runtime._panic', {
  argument: field('interface', 'arg'),
  link: field('word', 'link'),
  recovered: field('bool', 'recovered'),
  goexit: field('bool', 'goexit'),
  /** go1.25: a recovered value that is panicked with again is printed once. */
  repanicked: since(25, 'bool', 'repanicked'),
  /** go1.22: frames are walked as defers run; deferreturn makes a _panic that is none. */
  deferReturn: since(22, 'bool', 'deferreturn'),
  aborted: until(21, 'bool', 'aborted'),
  /** Since go1.22 of the frame whose deferred calls are made (nextFrame), before of what calls them (deferCallSave). */
  sp: field('word', 'sp'),
});

/** runtime/symtab.go */
export const ModuleData = struct('runtime.moduledata', {
  pcHeader: field('word', 'pcHeader'),
  minPc: field('word', 'minpc'),
  maxPc: field('word', 'maxpc'),
  text: field('word', 'text'),
  etext: field('word', 'etext'),
  types: field('word', 'types'),
  etypes: field('word', 'etypes'),
  next: field('word', 'next'),
});

/** internal/abi/type.go since go1.21 (the fields got their capitals then), runtime/type.go before. */
export const AbiType = struct(['internal/abi.Type', 'runtime._type'], {
  tflag: field('uint8', 'TFlag', 'tflag'),
  kind: field('uint8', 'Kind_', 'kind'),
  /** Offset of its name from moduledata.types. */
  nameOffset: field('int32', 'Str', 'str'),
});

/** runtime/error.go */
export const BoundsError = struct('runtime.boundsError', {
  index: field('int64', 'x'),
  length: field('int64', 'y'),
  /** Whether `x` is to be shown as a signed number. */
  signed: field('bool', 'signed'),
  code: field('uint8', 'code'),
});

/** runtime/error.go */
export const ErrorAddressString = struct('runtime.errorAddressString', {
  message: field('string', 'msg'),
  address: field('word', 'addr'),
});

/** runtime/error.go */
export const TypeAssertionError = struct('runtime.TypeAssertionError', {
  interfaceType: field('word', '_interface'),
  concrete: field('word', 'concrete'),
  asserted: field('word', 'asserted'),
  missingMethod: field('string', 'missingMethod'),
});

/** internal/sync/mutex.go; before go1.24 sync/mutex.go. sync.Mutex still starts with it. */
export const MutexLayout = struct(['internal/sync.Mutex', 'sync.Mutex'], {
  state: field('int32', 'state', 'mu.state'),
  semaphore: field('uint32', 'sema', 'mu.sema'),
});

/** sync/rwmutex.go */
export const RWMutex = struct('sync.RWMutex', {
  writer: field('inline', 'w'),
  writerSemaphore: field('uint32', 'writerSem'),
  readerSemaphore: field('uint32', 'readerSem'),
});

/** sync/waitgroup.go; before go1.20 the counters moved about for alignment, on 64 bits sema came last. */
export const WaitGroup = struct('sync.WaitGroup', {
  semaphore: field('uint32', 'sema', 'state2'),
});

/** sync/cond.go; runtime/sema.go for notifyList, which sync repeats in sync/runtime.go. */
export const Cond = struct('sync.Cond', {
  notify: field('inline', 'notify'),
  head: field('word', 'notify.head'),
});

/** runtime/mheap.go: the variable `mheap_`. `arenas` is [1][1<<arenaL2Bits]*heapArena on 64-bit Linux. */
export const Heap = struct('runtime.mheap', {
  arenas: field('inline', 'arenas'),
});

/** runtime/mheap.go */
export const HeapArena = struct('runtime.heapArena', {
  spans: field('inline', 'spans'),
});

/** runtime/mheap.go */
export const Span = struct('runtime.mspan', {
  start: field('word', 'startAddr'),
  pages: field('word', 'npages'),
  /** go1.22 narrowed it to uint16. */
  freeIndex: field('inline', 'freeindex'),
  objectCount: field('inline', 'nelems'),
  allocBits: field('word', 'allocBits'),
  state: field('uint8', 's.value', 'state.s.value', 'state.s'),
  spanClass: field('uint8', 'spanclass'),
  elementSize: field('word', 'elemsize'),
});

/**
 * internal/runtime/pprof/label/labelset.go, before go1.26 runtime/pprof/label.go. Since go1.24 `g.labels` points to
 * a slice of these, sorted by key; before, to a map[string]string.
 */
export const Label = struct(['internal/runtime/pprof/label.Label', 'runtime/pprof.label'], {
  key: field('string', 'Key', 'key'),
  value: field('string', 'Value', 'value'),
});
