import { targetOf, underlying } from '../../golang/values/shapes.ts';
import type { Type } from '../../image/index.ts';
import type { CallLayout, StoredValue } from './call-layout.ts';

/** Fields of a struct that a short line shows: SHORT_LIMITS. */
const SHOWN_FIELDS = 3;

/**
 * Whether what a short line shows of the values of a call (SHORT_LIMITS) is all in its record. Otherwise it would be read
 * when the call is told of, and may be something else by then: what maps, channels and functions lead to. Of interfaces
 * the type is read then, which stays; nobody writes what they hold, but its memory may have become something else's, and
 * who shows it says so.
 */
export function isWholeInRecord(layout: CallLayout): boolean {
  return layout.values.every((value) => {
    const { type, pieces, kept } = value;
    if (pieces.length === 0) return true;
    return kept >= type.size && isWhole(type, 0, 0, layout, value);
  });
}

function isWhole(type: Type, offset: number, level: number, layout: CallLayout, value: StoredValue): boolean {
  const real = underlying(type);
  switch (real.kind) {
    case 'bool':
    case 'int':
    case 'enum':
    case 'float':
    case 'complex':
    // Of lists their lengths are shown.
    case 'slice':
    case 'array':
    case 'interface':
      return true;
    case 'pointer':
      // Of C's strings more than the address is shown.
      return !real.fromC && targetOf(real) !== undefined;
    case 'string':
      return hasContents(offset, layout, value);
    case 'struct': {
      if (level > 0) return true;
      if (type.name === 'time.Time') return false;
      const shown = real.fields.slice(0, SHOWN_FIELDS);
      return shown.every((field) => isWhole(field.type, offset + field.offset, level + 1, layout, value));
    }
    default:
      return false;
  }
}

/** Whether the beginning of what a string at this offset of a value points to is in the record. */
function hasContents(offset: number, { contents }: CallLayout, { pieces }: StoredValue): boolean {
  const piece = pieces.find((each) => each.offset <= offset && offset < each.offset + each.size);
  return (
    piece !== undefined && contents.some(({ pointerAt }) => pointerAt === piece.at + offset - piece.offset)
  );
}
