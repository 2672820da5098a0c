import { TargetFault } from '../../base/index.ts';
import type { LiveTarget, LiveThread } from '../../target/index.ts';

/** NT_X86_XSTATE: x87, xmm, ymm, zmm and masks. */
const XSTATE = 0x202;
/** The thread's own, whatever it executes. */
const BASES = new Set(['fs_base', 'gs_base', 'fs', 'gs', 'cs', 'ss', 'ds', 'es', 'orig_rax']);

/** A thread's registers before a call, to be put back after it. */
export interface SavedRegisters {
  readonly pc: number;
  readonly sp: number;
  readonly general: ReadonlyMap<string, Uint8Array>;
  readonly vectors: Uint8Array;
}

export function saveRegisters({ arch }: LiveTarget, thread: LiveThread): SavedRegisters {
  const general = new Map<string, Uint8Array>();
  for (const { name, kind } of arch.registers) {
    if ((kind !== 'general' && kind !== 'flags') || BASES.has(name)) continue;
    const bytes = thread.registers.bytes(name);
    if (bytes !== undefined) general.set(name, bytes.slice());
  }
  const vectors = thread.registers.noteBytes?.(XSTATE)?.slice();
  if (vectors === undefined) throw new TargetFault('the vector registers cannot be read, so not be kept');
  const { pc, sp } = arch.dwarf;
  return { pc: thread.registers.get(pc)!, sp: thread.registers.get(sp)!, general, vectors };
}

/** All but the pc and the stack pointer. */
export function restoreRegisters({ arch }: LiveTarget, thread: LiveThread, saved: SavedRegisters): void {
  const { pc, sp } = arch.dwarf;
  const kept = [arch.registerByDwarf(pc)?.name, arch.registerByDwarf(sp)?.name];
  for (const [name, bytes] of saved.general) if (!kept.includes(name)) thread.setRegister(name, bytes);
  thread.setNoteBytes(XSTATE, saved.vectors);
}

export function restoreFlags(thread: LiveThread, { general }: SavedRegisters): void {
  const flags = general.get('rflags');
  if (flags !== undefined) thread.setRegister('rflags', flags);
}
