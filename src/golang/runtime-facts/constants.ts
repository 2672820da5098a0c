import { FUNCDATA_INL_TREE, PCDATA_INL_TREE_INDEX } from '../../image/index.ts';

/**
 * Numbers of the runtime, each with the constant it repeats; `constantFacts` is the same list in the form that
 * `npm run check:runtime` verifies.
 */
interface ConstantFacts {
  /** Package folder and name of the constant in Go's sources. */
  readonly folder: string;
  readonly name: string;
  readonly value: number;
  readonly since?: number;
  readonly until?: number;
}

const facts: ConstantFacts[] = [];

function constant(
  folder: string,
  name: string,
  value: number,
  versions: { since?: number; until?: number } = {},
): number {
  facts.push({ folder, name, value, ...versions });
  return value;
}

/** runtime/runtime2.go, by number. Leaked came with go1.26, dead extra Ms with go1.26. */
export const GOROUTINE_STATES = [
  '_Gidle',
  '_Grunnable',
  '_Grunning',
  '_Gsyscall',
  '_Gwaiting',
  '_Gmoribund_unused',
  '_Gdead',
  '_Genqueue_unused',
  '_Gcopystack',
  '_Gpreempted',
  '_Gleaked',
  '_Gdeadextra',
] as const;
const STATE_SINCE: ReadonlyMap<string, number> = new Map([
  ['_Gleaked', 26],
  ['_Gdeadextra', 26],
]);
for (const [value, name] of GOROUTINE_STATES.entries()) {
  const since = STATE_SINCE.get(name);
  constant('runtime', name, value, since === undefined ? {} : { since });
}

/** runtime/mgclimit.go: how many bits of a limiterEventStamp are the kind of the event. */
export const LIMITER_EVENT_BITS = constant('runtime', 'limiterEventBits', 3);

/** Set in g.atomicstatus while the collector scans the stack. */
export const SCAN_BIT = constant('runtime', '_Gscan', 0x1000);

/** runtime/sema.go */
export const SEMAPHORE_TABLE_SIZE = constant('runtime', 'semTabSize', 251);
/** internal/cpu/cpu_x86.go; cpu_arm64.go has 128. A root of semtable is padded to this. */
export const CACHE_LINE = {
  amd64: constant('internal/cpu', 'CacheLinePadSize', 64),
  arm64: 128,
} as const;

/** runtime/mfinal.go */
export const FINALIZER_RUNNING = constant('runtime', 'fingRunningFinalizer', 2, { since: 20 });

/** runtime/mheap.go: mSpanState. */
export const SPAN_IN_USE = constant('runtime', 'mSpanInUse', 1);
export const SPAN_MANUAL = constant('runtime', 'mSpanManual', 2);

/** runtime/malloc.go: heapArenaBytes and the page size on 64-bit Linux; arenaBaseOffset is 0 but on amd64. */
export const HEAP_ARENA_BYTES = 64 * 1024 * 1024;
export const PAGE_BYTES = 8192;
/** 1 << arenaL2Bits with 48-bit addresses: 48 − 26. */
export const ARENAS = 1 << 22;
/** arenaBaseOffset = 0xffff800000000000 on amd64: the index of address 0 is 1 << 21. */
export const ARENA_OF_ZERO = { amd64: 1 << 21, arm64: 0 } as const;

/** internal/abi/symtab.go (runtime/funcdata.h before go1.21) */
export const PCDATA_STACK_MAP_INDEX = constant('internal/abi', 'PCDATA_StackMapIndex', 1, { since: 21 });
export const FUNCDATA_ARGS_POINTER_MAPS = constant('internal/abi', 'FUNCDATA_ArgsPointerMaps', 0, {
  since: 21,
});
export const FUNCDATA_LOCALS_POINTER_MAPS = constant('internal/abi', 'FUNCDATA_LocalsPointerMaps', 1, {
  since: 21,
});
export const FUNCDATA_STACK_OBJECTS = constant('internal/abi', 'FUNCDATA_StackObjects', 2, { since: 21 });
export const FUNCDATA_OPEN_CODED_DEFERS = constant('internal/abi', 'FUNCDATA_OpenCodedDeferInfo', 4, {
  since: 21,
});

constant('internal/abi', 'PCDATA_InlTreeIndex', PCDATA_INL_TREE_INDEX, { since: 21 });
constant('internal/abi', 'FUNCDATA_InlTree', FUNCDATA_INL_TREE, { since: 21 });

/** internal/abi/type.go: Kind and TFlag. Before go1.21 the same numbers were in runtime/typekind.go and type.go. */
export const KIND = {
  bool: constant('internal/abi', 'Bool', 1, { since: 21 }),
  int: constant('internal/abi', 'Int', 2, { since: 21 }),
  int8: constant('internal/abi', 'Int8', 3, { since: 21 }),
  int16: constant('internal/abi', 'Int16', 4, { since: 21 }),
  int32: constant('internal/abi', 'Int32', 5, { since: 21 }),
  int64: constant('internal/abi', 'Int64', 6, { since: 21 }),
  uint: constant('internal/abi', 'Uint', 7, { since: 21 }),
  uint8: constant('internal/abi', 'Uint8', 8, { since: 21 }),
  uint16: constant('internal/abi', 'Uint16', 9, { since: 21 }),
  uint32: constant('internal/abi', 'Uint32', 10, { since: 21 }),
  uint64: constant('internal/abi', 'Uint64', 11, { since: 21 }),
  uintptr: constant('internal/abi', 'Uintptr', 12, { since: 21 }),
  float32: constant('internal/abi', 'Float32', 13, { since: 21 }),
  float64: constant('internal/abi', 'Float64', 14, { since: 21 }),
  complex64: constant('internal/abi', 'Complex64', 15, { since: 21 }),
  complex128: constant('internal/abi', 'Complex128', 16, { since: 21 }),
  string: constant('internal/abi', 'String', 24, { since: 21 }),
} as const;
/** The low bits of the kind byte; above them were flags until go1.23. */
export const KIND_MASK = 31;
/** The name in `_type.str` begins with an extra `*`. */
export const TFLAG_EXTRA_STAR = constant('internal/abi', 'TFlagExtraStar', 2, { since: 21 });

/** The index is the code; internal/abi/bounds.go, until go1.25 runtime/error.go in lower case. */
const BOUNDS_CODES = [
  'BoundsIndex',
  'BoundsSliceAlen',
  'BoundsSliceAcap',
  'BoundsSliceB',
  'BoundsSlice3Alen',
  'BoundsSlice3Acap',
  'BoundsSlice3B',
  'BoundsSlice3C',
  'BoundsConvert',
];
for (const [value, name] of BOUNDS_CODES.entries()) {
  constant('internal/abi', name, value, { since: 26 });
  constant('runtime', name.replace('B', 'b'), value, { until: 25 });
}

/** Every constant above, for `npm run check:runtime`. */
export const constantFacts: readonly ConstantFacts[] = facts;
