/**
 * Layouts of the runtime's structs by minor version of Go, for binaries that have lost their DWARF. Made by
 * `node scripts/make-runtime-layouts.js` from the DWARF of programs built with Go
 * 1.19.13, 1.20.14, 1.21.13, 1.22.12, 1.23.5, 1.24.13, 1.25.5, 1.26.8, for amd64 and arm64. Not to be edited.
 * A line: struct, architecture (* for both), first-last minor version, size, offsets by field.
 */
export const KNOWN_LAYOUTS = `
internal/abi.Type * 19-26 48 tflag=20 kind=23 nameOffset=40
runtime.boundsError * 19-26 24 index=0 length=8 signed=16 code=17
sync.Cond * 19-26 56 notify=16 head=32
runtime._defer * 19-21 72 heap=1 sp=8 pc=16 fn=24 link=40 openDefer=2 functionData=48 varp=56 started=0 panic=32
runtime._defer * 22-26 48 heap=0 sp=8 pc=16 fn=24 link=32 rangeFunc=1 head=40
runtime.errorAddressString * 19-26 24 message=0 address=16
runtime.g * 19-20 392 stackLow=0 stackHigh=8 stackGuard=16 panic=32 defer=40 m=48 schedSp=56 schedPc=64 schedLr=96 schedBp=104 syscallSp=112 syscallPc=120 param=136 status=144 goid=152 waitSince=168 waitReason=176 lockedM=232 signal=240 signalCode0=272 signalCode1=280 signalPc=288 goPc=296 startPc=312 waiting=328 labels=360 timer=368
runtime.g * 21-21 408 stackLow=0 stackHigh=8 stackGuard=16 panic=32 defer=40 m=48 schedSp=56 schedPc=64 schedLr=96 schedBp=104 syscallSp=112 syscallPc=120 param=136 status=144 goid=152 waitSince=168 waitReason=176 lockedM=208 signal=216 signalCode0=248 signalCode1=256 signalPc=264 parentGoid=272 goPc=280 startPc=296 waiting=312 labels=344 timer=352
runtime.g * 22-22 424 stackLow=0 stackHigh=8 stackGuard=16 panic=32 defer=40 m=48 schedSp=56 schedPc=64 schedLr=96 schedBp=104 syscallSp=112 syscallPc=120 param=136 status=144 goid=152 waitSince=168 waitReason=176 lockedM=208 signal=216 signalCode0=248 signalCode1=256 signalPc=264 parentGoid=272 goPc=280 startPc=296 waiting=312 labels=344 timer=352 coroutine=368 coroutineExit=187
runtime.g * 23-23 432 stackLow=0 stackHigh=8 stackGuard=16 panic=32 defer=40 m=48 schedSp=56 schedPc=64 schedLr=96 schedBp=104 syscallSp=112 syscallPc=120 syscallBp=128 param=144 status=152 goid=160 waitSince=176 waitReason=184 lockedM=216 signal=224 signalCode0=256 signalCode1=264 signalPc=272 parentGoid=280 goPc=288 startPc=304 waiting=320 labels=352 timer=360 sleepWhen=368 coroutine=384 coroutineExit=195
runtime.g * 24-24 440 stackLow=0 stackHigh=8 stackGuard=16 panic=32 defer=40 m=48 schedSp=56 schedPc=64 schedLr=96 schedBp=104 syscallSp=112 syscallPc=120 syscallBp=128 param=144 status=152 goid=160 waitSince=176 waitReason=184 lockedM=216 signal=228 signalCode0=256 signalCode1=264 signalPc=272 parentGoid=280 goPc=288 startPc=304 waiting=320 labels=352 timer=360 sleepWhen=368 coroutine=384 coroutineExit=195
runtime.g * 25-25 440 stackLow=0 stackHigh=8 stackGuard=16 panic=32 defer=40 m=48 schedSp=56 schedPc=64 schedLr=88 schedBp=96 syscallSp=104 syscallPc=112 syscallBp=120 param=136 status=144 goid=152 waitSince=168 waitReason=176 lockedM=208 signal=220 signalCode0=248 signalCode1=256 signalPc=264 parentGoid=272 goPc=280 startPc=296 waiting=312 labels=344 timer=352 sleepWhen=360 runningCleanups=218 coroutine=376 coroutineExit=187
runtime.g * 26-26 456 stackLow=0 stackHigh=8 stackGuard=16 panic=32 defer=40 m=48 schedSp=56 schedPc=64 schedLr=88 schedBp=96 syscallSp=104 syscallPc=112 syscallBp=120 param=136 status=144 goid=152 waitSince=168 waitReason=176 lockedM=208 signal=224 signalCode0=256 signalCode1=264 signalPc=272 parentGoid=280 goPc=288 startPc=304 waiting=320 labels=352 timer=360 sleepWhen=368 runningCleanups=220 coroutine=384 coroutineExit=187
runtime.hchan * 19-22 96 length=0 capacity=8 buffer=16 elementSize=24 closed=28 elementType=32 sendIndex=40 receiveIndex=48 firstReceiver=56 firstSender=72 lock=88 lastSender=80
runtime.hchan * 23-24 104 length=0 capacity=8 buffer=16 elementSize=24 closed=28 elementType=40 sendIndex=48 receiveIndex=56 firstReceiver=64 firstSender=80 lock=96 lastSender=88
runtime.hchan * 25-26 112 length=0 capacity=8 buffer=16 elementSize=24 closed=28 elementType=40 sendIndex=48 receiveIndex=56 firstReceiver=64 firstSender=80 lock=104 lastSender=88
runtime.mheap * 19-19 92672 arenas=65936
runtime.heapArena * 19-19 2165776 spans=2097152
runtime.heapArena * 20-21 1133584 spans=1064960
runtime.heapArena * 22-24 68624 spans=0
runtime.heapArena * 25-26 69648 spans=0
internal/runtime/pprof/label.Label * 19-26 32 key=0 value=16
runtime.m * 19-19 1008 g0=0 procId=72 gsignal=80 curg=192 caughtSignal=200 p=208 id=232 throwing=244 dying=268 allLink=336 vdsoSp=800 vdsoPc=808 waitLock=640
runtime.m * 20-20 1000 g0=0 procId=72 gsignal=80 curg=192 caughtSignal=200 p=208 id=232 throwing=244 dying=268 allLink=336 vdsoSp=800 vdsoPc=808 waitLock=640
runtime.m * 21-21 1008 g0=0 procId=72 gsignal=80 curg=192 caughtSignal=200 p=208 id=232 throwing=244 dying=268 allLink=336 vdsoSp=808 vdsoPc=816 waitLock=640
runtime.m * 22-22 2024 g0=0 procId=72 gsignal=80 curg=192 caughtSignal=200 p=208 id=232 throwing=244 dying=268 allLink=328 vdsoSp=1120 vdsoPc=1128 waitLock=928
runtime.m * 23-23 1760 g0=0 procId=72 gsignal=80 curg=192 caughtSignal=200 p=208 id=232 throwing=244 dying=268 allLink=328 vdsoSp=856 vdsoPc=864 waitLock=720
runtime.m * 24-24 1832 g0=0 procId=72 gsignal=80 curg=192 caughtSignal=200 p=208 id=232 throwing=244 dying=268 allLink=352 vdsoSp=904 vdsoPc=912 waitLock=744
runtime.m * 25-25 1816 g0=0 procId=64 gsignal=72 curg=184 caughtSignal=192 p=200 id=224 throwing=236 dying=260 allLink=344 vdsoSp=896 vdsoPc=904 waitLock=736
runtime.m * 26-26 1824 g0=0 procId=64 gsignal=72 curg=184 caughtSignal=192 p=208 id=232 throwing=244 dying=268 allLink=352 vdsoSp=896 vdsoPc=904 waitLock=768
runtime.mstats * 19-19 13512 lastCollection=7720
runtime.mstats * 20-21 9040 lastCollection=7720
runtime.mstats * 22-24 7744 lastCollection=7720
runtime.mstats * 25-25 8264 lastCollection=7696
runtime.mstats * 26-26 10440 lastCollection=7696
runtime.moduledata * 19-19 552 pcHeader=0 minPc=160 maxPc=168 text=176 etext=184 types=280 etypes=288 next=544
runtime.moduledata * 20-20 568 pcHeader=0 minPc=160 maxPc=168 text=176 etext=184 types=296 etypes=304 next=560
runtime.moduledata * 21-22 592 pcHeader=0 minPc=160 maxPc=168 text=176 etext=184 types=296 etypes=304 next=584
runtime.moduledata * 23-25 584 pcHeader=0 minPc=160 maxPc=168 text=176 etext=184 types=296 etypes=304 next=576
runtime.moduledata * 26-26 592 pcHeader=0 minPc=160 maxPc=168 text=176 etext=184 types=296 etypes=304 next=584
internal/sync.Mutex * 19-26 8 state=0 semaphore=4
runtime.p * 19-19 8912 id=0 status=4 m=56 scheduledWhen=32 syscallWhen=48 limiterStamp=4648 timers=8840 queueHead=400 queueTail=404
runtime.p * 20-20 8904 id=0 status=4 m=56 scheduledWhen=32 syscallWhen=48 limiterStamp=4640 timers=8832 queueHead=400 queueTail=404
runtime.p * 21-21 8912 id=0 status=4 m=56 scheduledWhen=32 syscallWhen=48 limiterStamp=4648 timers=8840 queueHead=400 queueTail=404
runtime.p * 22-22 8944 id=0 status=4 m=56 scheduledWhen=32 syscallWhen=48 limiterStamp=4680 timers=8872 queueHead=400 queueTail=404
runtime.p * 23-23 8944 id=0 status=4 m=48 scheduledWhen=32 syscallWhen=40 limiterStamp=4656 timers=8848 queueHead=392 queueTail=396
runtime.p * 24-24 8952 id=0 status=4 m=48 scheduledWhen=32 syscallWhen=40 limiterStamp=4656 timers=8848 queueHead=392 queueTail=396
runtime.p * 25-25 9512 id=0 status=4 m=48 scheduledWhen=32 syscallWhen=40 limiterStamp=4656 timers=9400 queueHead=392 queueTail=396
runtime._panic * 19-21 56 argument=8 link=24 recovered=48 goexit=50 aborted=49 sp=40
runtime._panic * 22-24 104 argument=8 link=24 recovered=96 goexit=97 deferReturn=98 sp=48
runtime._panic * 25-25 104 argument=8 link=24 recovered=96 goexit=98 repanicked=97 deferReturn=99 sp=48
runtime._panic * 26-26 104 argument=0 link=16 recovered=88 goexit=90 repanicked=89 deferReturn=91 sp=40
runtime.pollDesc * 19-20 240 fd=8 reader=24 writer=32
runtime.pollDesc * 21-22 248 fd=8 reader=32 writer=40
runtime.pollDesc * 23-24 280 fd=8 reader=32 writer=40
runtime.pollDesc * 25-26 296 fd=8 reader=32 writer=40
internal/poll.FD * 19-20 56 sysfd=16 pollDesc=24
internal/poll.FD * 21-26 56 sysfd=16 pollDesc=32
sync.RWMutex * 19-26 24 writer=0 writerSemaphore=8 readerSemaphore=12
runtime.schedt * 19-19 6080 lastPoll=8 processorsResized=288
runtime.schedt * 20-21 1632 lastPoll=8 processorsResized=296
runtime.schedt * 22-24 6824 lastPoll=8 processorsResized=296
runtime.schedt * 25-25 6848 lastPoll=8 processorsResized=312
runtime.schedt * 26-26 6872 lastPoll=8 processorsResized=328
runtime.semaRoot * 19-26 24 treap=8
runtime.mspan * 19-19 144 start=24 pages=32 freeIndex=48 objectCount=56 allocBits=72 state=99 spanClass=98 elementSize=104
runtime.mspan * 20-20 160 start=24 pages=32 freeIndex=48 objectCount=56 allocBits=72 state=99 spanClass=98 elementSize=104
runtime.mspan * 21-21 168 start=24 pages=32 freeIndex=48 objectCount=56 allocBits=72 state=107 spanClass=106 elementSize=112
runtime.mspan * 22-26 160 start=24 pages=32 freeIndex=48 objectCount=50 allocBits=64 state=99 spanClass=98 elementSize=104
runtime.sudog * 19-25 88 g=0 next=8 prev=16 element=24 isSelect=52 parent=56 waitLink=64 channel=80
runtime.sudog * 26-26 104 g=0 next=8 prev=16 element=32 isSelect=60 parent=64 waitLink=72 channel=96
runtime.timer * 19-22 72 when=8
runtime.timer * 23-24 88 when=16
runtime.timer * 25-26 96 when=24
runtime.TypeAssertionError * 19-26 40 interfaceType=0 concrete=8 asserted=16 missingMethod=24
sync.WaitGroup * 19-26 16 semaphore=8
runtime.notifyList * 19-26 32 lock=8
runtime.hmap * 19-23 48 count=0 flags=8 logBuckets=9 buckets=16 oldBuckets=24
runtime.mheap amd64 20-20 92672 arenas=65904
runtime.mheap amd64 21-21 92792 arenas=65944
runtime.mheap amd64 22-22 92856 arenas=66008
runtime.mheap amd64 23-23 92928 arenas=66008
runtime.mheap amd64 24-24 93008 arenas=66008
runtime.mheap amd64 25-25 93320 arenas=66008
runtime.mheap amd64 26-26 93464 arenas=66008
runtime.mheap arm64 20-20 101376 arenas=65904
runtime.mheap arm64 21-21 101496 arenas=65944
runtime.mheap arm64 22-22 101624 arenas=66072
runtime.mheap arm64 23-23 101696 arenas=66072
runtime.mheap arm64 24-24 101776 arenas=66072
runtime.mheap arm64 25-25 102152 arenas=66072
runtime.mheap arm64 26-26 102296 arenas=66072
runtime.coro * 22-22 16 g=0
runtime.coro * 23-26 32 g=0
runtime.p amd64 26-26 15920 id=0 status=4 m=48 scheduledWhen=32 syscallWhen=40 limiterStamp=4664 timers=13680 queueHead=400 queueTail=404
runtime.p arm64 26-26 14320 id=0 status=4 m=48 scheduledWhen=32 syscallWhen=40 limiterStamp=4664 timers=13680 queueHead=400 queueTail=404
`;

