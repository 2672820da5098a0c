import { type RuntimeAddress, TargetFault, UserError } from '../../base/index.ts';
import type { Memory, Thread } from '../../target/index.ts';
import type { Read } from './condition.ts';
import { type PlaceCode, partOfPlace, readInteger, readWord } from './place-code.ts';

/** As long as what `expr` computes with. */
const LONGEST = 1 << 20;
const NOTHING = new Uint8Array(0);

/** The length of a string, slice or other list, from the second word of its header. */
export function readLength(place: PlaceCode): Read<number> {
  const read = readInteger(partOfPlace(place, 8, 8), 8, true);
  return (thread, memory) => {
    const length = read(thread, memory);
    if (length < 0n) throw new TargetFault(`invalid length: ${length}`);
    return Number(length);
  };
}

/** A string's bytes. */
export function readText(place: PlaceCode): Read<Uint8Array> {
  const data = readWord(partOfPlace(place, 0, 8));
  const length = readLength(place);
  return (thread, memory) => {
    const count = length(thread, memory);
    if (count > LONGEST) throw new UserError(`a string of ${count} bytes is too long to compute with`);
    return count === 0 ? NOTHING : memory.read(data(thread, memory) as RuntimeAddress, count).slice();
  };
}

/** Whether a string is this one; its bytes are looked at only if there are as many. */
export function isText(place: PlaceCode, wanted: Uint8Array): Read<boolean> {
  const data = readWord(partOfPlace(place, 0, 8));
  const length = readLength(place);
  const count = wanted.length;
  return (thread: Thread, memory: Memory) => {
    if (length(thread, memory) !== count) return false;
    if (count === 0) return true;
    const bytes = memory.read(data(thread, memory) as RuntimeAddress, count);
    for (let i = 0; i < count; i++) if (bytes[i] !== wanted[i]) return false;
    return true;
  };
}
