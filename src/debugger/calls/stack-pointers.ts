import type { Type } from '../../image/index.ts';

/** Whether a value holds a pointer into these addresses. */
export function pointsInto(
  type: Type,
  bytes: Uint8Array,
  { low, high }: { readonly low: number; readonly high: number },
): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return pointerOffsets(type, 0, bytes.length).some((offset) => {
    const pointer = Number(view.getBigUint64(offset, true));
    return pointer >= low && pointer < high;
  });
}

/** Offsets of the words that are pointers. */
function pointerOffsets(type: Type, offset: number, size: number): readonly number[] {
  if (offset + 8 > size) return [];
  switch (type.kind) {
    case 'pointer':
    case 'map':
    case 'chan':
    case 'func':
    case 'string':
    case 'slice':
      return [offset];
    case 'interface':
      return [offset + 8];
    case 'alias':
      return pointerOffsets(type.underlying, offset, size);
    case 'struct':
      return type.fields.flatMap((field) => pointerOffsets(field.type, offset + field.offset, size));
    case 'array': {
      const offsets: number[] = [];
      const { element } = type;
      if (pointerOffsets(element, 0, element.size).length === 0) return offsets;
      for (let at = 0; at < type.length * element.size && element.size > 0; at += element.size) {
        offsets.push(...pointerOffsets(element, offset + at, size));
      }
      return offsets;
    }
    default:
      return [];
  }
}
