import type { ArchName } from '../../arch/index.ts';

/**
 * Where a thread's notes keep each register.
 * NT_PRSTATUS, struct elf_prstatus (linux/elfcore.h): si_signo, si_code, si_errno (i32), i16 pr_cursig at 12, u64 pending
 * and held at 16, pid at 32, times up to 112, then pr_reg: amd64 user_regs_struct (asm/user_64.h), arm64
 * user_pt_regs (asm/ptrace.h). NT_FPREGSET: amd64 user_i387_struct = FXSAVE image (Intel SDM vol. 1 §10.5.1); arm64
 * user_fpsimd_state. NT_X86_XSTATE: XSAVE in the standard format (§13.4), AVX's upper halves of ymm as
 * component 2, at 576 unless NT_X86_XSAVE_LAYOUT says otherwise. AVX-512 state and SVE are not shown.
 */

export const NT = {
  PRSTATUS: 1,
  FPREGSET: 2,
  PRPSINFO: 3,
  AUXV: 6,
  IOPERM: 0x201,
  X86_XSTATE: 0x202,
  X86_SHSTK: 0x204,
  X86_XSAVE_LAYOUT: 0x205,
  ARM_TLS: 0x401,
  ARM_HW_BREAK: 0x402,
  ARM_HW_WATCH: 0x403,
  ARM_SYSTEM_CALL: 0x404,
  ARM_SVE: 0x405,
  ARM_PAC_MASK: 0x406,
  FILE: 0x46494c45,
  SIGINFO: 0x53494749,
} as const;

export const PRSTATUS = { cursig: 12, pid: 32, registers: 112 } as const;

export interface RegisterPlace {
  readonly note: 'general' | 'float' | 'tls';
  readonly offset: number;
  readonly size: number;
}

/** Component 2 of XSAVE: 16 bytes for each ymm. */
export const AVX = { component: 2, defaultOffset: 576, size: 256 } as const;
export const XSAVE = { stateBits: 512, headerEnd: 576 } as const;

const makePlaces = { amd64: amd64Places, arm64: arm64Places } as const;
const places: Partial<Record<ArchName, ReadonlyMap<string, RegisterPlace>>> = {};

export function registerPlaces(arch: ArchName): ReadonlyMap<string, RegisterPlace> {
  places[arch] ??= makePlaces[arch]();
  return places[arch];
}

function amd64Places(): Map<string, RegisterPlace> {
  const result = new Map<string, RegisterPlace>();
  const order =
    'r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs rflags rsp ss fs_base gs_base ds es fs gs';
  const segments = new Set(['cs', 'ss', 'ds', 'es', 'fs', 'gs']);
  for (const [i, name] of order.split(' ').entries()) {
    result.set(name, { note: 'general', offset: i * 8, size: segments.has(name) ? 2 : 8 });
  }
  const control: [string, number, number][] = [
    ['fcw', 0, 2],
    ['fsw', 2, 2],
    ['ftw', 4, 2],
    ['fop', 6, 2],
    ['fip', 8, 8],
    ['fdp', 16, 8],
    ['mxcsr', 24, 4],
    ['mxcsr_mask', 28, 4],
  ];
  for (const [name, offset, size] of control) result.set(name, { note: 'float', offset, size });
  for (let i = 0; i < 8; i++) result.set(`st${i}`, { note: 'float', offset: 32 + i * 16, size: 10 });
  for (let i = 0; i < 16; i++) result.set(`xmm${i}`, { note: 'float', offset: 160 + i * 16, size: 16 });
  return result;
}

function arm64Places(): Map<string, RegisterPlace> {
  const result = new Map<string, RegisterPlace>();
  for (let i = 0; i < 31; i++) result.set(`x${i}`, { note: 'general', offset: i * 8, size: 8 });
  for (const [i, name] of ['sp', 'pc', 'pstate'].entries())
    result.set(name, { note: 'general', offset: (31 + i) * 8, size: 8 });
  for (let i = 0; i < 32; i++) result.set(`v${i}`, { note: 'float', offset: i * 16, size: 16 });
  result.set('fpsr', { note: 'float', offset: 512, size: 4 });
  result.set('fpcr', { note: 'float', offset: 516, size: 4 });
  result.set('tpidr_el0', { note: 'tls', offset: 0, size: 8 });
  return result;
}