/** Texts of runtime.waitReasonStrings: first-last minor version, then the texts in order. */
export const KNOWN_WAIT_REASONS = `
19-19 |GC assist marking|IO wait|chan receive (nil chan)|chan send (nil chan)|dumping heap|garbage collection|garbage collection scan|panicwait|select|select (no cases)|GC assist wait|GC sweep wait|GC scavenge wait|chan receive|chan send|finalizer wait|force gc (idle)|semacquire|sleep|sync.Cond.Wait|timer goroutine (idle)|trace reader (blocked)|wait for GC cycle|GC worker (idle)|preempted|debug call
20-21 |GC assist marking|IO wait|chan receive (nil chan)|chan send (nil chan)|dumping heap|garbage collection|garbage collection scan|panicwait|select|select (no cases)|GC assist wait|GC sweep wait|GC scavenge wait|chan receive|chan send|finalizer wait|force gc (idle)|semacquire|sleep|sync.Cond.Wait|sync.Mutex.Lock|sync.RWMutex.RLock|sync.RWMutex.Lock|trace reader (blocked)|wait for GC cycle|GC worker (idle)|GC worker (active)|preempted|debug call|GC mark termination|stopping the world
22-22 |GC assist marking|IO wait|chan receive (nil chan)|chan send (nil chan)|dumping heap|garbage collection|garbage collection scan|panicwait|select|select (no cases)|GC assist wait|GC sweep wait|GC scavenge wait|chan receive|chan send|finalizer wait|force gc (idle)|semacquire|sleep|sync.Cond.Wait|sync.Mutex.Lock|sync.RWMutex.RLock|sync.RWMutex.Lock|trace reader (blocked)|wait for GC cycle|GC worker (idle)|GC worker (active)|preempted|debug call|GC mark termination|stopping the world|flushing proc caches|trace goroutine status|trace proc status|page trace flush|coroutine
23-23 |GC assist marking|IO wait|chan receive (nil chan)|chan send (nil chan)|dumping heap|garbage collection|garbage collection scan|panicwait|select|select (no cases)|GC assist wait|GC sweep wait|GC scavenge wait|chan receive|chan send|finalizer wait|force gc (idle)|semacquire|sleep|sync.Cond.Wait|sync.Mutex.Lock|sync.RWMutex.RLock|sync.RWMutex.Lock|trace reader (blocked)|wait for GC cycle|GC worker (idle)|GC worker (active)|preempted|debug call|GC mark termination|stopping the world|flushing proc caches|trace goroutine status|trace proc status|page trace flush|coroutine|GC weak to strong wait
24-24 |GC assist marking|IO wait|chan receive (nil chan)|chan send (nil chan)|dumping heap|garbage collection|garbage collection scan|panicwait|select|select (no cases)|GC assist wait|GC sweep wait|GC scavenge wait|chan receive|chan send|finalizer wait|force gc (idle)|semacquire|sleep|sync.Cond.Wait|sync.Mutex.Lock|sync.RWMutex.RLock|sync.RWMutex.Lock|sync.WaitGroup.Wait|trace reader (blocked)|wait for GC cycle|GC worker (idle)|GC worker (active)|preempted|debug call|GC mark termination|stopping the world|flushing proc caches|trace goroutine status|trace proc status|page trace flush|coroutine|GC weak to strong wait|synctest.Run|synctest.Wait|chan receive (synctest)|chan send (synctest)|select (synctest)
25-25 |GC assist marking|IO wait|chan receive (nil chan)|chan send (nil chan)|dumping heap|garbage collection|garbage collection scan|panicwait|select|select (no cases)|GC assist wait|GC sweep wait|GC scavenge wait|chan receive|chan send|finalizer wait|force gc (idle)|GOMAXPROCS updater (idle)|semacquire|sleep|sync.Cond.Wait|sync.Mutex.Lock|sync.RWMutex.RLock|sync.RWMutex.Lock|sync.WaitGroup.Wait|trace reader (blocked)|wait for GC cycle|GC worker (idle)|GC worker (active)|preempted|debug call|GC mark termination|stopping the world|flushing proc caches|trace goroutine status|trace proc status|page trace flush|coroutine|GC weak to strong wait|synctest.Run|synctest.Wait|chan receive (durable)|chan send (durable)|select (durable)|sync.WaitGroup.Wait (durable)|cleanup wait
26-26 |GC assist marking|IO wait|dumping heap|garbage collection|garbage collection scan|panicwait|GC assist wait|GC sweep wait|GC scavenge wait|finalizer wait|force gc (idle)|GOMAXPROCS updater (idle)|semacquire|sleep|chan receive (nil chan)|chan send (nil chan)|select (no cases)|select|chan receive|chan send|sync.Cond.Wait|sync.Mutex.Lock|sync.RWMutex.RLock|sync.RWMutex.Lock|sync.WaitGroup.Wait|trace reader (blocked)|wait for GC cycle|GC worker (idle)|GC worker (active)|preempted|debug call|GC mark termination|stopping the world|flushing proc caches|trace goroutine status|trace proc status|page trace flush|coroutine|GC weak to strong wait|synctest.Run|synctest.Wait|chan receive (durable)|chan send (durable)|select (durable)|sync.WaitGroup.Wait (durable)|cleanup wait
`;
