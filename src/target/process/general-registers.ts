import type { Arch } from '../../arch/index.ts';
import { registerPlaces } from '../core/register-layout.ts';

/**
 * One thread's general registers as PTRACE_GETREGS gives them: `struct user_regs_struct` (asm/user_64.h), the same
 * order as pr_reg of a core. `get` and `set` are the hot path of every breakpoint.
 */
export class GeneralRegisters {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #offsets: Int16Array;

  constructor(arch: Arch) {
    this.#offsets = dwarfOffsets(arch);
    this.bytes = new Uint8Array(sizeOf(arch));
    this.#view = new DataView(this.bytes.buffer);
  }

  /** By DWARF number; exact below 2^53. Undefined: not among them. */
  get(dwarf: number): number | undefined {
    const offset = this.#offsets[dwarf];
    return offset === undefined || offset < 0 ? undefined : this.at(offset);
  }

  /** The word at an offset. */
  at(offset: number): number {
    return this.#view.getUint32(offset, true) + this.#view.getUint32(offset + 4, true) * 2 ** 32;
  }

  bigAt(offset: number): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  setAt(offset: number, value: number): void {
    this.#view.setUint32(offset, value % 2 ** 32, true);
    this.#view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
  }

  setBigAt(offset: number, value: bigint): void {
    this.#view.setBigUint64(offset, value, true);
  }

  /** Offset by DWARF number, or -1. */
  offsetOf(dwarf: number): number {
    return this.#offsets[dwarf] ?? -1;
  }
}

const tables = new Map<string, Int16Array>();

function dwarfOffsets(arch: Arch): Int16Array {
  let table = tables.get(arch.name);
  if (table === undefined) {
    const places = registerPlaces(arch.name);
    const highest = Math.max(...arch.registers.map((register) => register.dwarf ?? 0));
    table = new Int16Array(highest + 1).fill(-1);
    for (const { name, dwarf } of arch.registers) {
      const place = places.get(name);
      if (dwarf !== undefined && place?.note === 'general') table[dwarf] = place.offset;
    }
    tables.set(arch.name, table);
  }
  return table;
}

const sizeOf = (arch: Arch): number => {
  let end = 0;
  for (const place of registerPlaces(arch.name).values()) {
    if (place.note === 'general') end = Math.max(end, place.offset + 8);
  }
  return end;
};

/** Offset of a named general register. */
export function generalOffset(arch: Arch, name: string): number {
  const place = registerPlaces(arch.name).get(name);
  if (place?.note !== 'general') throw new Error(`${name} is no general register`);
  return place.offset;
}
