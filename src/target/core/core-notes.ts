import type { ArchName } from '../../arch/index.ts';
import type { MemoryRegion, ProcessFacts, SignalInfo, Target, Thread } from '../target.ts';
import { LAST_NOTES, MATTOCK_NOTE, PROCESS_NOTES, REGISTER_SETS } from './note-types.ts';
import { NT, PRSTATUS, registerPlaces } from './register-layout.ts';

/**
 * The notes of a Linux core, in the kernel's order (fs/binfmt_elf.c, fill_note_info and write_note_info): NT_PRSTATUS of
 * the thread that matters, then what stands once, that thread's other sets, and the other threads. What the target
 * has as the kernel's own bytes is written as it is, the rest is made of what the target says: then the process's
 * state, times, parents and user ids, and signals that wait, are zero.
 */

interface Note {
  readonly owner: string;
  readonly type: number;
  readonly description: Uint8Array;
}

const PAGE = 4096;
const encoder = new TextEncoder();

/** Every note as it stands in the file, one behind the other. */
export function coreNotes(target: Target, threads: readonly Thread[]): Uint8Array[] {
  const arch = target.arch.name;
  const notes: Note[] = [];
  for (const [i, thread] of threads.entries()) {
    notes.push({ owner: 'CORE', type: NT.PRSTATUS, description: statusOf(arch, thread) });
    if (i === 0) notes.push(...notesOfProcess(target));
    for (const [type, owner] of REGISTER_SETS[arch]) {
      const description = thread.registers.noteBytes?.(type);
      if (description !== undefined) notes.push({ owner, type, description });
    }
  }
  for (const [type, owner] of LAST_NOTES) {
    const description = target.process.noteBytes?.(type);
    if (description !== undefined) notes.push({ owner, type, description });
  }
  notes.push({ ...MATTOCK_NOTE, description: encoder.encode(target.kind) });
  return notes.map(encodeNote);
}

