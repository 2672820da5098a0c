import { decodeText, type Reader } from '../../base/index.ts';
import { FORM, WIDE } from './constants.ts';
import { type OffsetSize, readOffset, readUnitLength, sizedForm, skipForm } from './forms.ts';
import type { Sections } from './sections.ts';

/**
 * The header of one line number program (DWARF 5 §6.2.4, versions 2 to 5). Not read: modification times, sizes and
 * checksums of files, and embedded sources.
 */
export interface LineHeader {
  readonly offset: number;
  /** Behind its last byte. */
  readonly end: number;
  readonly version: number;
  /** Where the opcodes begin. */
  readonly program: number;
  readonly minInstructionLength: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Numbers of LEB128 operands of the standard opcodes, from opcode 1. */
  readonly opcodeLengths: Uint8Array;
  /** As written; before version 5, directory 0 is the compilation directory and file 0 is none. */
  readonly directories: readonly string[];
  readonly files: readonly LineFile[];
}

export interface LineFile {
  readonly name: string;
  readonly directory: number;
}

const LINE = '.debug_line';
/** DW_LNCT_*. */
const CONTENT = { path: 1, directoryIndex: 2 } as const;

/** Offset behind the program at `offset`: its length is the first thing in it. */
export const lineUnitEnd = (sections: Sections, offset: number): number => extent(sections, offset).end;

interface Extent {
  /** Behind the length. */
  readonly start: number;
  readonly end: number;
  readonly offsetSize: OffsetSize;
}

function extent(sections: Sections, offset: number): Extent {
  const reader = sections.near(LINE, offset);
  const { length, offsetSize } = readUnitLength(reader);
  const left = sections.sizeOf(LINE) - reader.position;
  if (length > left) {
    throw reader.error(`a line table of ${length} bytes does not fit into the ${left} left`, offset);
  }
  return { start: reader.position, end: reader.position + length, offsetSize };
}

export function readLineHeader(sections: Sections, offset: number): LineHeader {
  const { start, end, offsetSize } = extent(sections, offset);
  const reader = sections.near(LINE, start, end - start);
  const version = reader.uint16();
  if (version < 2 || version > 5)
    throw reader.error(`line table version ${version} is not supported`, offset);
  if (version >= 5) {
    const addressSize = reader.uint8();
    if (addressSize !== 8) throw reader.error(`addresses of ${addressSize} bytes are not supported`, offset);
    reader.skip(1);
  }
  const headerLength = readOffset(reader, offsetSize);
  const program = reader.position + headerLength;
  if (program > end) throw reader.error('the header is longer than its line table', offset);
  const minInstructionLength = reader.uint8();
  if (version >= 4) reader.skip(1);
  const defaultIsStatement = reader.uint8() !== 0;
  const lineBase = reader.int8();
  const lineRange = reader.uint8();
  if (lineRange === 0) throw reader.error('the line range is 0', offset);
  const opcodeBase = reader.uint8();
  const opcodeLengths = reader.take(Math.max(0, opcodeBase - 1));
  const tables = version >= 5 ? readTables5(sections, reader, offsetSize) : readTables2(reader);
  return {
    offset,
    end,
    version,
    program,
    minInstructionLength,
    defaultIsStatement,
    lineBase,
    lineRange,
    opcodeBase,
    opcodeLengths,
    ...tables,
  };
}

type Tables = Pick<LineHeader, 'directories' | 'files'>;

function readTables2(reader: Reader): Tables {
  const directories = [''];
  for (let name = reader.cString(); name !== ''; name = reader.cString()) directories.push(name);
  const files: LineFile[] = [{ name: '', directory: 0 }];
  for (let name = reader.cString(); name !== ''; name = reader.cString()) {
    files.push({ name, directory: reader.uleb128() });
    reader.uleb128();
    reader.uleb128();
  }
  return { directories, files };
}

function readTables5(sections: Sections, reader: Reader, offsetSize: OffsetSize): Tables {
  const directories = readEntries(sections, reader, offsetSize).map((entry) => entry.name);
  return { directories, files: readEntries(sections, reader, offsetSize) };
}

function readEntries(sections: Sections, reader: Reader, offsetSize: OffsetSize): LineFile[] {
  const formats: { content: number; form: number }[] = [];
  for (let count = reader.uint8(); count > 0; count--) {
    formats.push({ content: reader.uleb128(), form: sizedForm(reader.uleb128(), offsetSize) });
  }
  const count = reader.uleb128();
  if (count > reader.remaining)
    throw reader.error(`${count} entries do not fit into ${reader.remaining} bytes`);
  const entries: LineFile[] = [];
  for (let i = 0; i < count; i++) {
    let name = '';
    let directory = 0;
    for (const { content, form } of formats) {
      if (content === CONTENT.path) name = readPath(sections, reader, form);
      else if (content === CONTENT.directoryIndex) directory = readIndex(reader, form);
      else skipForm(reader, form, 5);
    }
    entries.push({ name, directory });
  }
  return entries;
}

function readPath(sections: Sections, reader: Reader, form: number): string {
  switch (form) {
    case FORM.string:
      return reader.cString();
    case FORM.lineStrp:
      return textAt(sections, '.debug_line_str', reader.uint32());
    case FORM.strp:
      return textAt(sections, '.debug_str', reader.uint32());
    case WIDE.lineStrp:
      return textAt(sections, '.debug_line_str', reader.uint64());
    case WIDE.strp:
      return textAt(sections, '.debug_str', reader.uint64());
    default:
      throw reader.error(`a path has the form 0x${form.toString(16)}`);
  }
}

/** Paths are shared by many tables and read for each of them. */
function textAt(sections: Sections, section: string, offset: number): string {
  const reader = sections.at(section, offset);
  return decodeText(reader.bytes, offset, reader.bytes.indexOf(0, offset));
}

function readIndex(reader: Reader, form: number): number {
  switch (form) {
    case FORM.udata:
      return reader.uleb128();
    case FORM.data1:
      return reader.uint8();
    case FORM.data2:
      return reader.uint16();
    default:
      throw reader.error(`a directory index has the form 0x${form.toString(16)}`);
  }
}

/** A file's full path. Go's compilation directory is `.`: its paths are complete without it. */
export function filePath(
  header: LineHeader,
  index: number,
  compilationDirectory: string,
): string | undefined {
  const file = header.files[index];
  if (file === undefined || (header.version < 5 && index === 0)) return undefined;
  if (file.name.startsWith('/')) return file.name;
  const directory = header.directories[file.directory] ?? '';
  return joined(joined(compilationDirectory, directory), file.name);
}

function joined(directory: string, name: string): string {
  if (name.startsWith('/') || directory === '' || directory === '.') return name;
  return name === '' || name === '.' ? directory : `${directory}/${name}`;
}
