import { decodeText, runtimeAddress } from '../../base/index.ts';
import type { Thread } from '../../target/index.ts';
import type { GoProgram } from '../go-program.ts';

/** runtime/panic.go: each takes the text as its only argument and keeps it in a closure for systemstack. */
const THROWING: ReadonlySet<string> = new Set(['runtime.throw', 'runtime.fatal']);
const LONGEST_TEXT = 1000;
const LARGEST_FRAME = 1024;
/** The register arguments' spill area is behind the return address. */
const SPILLED = 16;

/**
 * The text of the `fatal error:` that a thread is dying of. Nothing in the runtime keeps it but the frame of throw
 * or fatal: there the closure {code, text pointer, text length} is built that prints it. The first pair of words
 * there that is a printable text is it; this holds without debug information too.
 */
export function throwText(program: GoProgram, thread: Thread): string | undefined {
  let found: string | undefined;
  program.visitThread(thread, (cursor, point, extent) => {
    if (point.fn === undefined || !THROWING.has(point.fn.name) || extent.cfa === 0) return true;
    found = textInFrame(program, cursor.sp, extent.cfa + SPILLED);
    return found === undefined;
  });
  return found;
}

function textInFrame(program: GoProgram, from: number, to: number): string | undefined {
  const { memory } = program.runtime;
  const bytes = memory.readUpTo(runtimeAddress(from), Math.min(LARGEST_FRAME, to - from));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (i: number): number => view.getUint32(i, true) + view.getUint32(i + 4, true) * 2 ** 32;
  for (let i = 0; i + 16 <= bytes.length; i += 8) {
    const length = word(i + 8);
    if (length < 2 || length > LONGEST_TEXT) continue;
    const text = memory.tryRead(runtimeAddress(word(i)), length);
    if (text === undefined) continue;
    const decoded = decodeText(text);
    if (/^[\p{L}\p{P}\p{N}\p{S} \n\t]+$/u.test(decoded)) return decoded;
  }
  return undefined;
}
