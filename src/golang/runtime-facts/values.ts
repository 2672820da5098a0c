import { field, struct } from './form.ts';

/** What maps, interfaces and times are made of; the linker's types for one map (`map<K,V>`) have the same fields. */

/** runtime/map.go, until Swiss tables came. */
export const ClassicMap = struct(
  'runtime.hmap',
  {
    count: field('int64', 'count'),
    flags: field('uint8', 'flags'),
    logBuckets: field('uint8', 'B'),
    buckets: field('word', 'buckets'),
    oldBuckets: field('word', 'oldbuckets'),
  },
  { until: 23 },
);
export const ClassicBucket = struct('runtime.bmap', { tophash: field('inline', 'tophash') }, { until: 23 });

/** internal/runtime/maps */
export const SwissMap = struct(
  'internal/runtime/maps.Map',
  {
    used: field('uint64', 'used'),
    directory: field('word', 'dirPtr'),
    directoryLength: field('int64', 'dirLen'),
  },
  { since: 24 },
);
export const SwissTable = struct(
  'internal/runtime/maps.table',
  {
    index: field('int64', 'index'),
    groups: field('word', 'groups.data'),
    lengthMask: field('uint64', 'groups.lengthMask'),
  },
  { since: 24 },
);

/** runtime/runtime2.go */
export const EmptyInterface = struct('runtime.eface', {
  type: field('word', '_type'),
  data: field('word', 'data'),
});
export const Interface = struct('runtime.iface', {
  table: field('word', 'tab'),
  data: field('word', 'data'),
});
export const InterfaceTable = struct(['internal/abi.ITab', 'runtime.itab'], {
  type: field('word', 'Type', '_type'),
});
export const TypeFlags = struct(['internal/abi.Type', 'runtime._type'], {
  tflag: field('uint8', 'TFlag', 'tflag'),
  kind: field('uint8', 'Kind_', 'kind'),
});

/** time/time.go */
export const Time = struct('time.Time', {
  wall: field('uint64', 'wall'),
  ext: field('int64', 'ext'),
  location: field('word', 'loc'),
});
/** time/zoneinfo.go */
export const TimeLocation = struct('time.Location', {
  zones: field('slice', 'zone'),
  transitions: field('slice', 'tx'),
  extend: field('string', 'extend'),
  cacheStart: field('int64', 'cacheStart'),
  cacheEnd: field('int64', 'cacheEnd'),
  cacheZone: field('word', 'cacheZone'),
});
export const TimeZone = struct('time.zone', { offset: field('int64', 'offset') });
export const TimeTransition = struct('time.zoneTrans', {
  when: field('int64', 'when'),
  index: field('uint8', 'index'),
});

interface ValueConstant {
  readonly folder: string;
  readonly name: string;
  readonly value: number;
  readonly since?: number;
  readonly until?: number;
}

const constants: ValueConstant[] = [];

function constant(
  folder: string,
  name: string,
  value: number,
  versions: { since?: number; until?: number },
): number {
  constants.push({ folder, name, value, ...versions });
  return value;
}

/** runtime/map.go: tophash values below minTopHash mark cells that hold nothing here. */
export const EMPTY_ONE = constant('runtime', 'emptyOne', 1, { until: 23 });
export const MIN_TOP_HASH = constant('runtime', 'minTopHash', 5, { until: 23 });
/** hmap.flags: the map grows to a new array of the same size. */
export const SAME_SIZE_GROW = constant('runtime', 'sameSizeGrow', 8, { until: 23 });
/** internal/runtime/maps/group.go: a control byte with this bit set is of an empty or deleted slot. */
export const SLOT_NOT_FULL = constant('internal/runtime/maps', 'ctrlEmpty', 0x80, { since: 24 });
/**
 * internal/abi Type.IsDirectIface: up to go1.25 a bit of the kind (KindDirectIface), then one of the flags
 * (TFlagDirectIface). It is the same bit number, and neither field uses it in the other's releases.
 */
export const DIRECT_INTERFACE = constant('internal/abi', 'KindDirectIface', 1 << 5, { since: 21 });
constant('internal/abi', 'TFlagDirectIface', DIRECT_INTERFACE, { since: 26 });
/** runtime/map.go, internal/abi: larger keys and elements are kept behind pointers. */
export const MAX_INLINE = constant('internal/abi', 'MapMaxKeyBytes', 128, { since: 26 });
constant('internal/abi', 'MapMaxElemBytes', MAX_INLINE, { since: 26 });

/** For `npm run check:runtime`. */
export const valueConstants: readonly ValueConstant[] = constants;
