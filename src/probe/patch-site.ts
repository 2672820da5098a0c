import type { RuntimeAddress } from '../base/index.ts';

/** `jmp rel32`: what a probe puts over the first bytes of its window. */
export const JUMP_LENGTH = 5;
/** Bytes of a function that are looked at. */
export const PROLOGUE_BYTES = 40;

/**
 * Where a function is patched: behind the check of its stack, so that the check's restart does not fire the probe
 * twice. The window holds only moves of the stack and frame pointer: nothing that can fault, branch or depend on where
 * it stands. There RBP is the caller's frame pointer and RSP points to the return address. Nothing but the first byte is
 * ever jumped to: the compiler's prologue is its function's first block.
 */
export interface PatchSite {
  readonly name: string;
  readonly address: RuntimeAddress;
  /** The bytes of the window, which are whole instructions and at least JUMP_LENGTH long. */
  readonly original: Uint8Array;
}

type Pattern = readonly (number | undefined)[];

/** `lea r12, [rsp-N]`: the frame is large (cmd/internal/obj/x86/obj6.go, stacksplit). */
const LARGE_FRAME: readonly Pattern[] = [
  [0x4c, 0x8d, 0x64, 0x24, undefined],
  [0x4c, 0x8d, 0xa4, 0x24, undefined, undefined, undefined, undefined],
];
/** `cmp rsp, [r14+16]`, with r12 instead if the frame is large, or the second guard on system stacks. */
const CHECKS: readonly Pattern[] = [
  [0x49, 0x3b, 0x66, 0x10],
  [0x49, 0x3b, 0x66, 0x18],
  [0x4d, 0x3b, 0x66, 0x10],
  [0x4d, 0x3b, 0x66, 0x18],
];
/** `jbe`, short and long. */
const BELOW: readonly Pattern[] = [
  [0x76, undefined],
  [0x0f, 0x86, undefined, undefined, undefined, undefined],
];
/** `push rbp; mov rbp, rsp; sub rsp, N` since go1.21; before, `sub rsp, N; mov [rsp+M], rbp`. */
const WINDOWS: readonly Pattern[] = [
  [0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, undefined],
  [0x55, 0x48, 0x89, 0xe5, 0x48, 0x81, 0xec, undefined, undefined, undefined, undefined],
  [0x48, 0x83, 0xec, undefined, 0x48, 0x89, 0x6c, 0x24, undefined],
  [0x48, 0x81, 0xec, undefined, undefined, undefined, undefined],
];

/** The window of a compiled function that starts with these bytes; undefined: it begins in no way that we know. */
export function patchSite(name: string, entry: RuntimeAddress, bytes: Uint8Array): PatchSite | undefined {
  let at = skip(LARGE_FRAME, bytes, 0);
  const check = skip(CHECKS, bytes, at);
  if (check > at) {
    const behind = skip(BELOW, bytes, check);
    if (behind === check) return undefined;
    at = behind;
  } else if (at > 0) return undefined;
  const end = skip(WINDOWS, bytes, at);
  if (end - at < JUMP_LENGTH) return undefined;
  return { name, address: (entry + at) as RuntimeAddress, original: bytes.slice(at, end) };
}

/** Behind the first pattern that is there, or where it was asked. */
function skip(patterns: readonly Pattern[], bytes: Uint8Array, at: number): number {
  const found = patterns.find((pattern) =>
    pattern.every((byte, i) => at + i < bytes.length && (byte === undefined || bytes[at + i] === byte)),
  );
  return at + (found?.length ?? 0);
}

/** What stands in the window while the probe is on. The rest of it is never reached: a trap, should it ever be. */
export function patchBytes(site: PatchSite, trampoline: number): Uint8Array {
  const patch = new Uint8Array(site.original.length).fill(0xcc);
  patch[0] = 0xe9;
  new DataView(patch.buffer).setInt32(1, trampoline - (site.address + JUMP_LENGTH), true);
  return patch;
}
