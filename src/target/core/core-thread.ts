import type { Arch } from '../../arch/index.ts';
import { DataError, type RuntimeAddress, runtimeAddress, type ThreadId, threadId } from '../../base/index.ts';
import type { Note } from '../../image/index.ts';
import type { RegisterFile, Thread } from '../target.ts';
import { isRegisterSet } from './note-types.ts';
import { AVX, NT, PRSTATUS, type RegisterPlace, registerPlaces } from './register-layout.ts';
import { vectorBytes } from './vector-registers.ts';

/** A thread as its notes tell: one NT_PRSTATUS and the register sets that follow it. */
export class CoreThread implements Thread {
  readonly id: ThreadId;
  readonly currentSignal: number;
  readonly registers: CoreRegisters;
  readonly threadPointer: RuntimeAddress | undefined;
  readonly statusNote: Uint8Array;

  constructor(arch: Arch, notes: ThreadNotes) {
    const status = notes.status;
    this.statusNote = status;
    const view = new DataView(status.buffer, status.byteOffset, status.byteLength);
    this.id = threadId(view.getInt32(PRSTATUS.pid, true));
    this.currentSignal = view.getInt16(PRSTATUS.cursig, true);
    this.registers = new CoreRegisters(arch, notes);
    const base = this.registers.bytes(arch.name === 'amd64' ? 'fs_base' : 'tpidr_el0');
    this.threadPointer = base === undefined ? undefined : runtimeAddress(toNumber(base));
  }
}

export interface ThreadNotes {
  readonly status: Uint8Array;
  float: Uint8Array | undefined;
  xstate: Uint8Array | undefined;
  tls: Uint8Array | undefined;
  avxOffset: number;
  /** All sets besides the general one, by NT_ number. */
  readonly sets: Map<number, Uint8Array>;
}

/** Groups a core's notes by thread. Every set of registers belongs to the NT_PRSTATUS before it. */
export function groupThreadNotes(notes: readonly Note[], arch: Arch, file: string): ThreadNotes[] {
  const minimum = PRSTATUS.registers + Math.max(...[...registerPlaces(arch.name).values()].map(generalEnd));
  const threads: ThreadNotes[] = [];
  const avxOffset = avxOffsetOf(notes);
  for (const note of notes) {
    if (note.owner === 'GNU' || note.owner === 'GDB') continue;
    const thread = threads.at(-1);
    if (note.type === NT.PRSTATUS) {
      if (note.description.length < minimum) {
        throw new DataError(
          { file, section: 'NT_PRSTATUS' },
          `has ${note.description.length} bytes, ${arch.name} needs ${minimum}`,
        );
      }
      threads.push({
        status: note.description,
        float: undefined,
        xstate: undefined,
        tls: undefined,
        avxOffset,
        sets: new Map(),
      });
      continue;
    }
    if (thread === undefined) continue;
    if (isRegisterSet(arch.name, note.type)) thread.sets.set(note.type, note.description);
    if (note.type === NT.FPREGSET) thread.float = note.description;
    else if (note.type === NT.X86_XSTATE && arch.name === 'amd64') thread.xstate = note.description;
    else if (note.type === NT.ARM_TLS && arch.name === 'arm64') thread.tls = note.description;
  }
  return threads;
}

const generalEnd = (place: RegisterPlace): number =>
  place.note === 'general' ? place.offset + place.size : 0;

/** NT_X86_XSAVE_LAYOUT (Linux 6.12): per component type, size, offset, flags, u32 each. */
function avxOffsetOf(notes: readonly Note[]): number {
  const layout = notes.find((note) => note.type === NT.X86_XSAVE_LAYOUT)?.description;
  if (layout === undefined) return AVX.defaultOffset;
  const view = new DataView(layout.buffer, layout.byteOffset, layout.byteLength);
  for (let at = 0; at + 16 <= layout.length; at += 16) {
    if (view.getUint32(at, true) === AVX.component) return view.getUint32(at + 8, true);
  }
  return AVX.defaultOffset;
}

class CoreRegisters implements RegisterFile {
  readonly #arch: Arch;
  readonly #notes: ThreadNotes;

  constructor(arch: Arch, notes: ThreadNotes) {
    this.#arch = arch;
    this.#notes = notes;
  }

  get(dwarf: number): number | undefined {
    const register = this.#arch.registerByDwarf(dwarf);
    if (register === undefined || register.bits > 64) return undefined;
    const bytes = this.bytes(register.name);
    return bytes === undefined ? undefined : toNumber(bytes);
  }

  bytes(name: string): Uint8Array | undefined {
    const place = registerPlaces(this.#arch.name).get(name);
    const { status, float, xstate, tls, avxOffset } = this.#notes;
    if (place?.note === 'general') return part(status.subarray(PRSTATUS.registers), place);
    const sets = { float: () => float, xstate: () => xstate, tls: () => tls };
    return vectorBytes(this.#arch, name, sets, avxOffset);
  }

  noteBytes(note: number): Uint8Array | undefined {
    return this.#notes.sets.get(note);
  }
}

function part(bytes: Uint8Array, { offset, size }: RegisterPlace): Uint8Array | undefined {
  return bytes.length < offset + size ? undefined : bytes.subarray(offset, offset + size);
}

function toNumber(bytes: Uint8Array): number {
  let value = 0;
  for (let i = Math.min(bytes.length, 8) - 1; i >= 0; i--) value = value * 256 + bytes[i]!;
  return value;
}
