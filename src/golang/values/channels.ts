import { type RuntimeAddress, TargetFault } from '../../base/index.ts';
import type { ChanType, StructType } from '../../image/index.ts';
import type { Memory } from '../../target/index.ts';
import { Hchan } from '../runtime-facts/structs.ts';
import { layoutIn, structOf, targetOf } from './shapes.ts';
import { Source } from './source.ts';

/** A channel's `runtime.hchan` (runtime/chan.go), as the linker wrote it for this element type (`hchan<T>`). */
export interface Channel {
  readonly header: StructType;
  readonly source: Source;
  readonly length: number;
  readonly capacity: number;
  readonly closed: boolean;
  readonly buffer: Source;
  readonly receiveIndex: number;
}

/** The channel that a variable of this type points to; `pointer` must not be 0. */
export function channelAt(memory: Memory, type: ChanType, pointer: RuntimeAddress): Channel {
  const header = structOf(targetOf(type.pointer));
  const layout = layoutIn(header, Hchan);
  if (header === undefined || layout === undefined) {
    throw new TargetFault(`the layout of ${type.name} is not known`);
  }
  const source = Source.memory(memory, pointer);
  const length = source.uint64(layout.length);
  const capacity = source.uint64(layout.capacity);
  if (length > capacity)
    throw new TargetFault(`channel is damaged: ${length} of ${capacity} elements`, pointer);
  return {
    header,
    source,
    length,
    capacity,
    closed: source.uint32(layout.closed) !== 0,
    buffer: Source.memory(memory, source.pointer(layout.buffer)),
    receiveIndex: source.uint64(layout.receiveIndex),
  };
}

/** Offset in the buffer of the element that is received after `index` others. */
export function queuedOffset(channel: Channel, type: ChanType, index: number): number {
  return ((channel.receiveIndex + index) % channel.capacity) * type.element.size;
}
