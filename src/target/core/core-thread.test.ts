import { describe, expect, it } from 'vitest';
import { archNamed } from '../../arch/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { note } from '../../image/testing/elf-builder.ts';
import { amd64Registers, threadNote } from '../testing/core-builder.ts';
import { parseNotes } from '../testing/parse-notes.ts';
import { CoreThread, groupThreadNotes } from './core-thread.ts';
import { NT, registerPlaces } from './register-layout.ts';

const amd64 = archNamed('amd64');
const arm64 = archNamed('arm64');
const threads = (arch: typeof amd64, ...notes: Uint8Array[]) =>
  groupThreadNotes(parseNotes(notes), arch, 'core').map((group) => new CoreThread(arch, group));

const counted = (size: number) => Uint8Array.from({ length: size }, (_, i) => i);

describe('threads of a core', () => {
  it('have amd64 registers by number and by name', () => {
    const registers = amd64Registers({ rip: 0x401000, rsp: 0x7ffe0000, rbp: 0x7ffe0010, fs_base: 0x5550 });
    const [thread] = threads(amd64, threadNote({ id: 77, signal: 11, registers }));
    expect(thread).toMatchObject({ id: 77, currentSignal: 11, threadPointer: 0x5550 });
    expect([16, 7, 6, 58, 0, 17, 999].map((n) => thread!.registers.get(n))).toEqual([
      0x401000,
      0x7ffe0000,
      0x7ffe0010,
      0x5550,
      0,
      undefined,
      undefined,
    ]);
    expect(thread!.registers.bytes('rip')).toEqual(new Uint8Array([0, 0x10, 0x40, 0, 0, 0, 0, 0]));
    expect(thread!.registers.bytes('cs')).toHaveLength(2);
    expect(thread!.registers.bytes('nonsense')).toBeUndefined();
    expect(thread!.registers.bytes('xmm0')).toBeUndefined();
  });

  it('have arm64 registers and their thread pointer', () => {
    const registers = Array.from({ length: 34 }, (_, i) => 0x1000 + i);
    const tls = note('LINUX', NT.ARM_TLS, new ByteBuilder().u64(0x7f0000).build());
    const [thread] = threads(arm64, threadNote({ arch: 'arm64', registers }), tls);
    expect([0, 30, 31, 32].map((n) => thread!.registers.get(n))).toEqual([0x1000, 0x101e, 0x101f, 0x1020]);
    expect(thread!.registers.bytes('pstate')![0]).toBe(0x21);
    expect(thread!.threadPointer).toBe(0x7f0000);
    expect(threads(arm64, threadNote({ arch: 'arm64' }))[0]!.threadPointer).toBeUndefined();
  });

  it('own the register sets that follow their status', () => {
    const float = note('CORE', NT.FPREGSET, counted(512));
    const [first, second] = threads(amd64, threadNote({ id: 1 }), float, threadNote({ id: 2 }));
    expect([...first!.registers.bytes('xmm1')!]).toEqual([...counted(512).subarray(176, 192)]);
    expect([...first!.registers.bytes('st1')!]).toEqual([...counted(512).subarray(48, 58)]);
    expect(first!.registers.bytes('mxcsr')).toHaveLength(4);
    expect(second!.registers.bytes('xmm1')).toBeUndefined();
  });

  it('have ymm from XSAVE, where the layout note says', () => {
    const state = (used: number) => {
      const bytes = counted(1100);
      bytes[512] = used;
      return note('LINUX', NT.X86_XSTATE, bytes);
    };
    const layout = note(
      'LINUX',
      NT.X86_XSAVE_LAYOUT,
      new ByteBuilder().u32(9).u32(8).u32(900).u32(0).u32(2).u32(256).u32(832).u32(0).build(),
    );
    const ymm1 = (...notes: Uint8Array[]) =>
      threads(amd64, threadNote({}), ...notes)[0]!.registers.bytes('ymm1');
    const low = [...counted(512).subarray(176, 192)];
    expect([...ymm1(state(7))!]).toEqual([...low, ...counted(1100).subarray(592, 608)]);
    expect([...ymm1(state(7), layout)!]).toEqual([...low, ...counted(1100).subarray(848, 864)]);
    expect([...ymm1(state(3))!]).toEqual([...low, ...new Array(16).fill(0)]);
    expect(ymm1()).toBeUndefined();
  });

  it('are refused when their registers do not fit', () => {
    expect(() => threads(arm64, threadNote({}))).toThrow('NT_PRSTATUS: has 336 bytes, arm64 needs 384');
  });

  it('cover the registers that the architecture lists', () => {
    for (const arch of [amd64, arm64]) {
      const places = registerPlaces(arch.name);
      const missing = arch.registers.filter(({ name }) => !places.has(name) && !name.startsWith('ymm'));
      expect(missing).toEqual([]);
    }
  });
});
