import type { Arch } from '../../arch/index.ts';
import { archNamed } from '../../arch/index.ts';
import { type ByteSource, DataError, type Platform, UserError } from '../../base/index.ts';
import { ElfFile, type Note, PT_LOAD } from '../../image/index.ts';
import { parseSignalInfo } from '../signal-info.ts';
import type { ProcessFacts, SignalInfo } from '../target.ts';
import { CoreThread, groupThreadNotes } from './core-thread.ts';
import type { CoreSegment } from './memory-map.ts';
import { LAST_NOTES, MATTOCK_NOTE, PROCESS_NOTES } from './note-types.ts';
import {
  type FileMapping,
  type ProcessStatus,
  parseAuxv,
  parseFileNote,
  parseProcessStatus,
} from './process-notes.ts';
import { NT } from './register-layout.ts';

/** What a core's headers and notes say, before its memory is looked at. */
export interface CoreFacts {
  readonly arch: Arch;
  readonly segments: readonly CoreSegment[];
  readonly threads: readonly CoreThread[];
  readonly mappings: readonly FileMapping[];
  readonly auxv: ReadonlyMap<number, number>;
  readonly status: ProcessStatus | undefined;
  readonly signal: SignalInfo | undefined;
  readonly origin: ProcessFacts['origin'];
  /** Notes about the whole process, by NT_ number. */
  readonly processNotes: ReadonlyMap<number, Uint8Array>;
  /** Bytes that the headers promise and the file does not have. */
  readonly missingBytes: number;
}

/** Delve's dumps (pkg/elfwriter/delve_core.go): a note of this type, owner `Delve Header`, text lines. */
const DELVE_HEADER = 0x444c5645;
const GDB_TDESC = 0xff000000;

export function readCoreFacts(core: ByteSource, platform: Platform): CoreFacts {
  const elf = new ElfFile(core, platform);
  if (elf.type !== 'core') throw notACore(core, elf.type);
  const arch = archNamed(elf.arch);
  const notes = [...elf.notes()];
  const find = (type: number) => notes.find((note) => note.type === type && note.owner !== 'GNU');
  const info = find(NT.SIGINFO);
  const status = find(NT.PRPSINFO);
  const files = find(NT.FILE);
  const auxv = find(NT.AUXV);
  return {
    arch,
    segments: elf.programHeaders.ofType(PT_LOAD),
    threads: readThreads(core, notes, arch, elf.missingBytes > 0),
    mappings: files === undefined ? [] : parseFileNote(files.description, core.name),
    auxv: auxv === undefined ? new Map() : parseAuxv(auxv.description),
    status: status === undefined ? undefined : parseProcessStatus(status.description),
    signal: info === undefined ? undefined : parseSignalInfo(info.description),
    origin: originOf(notes),
    processNotes: processNotes(notes),
    missingBytes: elf.missingBytes,
  };
}

function processNotes(notes: readonly Note[]): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (const { owner, type, description } of notes) {
    const expected = PROCESS_NOTES.get(type) ?? LAST_NOTES.get(type);
    if (owner === expected && !found.has(type)) found.set(type, description);
  }
  return found;
}

function notACore(core: ByteSource, type: ElfFile['type']): UserError {
  const what =
    type === 'executable' ? 'an executable' : type === 'shared' ? 'an executable or a library' : 'not a core';
  const verb = what === 'not a core' ? 'an ELF file, but not a core' : `${what}, not a core`;
  return new UserError(`${core.name} is ${verb}`, 'Give the executable first, then the core.');
}

function readThreads(core: ByteSource, notes: readonly Note[], arch: Arch, cut: boolean): CoreThread[] {
  const threads = groupThreadNotes(notes, arch, core.name).map((thread) => new CoreThread(arch, thread));
  if (threads.length > 0) return threads;
  const why = cut ? 'the core is cut before its first thread' : 'the core has no threads';
  throw new DataError({ file: core.name, section: 'notes' }, why);
}

/**
 * The kernel writes NT_PRSTATUS first and names its notes; gcore writes NT_PRPSINFO first, or a target description;
 * qemu's user emulation (linux-user/elfload.c) knows neither NT_FILE nor NT_SIGINFO.
 */
function originOf(notes: readonly Note[]): ProcessFacts['origin'] {
  if (notes.some((note) => note.type === DELVE_HEADER && note.owner.startsWith('Delve'))) return 'delve';
  if (notes.some(({ owner, type }) => owner === MATTOCK_NOTE.owner && type === MATTOCK_NOTE.type))
    return 'mattock';
  if (notes.some((note) => note.type === GDB_TDESC && note.owner === 'GDB')) return 'gcore';
  const has = (type: number) => notes.some((note) => note.type === type);
  if (notes[0]?.type === NT.PRPSINFO && has(NT.FILE)) return 'gcore';
  if (notes[0]?.type !== NT.PRSTATUS) return 'unknown';
  if (has(NT.SIGINFO)) return 'kernel';
  return has(NT.FILE) ? 'unknown' : 'qemu';
}
