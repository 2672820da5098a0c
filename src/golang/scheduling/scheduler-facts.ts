import { decodeText, linkedAddress, type RuntimeAddress, type runtimeAddress } from '../../base/index.ts';
import type { Image } from '../../image/index.ts';
import type { Module, Target } from '../../target/index.ts';
import { findGoRuntime, type GoRuntime, noGoRuntime } from '../go-runtime.ts';
import { WaitReasons } from '../goroutines/wait-reasons.ts';
import { GcController } from '../runtime-facts/collector.ts';
import type { Layout } from '../runtime-facts/form.ts';
import { COLLECTOR, MOST_RUNNING, STOP_REASON_TEXTS, WAIT_REASON_TEXTS } from '../runtime-facts/globals.ts';
import {
  Coroutine,
  NotifyList,
  TracedChannel,
  TracedG,
  TracedM,
  TracedP,
} from '../runtime-facts/scheduling.ts';
import { Cond, G, MutexLayout, PollDesc, RWMutex, Sudog, WaitGroup } from '../runtime-facts/structs.ts';

/** More than any Go has. */
const MOST_REASONS = 64;
const STRING_HEADER = 16;
const LONGEST_REASON = 100;

/** Where the scheduler keeps what a tracer reads, in one binary. */
export interface SchedulerFacts {
  /** `go1.26.8`. */
  readonly version: string;
  readonly module: Module;
  readonly image: Image;
  readonly g: Layout<typeof TracedG>;
  /** Where in a g its state is. */
  readonly status: number;
  readonly m: Layout<typeof TracedM>;
  /** How a fault becomes a panic; undefined: in another way than is known. */
  readonly faults: FaultFacts | undefined;
  readonly p: Layout<typeof TracedP>;
  readonly sudog: Layout<typeof Sudog>;
  readonly channel: Layout<typeof TracedChannel>;
  /** From the start of a sync.Cond to the lock of its list of waiters; undefined: the program has none. */
  readonly conditionLock: number | undefined;
  /** Undefined: this Go has no coroutines. */
  readonly coroutine: Layout<typeof Coroutine> | undefined;
  readonly pollDescriptor: Layout<typeof PollDesc> | undefined;
  /** From the start of a lock to its semaphore; undefined where the program has none such. */
  readonly semaphores: {
    readonly mutex: number | undefined;
    readonly reader: number | undefined;
    readonly writer: number | undefined;
    readonly waitGroup: number | undefined;
  };
  /** Texts of g.waitreason, by number. */
  readonly waitReasons: readonly (string | undefined)[];
  /** Why the world is stopped, by number; empty where the runtime does not say (until go1.21, and where it is stripped). */
  readonly stopReasons: readonly (string | undefined)[];
  /** Where the collector has its numbers of bytes; undefined: that is not known. */
  readonly heap: { readonly live: number; readonly goal: number } | undefined;
  /** Where GOMAXPROCS is; undefined: that is not known. */
  readonly gomaxprocs: number | undefined;
}

/** Fields of the g that faults, from its start. */
export interface FaultFacts {
  /** Address of sigpanic0, which is made to look as if it had been called there. */
  readonly entry: number;
  readonly signal: number;
  readonly code0: number;
  readonly code1: number;
  readonly pc: number;
}

/** Throws a UserError where there is no Go runtime, or one that is not known. */
export function readSchedulerFacts(target: Target): SchedulerFacts {
  const runtime = findGoRuntime(target);
  if (runtime === undefined) throw noGoRuntime(target);
  const { layouts, module, image, version } = runtime;
  return {
    version,
    module,
    image,
    g: layouts.of(TracedG),
    status: layouts.of(G).status,
    m: layouts.of(TracedM),
    faults: faultFacts(runtime),
    p: layouts.of(TracedP),
    sudog: layouts.of(Sudog),
    channel: layouts.of(TracedChannel),
    conditionLock: conditionLock(layouts),
    coroutine: layouts.tryOf(Coroutine),
    pollDescriptor: layouts.tryOf(PollDesc),
    semaphores: {
      mutex: layouts.tryOf(MutexLayout)?.semaphore,
      reader: layouts.tryOf(RWMutex)?.readerSemaphore,
      writer: layouts.tryOf(RWMutex)?.writerSemaphore,
      waitGroup: layouts.tryOf(WaitGroup)?.semaphore,
    },
    waitReasons: readReasons(runtime),
    stopReasons: readStopReasons(runtime),
    heap: heapNumbers(runtime),
    gomaxprocs: runtime.tryGlobal(MOST_RUNNING),
  };
}

