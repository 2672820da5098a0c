import type { RuntimeAddress } from '../base/index.ts';
import type { IndexedMemory, Register } from './operands.ts';

/** `jmp rel32`: what a probe puts over the first bytes of its window. */
export const JUMP_LENGTH = 5;
/** Bytes of a function that are looked at. */
export const PROLOGUE_BYTES = 40;

/** Registers of a `lock cmpxchg dword [base+offset], next`, which expects what is in EAX. */
export interface Exchange {
  readonly base: Register;
  readonly next: Register;
}

/** An instruction of a window; `at` counts from the window's first byte. */
export type Step = { readonly at: number; readonly length: number } & (
  | { readonly kind: 'plain'; readonly distanceAt?: number }
  /**
   * It may be given an address that does not exist: one in the first page, that of a nil pointer, must be noticed before
   * it. `scratch` and the flags are free there. Should any other address not exist, RSP must point to the return address:
   * the runtime takes it for a call that has failed (runtime/signal_unix.go, shouldPushSigpanic). If it does so at the
   * beginning of the window only, the memory is touched there.
   */
  | {
      readonly kind: 'guarded';
      readonly memory: IndexedMemory;
      readonly scratch: Register;
      readonly touched?: 'read' | 'written';
    }
  | { readonly kind: 'branch'; readonly condition: number; readonly target: number }
  | { readonly kind: 'jump'; readonly target: number }
  | { readonly kind: 'return' }
);

/**
 * A window of whole instructions that a probe puts its jump over, and executes in its trampoline instead. Nothing in it is
 * seen from outside, and nothing but its first byte is ever jumped or returned to. Without `steps` nothing in it can
 * fault or branch.
 */
export interface PatchSite {
  readonly name: string;
  readonly address: RuntimeAddress;
  /** The bytes of the window, at least JUMP_LENGTH of them unless it is trapped. */
  readonly original: Uint8Array;
  /** How many of them are moved; behind them stands a `ret`, and what is never executed. Undefined: all. */
  readonly movedBytes?: number;
  /** The window ends with the check of the stack: where its branch leads if the stack must grow. */
  readonly growsAt?: number;
  /** The window is this instruction, in the middle of a function: a probe behind it fires if it has exchanged. */
  readonly exchange?: Exchange;
  /** 32-bit distances, relative to the end of their instructions, that change as they move. */
  readonly distances?: readonly number[];
  /** Its instructions, where not all of them are good elsewhere byte for byte. Jumps lead forward within the window. */
  readonly steps?: readonly Step[];
  /** The window is one instruction, with a trap in it: there is no room for a jump. See signal-trap.ts. */
  readonly trapped?: true;
}

/** Whether the window ends with its function's return. */
export const returns = (site: PatchSite): boolean => site.movedBytes !== undefined;

type Pattern = readonly (number | undefined)[];

/** `lea r12, [rsp-N]`: the frame is large (cmd/internal/obj/x86/obj6.go, stacksplit). */
const LARGE_FRAME: readonly Pattern[] = [
  [0x4c, 0x8d, 0x64, 0x24, undefined],
  [0x4c, 0x8d, 0xa4, 0x24, undefined, undefined, undefined, undefined],
];
/** `mov r12, rsp; sub r12, N; jb`: it is so large that the distance may pass zero. */
const HUGE_FRAME: Pattern = [
  ...[0x49, 0x89, 0xe4],
  ...[0x49, 0x81, 0xec, undefined, undefined, undefined, undefined],
];
/** `cmp rsp, [r14+16]`, with r12 instead if the frame is large, or the second guard on system stacks. */
const CHECKS: readonly Pattern[] = [
  [0x49, 0x3b, 0x66, 0x10],
  [0x49, 0x3b, 0x66, 0x18],
  [0x4d, 0x3b, 0x66, 0x10],
  [0x4d, 0x3b, 0x66, 0x18],
];
/** `jb` and `jbe`, short and long. */
const PASSES_ZERO: readonly Pattern[] = [
  [0x72, undefined],
  [0x0f, 0x82, undefined, undefined, undefined, undefined],
];
const BELOW: readonly Pattern[] = [
  [0x76, undefined],
  [0x0f, 0x86, undefined, undefined, undefined, undefined],
];
/** `push rbp; mov rbp, rsp; sub rsp, N` since go1.21; before, `sub rsp, N; mov [rsp+M], rbp`. 128 bytes are `add rsp, -128`. */
const WINDOWS: readonly Pattern[] = [
  [0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xc4, 0x80],
  [0x48, 0x83, 0xc4, 0x80, 0x48, 0x89, 0x6c, 0x24, undefined],
  [0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, undefined],
  [0x55, 0x48, 0x89, 0xe5, 0x48, 0x81, 0xec, undefined, undefined, undefined, undefined],
  [0x48, 0x83, 0xec, undefined, 0x48, 0x89, 0x6c, 0x24, undefined],
  [0x48, 0x81, 0xec, undefined, undefined, undefined, undefined],
];

/**
 * The window of a compiled function that starts with these bytes: behind the check of its stack, so that the check's
 * restart does not fire the probe twice. There RBP is the caller's frame pointer and RSP points to the return address. The
 * window holds only moves of the two. Undefined: the function begins in no way that we know.
 */
export function patchSite(name: string, entry: RuntimeAddress, bytes: Uint8Array): PatchSite | undefined {
  const at = behindCheck(bytes);
  if (at === undefined) return undefined;
  const end = skip(WINDOWS, bytes, at);
  if (end - at < JUMP_LENGTH) return undefined;
  return { name, address: (entry + at) as RuntimeAddress, original: bytes.slice(at, end) };
}

/** How far behind a function's entry its stack has been checked; undefined: it begins in no way that we know. */
export function behindCheck(bytes: Uint8Array): number | undefined {
  const huge = skip([HUGE_FRAME], bytes, 0);
  const at = huge > 0 ? skip(PASSES_ZERO, bytes, huge) : skip(LARGE_FRAME, bytes, 0);
  // An instruction of the function's own.
  if (huge > 0 && at === huge) return undefined;
  const check = skip(CHECKS, bytes, at);
  // A function may begin with an `lea r12` of its own only where it has a check.
  if (check === at) return at > 0 ? undefined : 0;
  const behind = skip(BELOW, bytes, check);
  return behind === check ? undefined : behind;
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
  if (site.trapped) return patch;
  patch[0] = 0xe9;
  new DataView(patch.buffer).setInt32(1, trampoline - (site.address + JUMP_LENGTH), true);
  return patch;
}
