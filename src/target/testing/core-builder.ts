import type { ArchName } from '../../arch/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import {
  buildElf,
  EM_AARCH64,
  EM_X86_64,
  ET_CORE,
  note,
  type SegmentSpec,
} from '../../image/testing/elf-builder.ts';
import { NT } from '../core/register-layout.ts';

export interface CoreSpec {
  readonly arch?: ArchName;
  readonly notes?: readonly Uint8Array[];
  readonly loads?: readonly LoadSpec[];
}

export interface LoadSpec {
  readonly address: number;
  readonly bytes?: Uint8Array;
  readonly memorySize?: number;
  /** PF_R 4, PF_W 2, PF_X 1. */
  readonly flags?: number;
}

const PT_LOAD = 1;
const PT_NOTE = 4;

export function buildCore(spec: CoreSpec): Uint8Array {
  const notes = new ByteBuilder();
  for (const bytes of spec.notes ?? [threadNote({})]) notes.bytes(bytes);
  const loads: SegmentSpec[] = (spec.loads ?? []).map((load) => ({
    type: PT_LOAD,
    flags: load.flags ?? 6,
    address: load.address,
    bytes: load.bytes ?? new Uint8Array(0),
    memorySize: load.memorySize ?? load.bytes?.length ?? 0,
  }));
  const machine = spec.arch === 'arm64' ? EM_AARCH64 : EM_X86_64;
  return buildElf({ type: ET_CORE, machine, segments: [{ type: PT_NOTE, bytes: notes.build() }, ...loads] });
}

/** NT_PRSTATUS. `registers` are in the kernel's order: amd64 r15 … gs, arm64 x0 … pstate. */
export function threadNote(spec: {
  readonly arch?: ArchName;
  readonly id?: number;
  readonly signal?: number;
  readonly registers?: readonly (number | bigint)[];
}): Uint8Array {
  const count = spec.arch === 'arm64' ? 34 : 27;
  const b = new ByteBuilder()
    .u32(spec.signal ?? 0)
    .zeros(8)
    .u16(spec.signal ?? 0)
    .zeros(18);
  b.u32(spec.id ?? 1).zeros(76);
  for (let i = 0; i < count; i++) b.u64(spec.registers?.[i] ?? 0);
  return note('CORE', NT.PRSTATUS, b.zeros(8).build());
}

/** The place of a register in amd64's `registers`. */
export const AMD64 = { rbp: 4, rip: 16, rsp: 19, fs_base: 21 } as const;

export function amd64Registers(values: Partial<Record<keyof typeof AMD64, number>>): number[] {
  const registers: number[] = new Array(27).fill(0);
  for (const [name, value] of Object.entries(values)) registers[AMD64[name as keyof typeof AMD64]] = value;
  return registers;
}

export function fileNote(
  mappings: readonly { start: number; end: number; page?: number; path: string }[],
  pageSize = 4096,
): Uint8Array {
  const b = new ByteBuilder().u64(mappings.length).u64(pageSize);
  for (const { start, end, page } of mappings)
    b.u64(start)
      .u64(end)
      .u64(page ?? 0);
  for (const { path } of mappings) b.cstr(path);
  return note('CORE', NT.FILE, b.build());
}

export function auxvNote(values: Readonly<Record<number, number>>): Uint8Array {
  const b = new ByteBuilder();
  for (const [key, value] of Object.entries(values)) b.u64(Number(key)).u64(value);
  return note('CORE', NT.AUXV, b.u64(0).u64(0).build());
}

export function statusNote(pid: number, name: string, commandLine: string): Uint8Array {
  const b = new ByteBuilder()
    .zeros(24)
    .u32(pid)
    .zeros(12)
    .text(name)
    .zeros(16 - name.length);
  return note(
    'CORE',
    NT.PRPSINFO,
    b
      .text(commandLine)
      .zeros(80 - commandLine.length)
      .build(),
  );
}

export function signalNote(signo: number, code: number, field: (b: ByteBuilder) => ByteBuilder): Uint8Array {
  const b = field(new ByteBuilder().u32(signo).u32(0).u32(code).u32(0));
  return note('CORE', NT.SIGINFO, b.zeros(128 - b.length).build());
}
