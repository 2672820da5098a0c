import type { LinkedAddress } from '../../base/index.ts';
import type { CodeFunction } from '../code/code-point.ts';
import type { GoRuntime } from '../go-runtime.ts';
import {
  FUNCDATA_ARGS_POINTER_MAPS,
  FUNCDATA_LOCALS_POINTER_MAPS,
  FUNCDATA_STACK_OBJECTS,
  PCDATA_STACK_MAP_INDEX,
} from '../runtime-facts/constants.ts';

/** Which words of a range hold live pointers. */
export interface PointerMap {
  /** Bytes of the range. */
  readonly size: number;
  /** Where in it the live words are. */
  readonly offsets: readonly number[];
}

/** A variable whose address is taken: it lies so far from the frame's varp if negative, else from its arguments. */
export interface StackObject {
  readonly offset: number;
  readonly size: number;
}

/** What the compiler noted for the collector of a frame at one address. Where a map is damaged, it is as if there were none. */
export interface FrameMap {
  /** They end at the frame's varp. undefined: there is no map, any word may be a pointer. */
  readonly locals: PointerMap | undefined;
  /** They begin at the frame's argp. undefined: there is no map. */
  readonly args: PointerMap | undefined;
  readonly objects: readonly StackObject[] | undefined;
}

const NONE: PointerMap = { size: 0, offsets: [] };
/** Larger ones are no maps: a frame has 1 GB at most, and no function has so many variables. */
const MOST_WORDS = 1 << 24;
const MOST_OBJECTS = 1 << 16;
/** runtime/stack.go: stackObjectRecord {off, size, ptrBytes int32; gcdataoff uint32}, behind a count of 8 bytes. */
const OBJECT_BYTES = 16;

/**
 * The stack map at a place in a function (runtime/stkframe.go, getStackMap): PCDATA_StackMapIndex is the number of the
 * bitmap in FUNCDATA_ArgsPointerMaps and FUNCDATA_LocalsPointerMaps, each a runtime.stackmap {n, nbit int32; bytes}.
 * −1, as in a prologue, means the first. `pc` is inside the call, or the function's entry.
 */
export function readFrameMap(runtime: GoRuntime, fn: CodeFunction, pc: LinkedAddress): FrameMap {
  const functions = fn.module.image!.functions!;
  const index = Math.max(0, functions.pcdata(pc, PCDATA_STACK_MAP_INDEX) ?? 0);
  const mapOf = (which: number): PointerMap | undefined => {
    const table = functions.funcdata(fn.index, which);
    return table === undefined ? undefined : readStackMap(runtime, fn, table, index);
  };
  return {
    locals: mapOf(FUNCDATA_LOCALS_POINTER_MAPS),
    args: mapOf(FUNCDATA_ARGS_POINTER_MAPS),
    objects: readObjects(runtime, fn, functions.funcdata(fn.index, FUNCDATA_STACK_OBJECTS)),
  };
}

function readStackMap(
  { memory }: GoRuntime,
  fn: CodeFunction,
  table: LinkedAddress,
  index: number,
): PointerMap | undefined {
  const at = fn.module.toRuntime(table);
  const maps = memory.uint32(at);
  const count = memory.uint32(fn.module.toRuntime((table + 4) as LinkedAddress));
  if (maps === 0) return undefined;
  if (count === 0) return NONE;
  if (index >= maps || count > MOST_WORDS) return undefined;
  const bytes = Math.ceil(count / 8);
  const marks = memory.read(fn.module.toRuntime((table + 8 + index * bytes) as LinkedAddress), bytes);
  const offsets: number[] = [];
  for (let i = 0; i < count; i++) if ((marks[i >> 3]! & (1 << (i & 7))) !== 0) offsets.push(i * 8);
  return { size: count * 8, offsets };
}

function readObjects(
  { memory }: GoRuntime,
  fn: CodeFunction,
  table: LinkedAddress | undefined,
): readonly StackObject[] | undefined {
  if (table === undefined) return [];
  const at = fn.module.toRuntime(table);
  const count = memory.uint64(at);
  if (count > MOST_OBJECTS) return undefined;
  const records = memory
    .read(fn.module.toRuntime((table + 8) as LinkedAddress), count * OBJECT_BYTES)
    .slice();
  const view = new DataView(records.buffer);
  return Array.from({ length: count }, (_, i) => ({
    offset: view.getInt32(i * OBJECT_BYTES, true),
    size: view.getInt32(i * OBJECT_BYTES + 4, true),
  }));
}
