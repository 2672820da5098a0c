import { type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { MapType } from '../../image/index.ts';
import type { GoRuntime } from '../go-runtime.ts';
import { Label } from '../runtime-facts/structs.ts';
import { ClassicMap } from '../runtime-facts/values.ts';
import { classicEntries } from '../values/map-classic.ts';
import { mapEntries } from '../values/map-entries.ts';

/** More labels than a program can mean; a damaged count ends here. */
const MAX_LABELS = 10_000;
const STRING = 16;
const CELLS = 8;

/** map[string]string up to go1.23, for binaries that have lost their types: runtime/map.go, bmap. */
const STRING_BUCKETS = {
  bucketSize: CELLS + 2 * CELLS * STRING + 8,
  cells: CELLS,
  tophash: 0,
  keys: { offset: CELLS, stride: STRING, indirect: false },
  elements: { offset: CELLS + CELLS * STRING, stride: STRING, indirect: false },
  overflow: CELLS + 2 * CELLS * STRING,
};

/**
 * The pprof labels at `g.labels` (runtime/pprof/label.go, labelMap): a map until go1.23, a sorted slice of pairs
 * since go1.24. Which it is, the type's shape tells; without DWARF the version has to.
 */
export function readLabels(runtime: GoRuntime, labels: number): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (labels === 0) return found;
  const type = runtime.image.debugInfo?.typeNamed('runtime/pprof.labelMap');
  const isMap = type === undefined ? (runtime.minor ?? Infinity) < 24 : type.kind === 'map';
  const pairs = isMap
    ? mapPairs(runtime, labels, type?.kind === 'map' ? type : undefined)
    : slicePairs(runtime, labels);
  for (const [key, value] of pairs) {
    if (found.size >= MAX_LABELS) break;
    found.set(key, value);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function* mapPairs(
  runtime: GoRuntime,
  labels: number,
  type: MapType | undefined,
): Generator<[string, string]> {
  const { memory } = runtime;
  const pointer = memory.pointer(runtimeAddress(labels));
  const entries =
    type === undefined
      ? classicEntries(memory, { map: runtime.layout(ClassicMap), ...STRING_BUCKETS }, pointer)
      : mapEntries(memory, type, pointer);
  for (const entry of entries) {
    const key = entry.key.addressOf(entry.keyOffset);
    const value = entry.element.addressOf(entry.elementOffset);
    if (key !== undefined && value !== undefined) yield [text(runtime, key), text(runtime, value)];
  }
}

function* slicePairs(runtime: GoRuntime, labels: number): Generator<[string, string]> {
  const { memory } = runtime;
  const layout = runtime.layouts.tryOf(Label) ?? { key: 0, value: STRING, size: 2 * STRING };
  const array = memory.pointer(runtimeAddress(labels));
  const count = memory.uint64(runtimeAddress(labels + 8));
  for (let i = 0; i < Math.min(count, MAX_LABELS); i++) {
    const pair = array + i * layout.size;
    yield [
      text(runtime, runtimeAddress(pair + layout.key)),
      text(runtime, runtimeAddress(pair + layout.value)),
    ];
  }
}

function text(runtime: GoRuntime, header: RuntimeAddress): string {
  const found = runtime.stringAt(header);
  if (found === undefined) throw new TargetFault('cannot read a label', header);
  return found;
}
