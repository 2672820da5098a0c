import { type RuntimeAddress, TargetFault } from '../../base/index.ts';
import type { ChanType, StructType } from '../../image/index.ts';
import type { Memory } from '../../target/index.ts';
import { fieldNamed, structOf, targetOf } from './shapes.ts';
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
  const source = Source.memory(memory, pointer);
  const offset = (name: string): number => {
    const field = fieldNamed(header, name);
    if (field === undefined) throw new TargetFault(`the layout of ${type.name} is not known`);
    return field.offset;
  };
  const length = source.uint64(offset('qcount'));
  const capacity = source.uint64(offset('dataqsiz'));
  if (length > capacity)
    throw new TargetFault(`channel is damaged: ${length} of ${capacity} elements`, pointer);
  return {
    header: header!,
    source,
    length,
    capacity,
    closed: source.uint32(offset('closed')) !== 0,
    buffer: Source.memory(memory, source.pointer(offset('buf'))),
    receiveIndex: source.uint64(offset('recvx')),
  };
}

/** Offset in the buffer of the element that is received after `index` others. */
export function queuedOffset(channel: Channel, type: ChanType, index: number): number {
  return ((channel.receiveIndex + index) % channel.capacity) * type.element.size;
}
