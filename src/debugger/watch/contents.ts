import { type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';
import { dynamicType, isDirect } from '../../golang/values/interfaces.ts';
import { underlying } from '../../golang/values/shapes.ts';
import { Source } from '../../golang/values/source.ts';
import type { InterfaceType, Type } from '../../image/index.ts';
import type { WatchedRange } from './watchpoint.ts';

/** More is no string or slice, but damage. */
const MOST_CONTENTS = 2 ** 40;
const NOWHERE = runtimeAddress(0);

/** What a string, slice or interface refers to; of an interface the type too, which may be another each time. */
export interface Contents extends WatchedRange {
  readonly held?: { readonly type: Type | undefined };
}

/** By the words of the variable: reflect.StringHeader, reflect.SliceHeader, runtime.eface and runtime.iface. */
export function contentsOf(program: Program, header: Uint8Array, type: Type): Contents {
  const real = underlying(type);
  if (real.kind === 'interface') return heldBy(program, header, real);
  const step = real.kind === 'slice' ? real.element.size : 1;
  const size = word(header, 1) * step;
  if (!(size < MOST_CONTENTS)) throw new TargetFault(`a length of ${size} bytes is none`);
  return { address: runtimeAddress(word(header, 0)), size };
}

/** Its value, or the variable that it points to. */
function heldBy(program: Program, header: Uint8Array, type: InterfaceType): Contents {
  const source = Source.bytes(program.target.memory, header);
  const dynamic = dynamicType(program, type, source, 0);
  if (dynamic === undefined) return { address: NOWHERE, size: 0, held: { type: undefined } };
  const data: RuntimeAddress = runtimeAddress(word(header, 1));
  if (!isDirect(program, dynamic.runtimeType)) return rangeOf(data, dynamic.type);
  const pointer = underlying(dynamic.type);
  if (pointer.kind === 'pointer' && pointer.target !== undefined) return rangeOf(data, pointer.target);
  throw new TargetFault(
    `it holds a ${dynamic.type.name ?? pointer.kind}, which is in the interface itself`,
    undefined,
    'without -contents the interface is watched',
  );
}

const rangeOf = (address: RuntimeAddress, type: Type): Contents =>
  address === 0
    ? { address, size: 0, held: { type: undefined } }
    : { address, size: type.size, held: { type } };

/**
 * Whether an interface has been assigned by half: the type is written before the data (cmd/compile/internal/ssagen,
 * storeTypeScalars before storeTypePtrs). A second write of the same type is the data's, which stays the same then.
 */
export class HalfAssigned {
  #type: number | undefined;

  is(before: Uint8Array, after: Uint8Array): boolean {
    const type = word(after, 0);
    const isHalf = word(before, 1) === word(after, 1) && (word(before, 0) === type || this.#type !== type);
    this.#type = isHalf && word(before, 0) !== type ? type : undefined;
    return isHalf;
  }
}

const word = (header: Uint8Array, index: number): number =>
  Number(new DataView(header.buffer, header.byteOffset, header.byteLength).getBigUint64(index * 8, true));