function faultFacts({ layouts, image: { functions }, module }: GoRuntime): FaultFacts | undefined {
  const index = functions?.byName('runtime.sigpanic0')[0];
  if (functions === undefined || index === undefined) return undefined;
  const { signal, signalCode0: code0, signalCode1: code1, signalPc: pc } = layouts.of(G);
  return { entry: module.toRuntime(functions.entry(index)), signal, code0, code1, pc };
}

function conditionLock(layouts: GoRuntime['layouts']): number | undefined {
  const condition = layouts.tryOf(Cond);
  const list = layouts.tryOf(NotifyList);
  return condition && list && condition.notify + list.lock;
}

/**
 * Strings of an array of the runtime as the binary has them. A position-independent program that has not begun has no
 * pointers to them in its memory yet.
 */
function textsOf({ image, module }: GoRuntime, array: RuntimeAddress, count: number): (string | undefined)[] {
  const headers = image.pointersAt(module.toLinked(array), count * STRING_HEADER);
  const view = new DataView(headers.buffer, headers.byteOffset, headers.length);
  return Array.from({ length: Math.floor(headers.length / STRING_HEADER) }, (_, i) => {
    const [data, length] = [i * STRING_HEADER, i * STRING_HEADER + 8].map((at) =>
      Number(view.getBigUint64(at, true)),
    );
    if (length === 0 || length! > LONGEST_REASON || !Number.isSafeInteger(data)) return undefined;
    const bytes = image.bytesAt(linkedAddress(data!), length!);
    return bytes.length === length ? decodeText(bytes) : undefined;
  });
}

/** The array ends where something stands that is no text of the runtime. */
function readReasons(runtime: GoRuntime): (string | undefined)[] {
  const reasons = new WaitReasons(runtime);
  const size = runtime.image.symbols.byName('runtime.waitReasonStrings')?.size;
  const count = size === undefined ? MOST_REASONS : Math.min(MOST_REASONS, size / STRING_HEADER);
  const texts = Array.from({ length: count }, (_, reason) => reasons.text(reason));
  const array = runtime.tryGlobal(WAIT_REASON_TEXTS);
  const isUntold = array !== undefined && texts.every((text) => text === undefined);
  return isUntold ? textsOf(runtime, array, count) : texts;
}

function readStopReasons(runtime: GoRuntime): (string | undefined)[] {
  const array = runtime.tryGlobal(STOP_REASON_TEXTS);
  const size = runtime.image.symbols.byName(STOP_REASON_TEXTS.name)?.size ?? 0;
  if (array === undefined) return [];
  return textsOf(runtime, array, Math.min(MOST_REASONS, Math.floor(size / STRING_HEADER)));
}

function heapNumbers(runtime: GoRuntime): SchedulerFacts['heap'] {
  const collector = runtime.tryGlobal(COLLECTOR);
  const layout = runtime.layouts.tryOf(GcController);
  if (collector === undefined || layout === undefined) return undefined;
  return { live: collector + layout.heapLive, goal: collector + layout.percentGoal };
}

/** The first bytes of a compiled function as the binary has them; undefined: there is none of this name. */
export function functionStart(
  { image, module }: Pick<SchedulerFacts, 'image' | 'module'>,
  name: string,
  length: number,
):
  | { readonly entry: ReturnType<typeof runtimeAddress>; readonly end: number; readonly bytes: Uint8Array }
  | undefined {
  const { functions } = image;
  const index = functions?.byName(name)[0];
  if (functions === undefined || index === undefined || functions.traits(index).assembly) return undefined;
  const entry = functions.entry(index);
  const end = functions.end(index);
  return {
    entry: module.toRuntime(entry),
    end: module.toRuntime(end),
    bytes: image.bytesAt(entry, Math.min(length, end - entry)),
  };
}
