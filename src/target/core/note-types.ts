import type { ArchName } from '../../arch/index.ts';
import { NT } from './register-layout.ts';

/**
 * Owners of the notes in a Linux core, by their NT_ numbers (uapi/linux/elf.h), in the order in which the kernel writes
 * them: the register sets of arch/x86/kernel/ptrace.c (x86_64_regsets) and arch/arm64/kernel/ptrace.c
 * (aarch64_regsets), those of the process of fs/binfmt_elf.c (fill_note_info).
 */

type NoteOwners = ReadonlyMap<number, 'CORE' | 'LINUX'>;

/** Sets besides the general one, which is in NT_PRSTATUS. */
export const REGISTER_SETS: Readonly<Record<ArchName, NoteOwners>> = {
  amd64: new Map([
    [NT.FPREGSET, 'CORE'],
    [NT.X86_XSTATE, 'LINUX'],
    [NT.IOPERM, 'LINUX'],
    [NT.X86_SHSTK, 'LINUX'],
  ]),
  arm64: new Map([
    [NT.FPREGSET, 'CORE'],
    [NT.ARM_TLS, 'LINUX'],
    [NT.ARM_HW_BREAK, 'LINUX'],
    [NT.ARM_HW_WATCH, 'LINUX'],
    [NT.ARM_SYSTEM_CALL, 'LINUX'],
    [NT.ARM_SVE, 'LINUX'],
    [NT.ARM_PAC_MASK, 'LINUX'],
  ]),
};

export const isRegisterSet = (arch: ArchName, type: number): boolean => REGISTER_SETS[arch].has(type);

/** Of the process, but for NT_FILE, which is made anew for every core: those that follow the first NT_PRSTATUS. */
export const PROCESS_NOTES: NoteOwners = new Map([
  [NT.PRPSINFO, 'CORE'],
  [NT.SIGINFO, 'CORE'],
  [NT.AUXV, 'CORE'],
]);

/** Ours, in every core that `writeCore` writes: what the core was made of, `process` or `core`. */
export const MATTOCK_NOTE = { owner: 'Mattock', type: 0x4d54434b } as const;

/** Those that follow the last thread (elf_coredump_extra_notes_write, Linux 6.12). */
export const LAST_NOTES: NoteOwners = new Map([[NT.X86_XSAVE_LAYOUT, 'LINUX']]);
