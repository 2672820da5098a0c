import { global } from './form.ts';

/** Package variables of the runtime that are read by name. */

/** runtime/proc.go: every g ever made; allglen and allgptr are the copies that are read without the lock. */
export const ALL_GS = global('runtime.allgs', 'slice');
/** runtime/runtime2.go: every m, linked by m.alllink. */
export const ALL_MS = global('runtime.allm', 'word');
export const ALL_PS = global('runtime.allp', 'slice');
export const SCHED = global('runtime.sched', 'inline');
/** runtime/mstats.go */
export const MEMORY_STATISTICS = global('runtime.memstats', 'inline');
/** runtime/runtime2.go: texts by g.waitreason, an array of strings. */
export const WAIT_REASON_TEXTS = global('runtime.waitReasonStrings', 'inline');
/** runtime/proc.go: texts by stwReason, an array of strings. */
export const STOP_REASON_TEXTS = global('runtime.stwReasonStrings', 'inline', { since: 22 });
/** runtime/proc.go */
export const MOST_RUNNING = global('runtime.gomaxprocs', 'int32');
/** runtime/mgcpacer.go */
export const COLLECTOR = global('runtime.gcController', 'inline');
/** runtime/sema.go: SEMAPHORE_TABLE_SIZE roots, each padded to a cache line. */
export const SEMAPHORE_TABLE = global('runtime.semtable', 'inline');
/** runtime/symtab.go */
export const FIRST_MODULE = global('runtime.firstmoduledata', 'inline');
/** runtime/mheap.go */
export const HEAP = global('runtime.mheap_', 'inline');
/** runtime/mfinal.go: finalizer goroutine's state, bit FINALIZER_RUNNING while it runs user code. */
export const FINALIZER_STATUS = global('runtime.fingStatus', 'uint32', { since: 20 });
export const FINALIZER_RUNNING_FLAG = global('runtime.fingRunning', 'bool', { until: 19 });