/** Elf64_Nhdr: sizes of name (with its NUL) and description, type; then both, each padded to 4 bytes. */
function encodeNote({ owner, type, description }: Note): Uint8Array {
  const start = 12 + padded(owner.length + 1);
  const bytes = new Uint8Array(start + padded(description.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, owner.length + 1, true);
  view.setUint32(4, description.length, true);
  view.setUint32(8, type, true);
  encoder.encodeInto(owner, bytes.subarray(12));
  bytes.set(description, start);
  return bytes;
}

const padded = (size: number): number => Math.ceil(size / 4) * 4;

/**
 * struct elf_prstatus (linux/elfcore.h), as far as it is known: pr_info.si_signo and pr_cursig are the signal, pr_reg
 * the registers, pr_fpvalid behind them says whether there is an NT_FPREGSET.
 */
function statusOf(arch: ArchName, thread: Thread): Uint8Array {
  if (thread.statusNote !== undefined) return thread.statusNote;
  const { registers, currentSignal, id } = thread;
  const end = PRSTATUS.registers + generalSize(arch);
  const bytes = new Uint8Array(end + 8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, currentSignal, true);
  view.setInt16(PRSTATUS.cursig, currentSignal, true);
  view.setInt32(PRSTATUS.pid, id, true);
  for (const [name, place] of registerPlaces(arch)) {
    const value = place.note === 'general' ? registers.bytes(name) : undefined;
    if (value !== undefined) bytes.set(value.subarray(0, place.size), PRSTATUS.registers + place.offset);
  }
  view.setInt32(end, registers.noteBytes?.(NT.FPREGSET) === undefined ? 0 : 1, true);
  return bytes;
}

/** Every register takes 8 bytes, those of segments too. */
function generalSize(arch: ArchName): number {
  let end = 0;
  for (const place of registerPlaces(arch).values()) {
    if (place.note === 'general') end = Math.max(end, place.offset + 8);
  }
  return end;
}

function* notesOfProcess({ process, memory }: Target): Generator<Note> {
  for (const [type, owner] of PROCESS_NOTES) {
    // The SIGSTOP in gcore's cores is gcore's own: the program was given no signal.
    if (type === NT.SIGINFO && process.signal === undefined) continue;
    const description = process.noteBytes === undefined ? madeNote(process, type) : process.noteBytes(type);
    if (description !== undefined) yield { owner, type, description };
  }
  const files = fileNote(memory.regions);
  if (files !== undefined) yield { owner: 'CORE', type: NT.FILE, description: files };
}

function madeNote(process: ProcessFacts, type: number): Uint8Array | undefined {
  if (type === NT.PRPSINFO) return processInfo(process);
  if (type === NT.AUXV) return auxiliaryVector(process.auxv);
  return type === NT.SIGINFO && process.signal !== undefined ? signalInfo(process.signal) : undefined;
}

/**
 * struct elf_prpsinfo: state at 0, its letter at 1, pr_uid at 16, pr_gid, pr_pid at 24, pr_ppid, pr_pgrp, pr_sid,
 * pr_fname[16] at 40, pr_psargs[80] at 56.
 */
function processInfo({ pid, owner, executable, commandLine }: ProcessFacts): Uint8Array {
  const bytes = new Uint8Array(136);
  bytes[1] = 'R'.charCodeAt(0);
  const { uid = 0, gid = 0, parent = 0, group = 0, session = 0 } = owner ?? {};
  const view = new DataView(bytes.buffer);
  for (const [index, id] of [uid, gid, pid ?? 0, parent, group, session].entries())
    view.setUint32(16 + index * 4, id, true);
  encoder.encodeInto(executable?.replace(/.*\//s, '') ?? '', bytes.subarray(40, 55));
  encoder.encodeInto(commandLine ?? executable ?? '', bytes.subarray(56, 135));
  return bytes;
}

function auxiliaryVector(values: ReadonlyMap<number, number>): Uint8Array | undefined {
  if (values.size === 0) return undefined;
  const view = new DataView(new ArrayBuffer((values.size + 1) * 16));
  let at = 0;
  for (const [key, value] of values) {
    view.setBigUint64(at, BigInt(key), true);
    view.setBigUint64(at + 8, BigInt(value), true);
    at += 16;
  }
  return new Uint8Array(view.buffer);
}

/** siginfo_t: si_signo, si_errno, si_code; at 16 si_addr, or si_pid and si_uid. */
function signalInfo({ signo, errno, code, address, sender }: SignalInfo): Uint8Array {
  const view = new DataView(new ArrayBuffer(128));
  view.setInt32(0, signo, true);
  view.setInt32(4, errno, true);
  view.setInt32(8, code, true);
  if (address !== undefined) view.setBigUint64(16, BigInt(address), true);
  if (sender !== undefined) {
    view.setInt32(16, sender.pid, true);
    view.setUint32(20, sender.uid, true);
  }
  return new Uint8Array(view.buffer);
}

/** NT_FILE (fill_files_note): count, page size; start, end, offset in pages of each mapping; then the paths. */
function fileNote(regions: readonly MemoryRegion[]): Uint8Array | undefined {
  // What a cut core has lost is not to be read from the file by those who read the new one.
  const mapped = regions.filter((region) => region.file !== undefined && region.cut !== true);
  if (mapped.length === 0) return undefined;
  const paths = encoder.encode(mapped.map((region) => `${region.file}\0`).join(''));
  const bytes = new Uint8Array(16 + mapped.length * 24 + paths.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const word = (value: number) => {
    view.setBigUint64(at, BigInt(value), true);
    at += 8;
  };
  word(mapped.length);
  word(PAGE);
  for (const { start, end, fileOffset } of mapped) {
    word(start);
    word(end);
    word(Math.floor(fileOffset / PAGE));
  }
  bytes.set(paths, at);
  return bytes;
}
