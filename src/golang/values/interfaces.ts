import { type RuntimeAddress, TargetFault } from '../../base/index.ts';
import type { InterfaceType, Type } from '../../image/index.ts';
import type { Program } from '../program.ts';
import { DIRECT_INTERFACE, TypeFlags } from '../runtime-facts/values.ts';
import { layoutIn } from './shapes.ts';
import { Source } from './source.ts';

/** What an interface value holds. */
export interface DynamicValue {
  readonly type: Type;
  /** Of its `runtime._type`. */
  readonly runtimeType: RuntimeAddress;
  readonly source: Source;
  readonly offset: number;
}

/**
 * Both kinds of interfaces are two words, and the type stands second in an itab, in every release (the facts are
 * what `npm run check:runtime` verifies): runtime.eface {_type, data}, runtime.iface {tab, data}.
 */
const DATA = 8;
/** internal/abi ITab: {Inter, Type, Hash, …}. */
const ITAB_TYPE = 8;
/** Where the flags and the kind have always been in a `_type`, for binaries that do not say. */
const TFLAG_OFFSET = 20;
const KIND_OFFSET = 23;

/** The dynamic value of the interface at `offset`; undefined for nil. Throws where its type is not known. */
export function dynamicValue(
  program: Program,
  type: InterfaceType,
  source: Source,
  offset: number,
): DynamicValue | undefined {
  const dynamic = dynamicType(program, type, source, offset);
  return dynamic === undefined ? undefined : { ...dynamic, ...dynamicData(program, dynamic, source, offset) };
}

/** Its type only: the data may be gone where the type is known. */
export function dynamicType(
  program: Program,
  type: InterfaceType,
  source: Source,
  offset: number,
): Pick<DynamicValue, 'type' | 'runtimeType'> | undefined {
  const runtimeType = dynamicTypeAddress(program, type, source, offset);
  if (runtimeType === 0) return undefined;
  const dynamic = program.typeAt(runtimeType);
  if (dynamic === undefined) {
    throw new TargetFault('the dynamic type of the interface is not known: no type', runtimeType);
  }
  return { type: dynamic, runtimeType };
}

export function dynamicData(
  program: Program,
  dynamic: Pick<DynamicValue, 'runtimeType'>,
  source: Source,
  offset: number,
): Pick<DynamicValue, 'source' | 'offset'> {
  if (isDirect(program, dynamic.runtimeType)) return { source, offset: offset + DATA };
  const data = source.pointer(offset + DATA);
  return { source: Source.memory(program.target.memory, data), offset: 0 };
}

/** Address of the dynamic type's `runtime._type`; 0 for nil. */
function dynamicTypeAddress(
  program: Program,
  type: InterfaceType,
  source: Source,
  offset: number,
): RuntimeAddress {
  const word = source.pointer(offset);
  if (type.empty || word === 0) return word;
  return program.target.memory.pointer((word + ITAB_TYPE) as RuntimeAddress);
}

/** The value itself is in the data word, instead of a pointer to it. */
export function isDirect(program: Program, runtimeType: RuntimeAddress): boolean {
  const { tflag, kind } = typeOffsets(program);
  const { memory } = program.target;
  const flags =
    memory.uint8((runtimeType + tflag) as RuntimeAddress) |
    memory.uint8((runtimeType + kind) as RuntimeAddress);
  return (flags & DIRECT_INTERFACE) !== 0;
}

const offsets = new WeakMap<Program, { readonly tflag: number; readonly kind: number }>();

function typeOffsets(program: Program): { readonly tflag: number; readonly kind: number } {
  let found = offsets.get(program);
  if (found === undefined) {
    found = { tflag: TFLAG_OFFSET, kind: KIND_OFFSET };
    for (const name of TypeFlags.names) {
      const layout = layoutIn(program.typeNamed(name), TypeFlags);
      if (layout === undefined) continue;
      found = layout;
      break;
    }
    offsets.set(program, found);
  }
  return found;
}
