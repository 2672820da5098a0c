import { decodeText, Reader } from '../../base/index.ts';

/**
 * The notes of a Linux core that stand once per process: linux/elfcore.h (elf_prpsinfo), fs/binfmt_elf.c
 * (fill_files_note). 64-bit layouts only.
 */

export interface FileMapping {
  readonly start: number;
  readonly end: number;
  readonly fileOffset: number;
  readonly path: string;
}

/** NT_FILE: u64 count, u64 page size, count × (start, end, offset in pages), then the paths, NUL-terminated. */
export function parseFileNote(data: Uint8Array, file: string): FileMapping[] {
  const reader = new Reader(data, { file, section: 'NT_FILE' });
  const count = reader.uint64();
  const pageSize = reader.uint64();
  if (count > reader.remaining / 24) throw reader.error(`claims ${count} mappings, more than fit`, 0);
  const paths = new Reader(data, { file, section: 'NT_FILE' }, 16 + count * 24);
  const mappings: FileMapping[] = [];
  for (let i = 0; i < count; i++) {
    const start = reader.uint64();
    const end = reader.uint64();
    mappings.push({ start, end, fileOffset: reader.uint64() * pageSize, path: paths.cString() });
  }
  return mappings;
}

/** NT_AUXV: pairs of u64 up to AT_NULL. */
export function parseAuxv(data: Uint8Array): Map<number, number> {
  const reader = new Reader(data, { file: '', section: 'NT_AUXV' });
  const values = new Map<number, number>();
  while (reader.remaining >= 16) {
    const key = reader.uint64();
    if (key === 0) break;
    values.set(key, reader.uint64());
  }
  return values;
}

export interface ProcessStatus {
  readonly pid: number;
  /** At most 15 bytes of the executable's base name (or what PR_SET_NAME made of it). */
  readonly name: string;
  /** At most 79 bytes of the command line. */
  readonly commandLine: string;
}

/** NT_PRPSINFO: state, sname, zomb, nice; u64 flag at 8; uid, gid, pid 24, ppid, pgrp, sid; fname[16] at 40; psargs[80]. */
export function parseProcessStatus(data: Uint8Array): ProcessStatus | undefined {
  if (data.length < 136) return undefined;
  const reader = new Reader(data, { file: '', section: 'NT_PRPSINFO' });
  return {
    pid: reader.seek(24).int32(),
    name: textField(data.subarray(40, 56)),
    commandLine: textField(data.subarray(56, 136)).trimEnd(),
  };
}

function textField(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(bytes, 0, end < 0 ? bytes.length : end);
}
