/**
 * How far behind a function's entry its stack has been checked (cmd/internal/obj/arm64/obj7.go, stacksplit): stackguard0 is
 * loaded from g, compared with sp, which a large frame's size was taken from, and `b.ls` leads to where it grows. 0: it has no
 * check. The return address is in x30 and x29 is the caller's there.
 */
export function behindArm64Check(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = Array.from({ length: Math.min(LONGEST_CHECK, bytes.length >> 2) }, (_, i) =>
    view.getUint32(4 * i, true),
  );
  if (words[0] !== LOAD_GUARD) return 0;
  return 4 * (words.findIndex((word) => (word & 0xff00001f) >>> 0 === BRANCH_IF_LOWER_OR_SAME) + 1);
}

/** ldr x16, [x28, #16]: g.stackguard0. */
const LOAD_GUARD = 0xf9400b90;
const BRANCH_IF_LOWER_OR_SAME = 0x54000009;
/** A huge frame's size is put together by two instructions, and the difference looked at for an overflow. */
const LONGEST_CHECK = 8;
