import type { Arch } from '../../arch/index.ts';
import { AVX, registerPlaces, XSAVE } from './register-layout.ts';

/** A thread's register sets besides the general one, as notes or PTRACE_GETREGSET give them. */
export interface RegisterSets {
  /** NT_FPREGSET: FXSAVE image, user_fpsimd_state. */
  float(): Uint8Array | undefined;
  /** NT_X86_XSTATE. */
  xstate(): Uint8Array | undefined;
  /** NT_ARM_TLS. */
  tls(): Uint8Array | undefined;
}

/** Bytes of a register that is not a general one, by its name; undefined if the sets do not have it. */
export function vectorBytes(
  arch: Arch,
  name: string,
  sets: RegisterSets,
  avxOffset: number = AVX.defaultOffset,
): Uint8Array | undefined {
  const ymm = /^ymm(\d+)$/.exec(name);
  if (ymm) return ymmBytes(arch, Number(ymm[1]), sets, avxOffset);
  const place = registerPlaces(arch.name).get(name);
  if (place === undefined || place.note === 'general') return undefined;
  // The legacy region of XSAVE is an FXSAVE image too; Delve's dumps have only that.
  const bytes = place.note === 'tls' ? sets.tls() : (sets.float() ?? sets.xstate());
  if (bytes === undefined || bytes.length < place.offset + place.size) return undefined;
  return bytes.subarray(place.offset, place.offset + place.size);
}

function ymmBytes(arch: Arch, index: number, sets: RegisterSets, avxOffset: number): Uint8Array | undefined {
  const xstate = sets.xstate();
  const low = vectorBytes(arch, `xmm${index}`, sets);
  if (low === undefined || xstate === undefined || xstate.length < XSAVE.headerEnd) return undefined;
  const result = new Uint8Array(32);
  result.set(low);
  const used = (xstate[XSAVE.stateBits]! & (1 << AVX.component)) !== 0;
  // A component whose bit is clear is in its initial state: zero.
  const high = xstate.subarray(avxOffset + index * 16, avxOffset + index * 16 + 16);
  if (used && high.length < 16) return undefined;
  if (used) result.set(high, 16);
  return result;
}
