/**
 * Common information entries and frame description entries: .debug_frame (DWARF 5 §6.4.1, CIE versions 1, 3 and 4,
 * 32- and 64-bit DWARF) and .eh_frame (Linux Standard Base 5.0, "Exception Frames"; augmentations z, R, P, L, S, and
 * AArch64's B and G). Lost: personality routines and language-specific data. Not supported: segment selectors, and
 * augmentations that do not begin with z.
 */
import { Reader } from '../../base/index.ts';
import { type Bases, DW_EH_PE_ABSPTR, readEncodedPointer, readEncodedValue } from './pointer-encoding.ts';

export interface FrameSection {
  readonly kind: 'debug_frame' | 'eh_frame';
  readonly bytes: Uint8Array;
  readonly file: string;
  readonly name: string;
  /** Where the section is in memory: .eh_frame's pointers are relative to that. */
  readonly address: number;
}

/** An entry's extent and kind, before its contents are read. */
export interface EntryHead {
  readonly kind: 'cie' | 'fde';
  readonly start: number;
  /** Offset behind the CIE id or pointer. */
  readonly body: number;
  /** Offset behind the entry. */
  readonly end: number;
  /** Of an FDE: offset of its CIE. */
  readonly cie: number;
  readonly is64: boolean;
}

export interface Cie {
  readonly codeAlignment: number;
  readonly dataAlignment: number;
  readonly returnAddressRegister: number;
  readonly pointerEncoding: number;
  readonly hasAugmentationData: boolean;
  readonly signalFrame: boolean;
  readonly instructions: Uint8Array;
}

export interface Fde {
  readonly cie: Cie;
  readonly from: number;
  readonly to: number;
  /** Where the instructions are in the section. */
  readonly instructionsStart: number;
  readonly instructionsEnd: number;
}

const ESCAPE_64 = 0xffffffff;
const RESERVED = 0xfffffff0;
const CIE_ID_32 = 0xffffffff;
const CIE_ID_64 = 0xffffffffffffffffn;

export const readerOf = (section: FrameSection, position = 0): Reader =>
  new Reader(section.bytes, { file: section.file, section: section.name }, position);

/** The entry that begins at the cursor, which moves behind its id; undefined: a zero length, which ends or pads. */
export function readEntryHead(reader: Reader, kind: FrameSection['kind']): EntryHead | undefined {
  const start = reader.position;
  const short = reader.uint32();
  if (short === 0) return undefined;
  if (short >= RESERVED && short !== ESCAPE_64)
    throw reader.error(`a length of 0x${short.toString(16)}`, start);
  const is64 = short === ESCAPE_64;
  const length = is64 ? reader.uint64() : short;
  const end = reader.position + length;
  if (end > reader.bytes.length) {
    throw reader.error(`an entry of ${length} bytes does not fit`, start);
  }
  const idAt = reader.position;
  if (kind === 'eh_frame') {
    const back = reader.uint32();
    const cie = idAt - back;
    return { kind: back === 0 ? 'cie' : 'fde', start, body: reader.position, end, cie, is64 };
  }
  const isCie = is64 ? reader.bigUint64() === CIE_ID_64 : reader.uint32() === CIE_ID_32;
  const body = reader.position;
  const cie = is64 ? reader.seek(idAt).uint64() : reader.seek(idAt).uint32();
  return { kind: isCie ? 'cie' : 'fde', start, body, end, cie, is64 };
}

export function readCie(section: FrameSection, offset: number): Cie {
  const outer = readerOf(section, offset);
  const head = readEntryHead(outer, section.kind);
  if (head?.kind !== 'cie') throw outer.error('a frame description points here, but this is no CIE', offset);
  const reader = entryReader(section, head);
  const version = reader.uint8();
  if (version !== 1 && version !== 3 && version !== 4)
    throw reader.error(`a CIE of version ${version}`, head.body);
  const augmentation = reader.cString();
  if (version === 4) checkAddressSize(reader);
  const codeAlignment = reader.uleb128();
  const dataAlignment = reader.sleb128();
  const returnAddressRegister = version === 1 ? reader.uint8() : reader.uleb128();
  const extras = readAugmentation(reader, augmentation, section);
  return {
    codeAlignment,
    dataAlignment,
    returnAddressRegister,
    ...extras,
    instructions: section.bytes.subarray(reader.position, head.end),
  };
}

/** The function that an FDE is about, and where its instructions are. */
export function readFde(section: FrameSection, head: EntryHead, cie: Cie): Fde {
  const reader = entryReader(section, head);
  const from = readEncodedPointer(reader, cie.pointerEncoding, basesOf(section));
  const length = readEncodedValue(reader, cie.pointerEncoding);
  if (cie.hasAugmentationData) reader.skip(reader.uleb128());
  return { cie, from, to: from + length, instructionsStart: reader.position, instructionsEnd: head.end };
}

export const basesOf = (section: FrameSection): Bases => ({ section: section.address, data: 0 });

/** A reader at an entry's body that cannot leave the entry, with offsets of the section. */
const entryReader = (section: FrameSection, head: EntryHead): Reader =>
  new Reader(section.bytes.subarray(0, head.end), { file: section.file, section: section.name }, head.body);

function checkAddressSize(reader: Reader): void {
  const addressSize = reader.uint8();
  const segmentSize = reader.uint8();
  if (addressSize !== 8) throw reader.error(`addresses of ${addressSize} bytes`);
  if (segmentSize !== 0) throw reader.error('segment selectors are not supported');
}

function readAugmentation(
  reader: Reader,
  augmentation: string,
  section: FrameSection,
): Pick<Cie, 'pointerEncoding' | 'hasAugmentationData' | 'signalFrame'> {
  let pointerEncoding = DW_EH_PE_ABSPTR;
  let signalFrame = false;
  if (augmentation === '') return { pointerEncoding, hasAugmentationData: false, signalFrame };
  if (!augmentation.startsWith('z')) throw reader.error(`augmentation "${augmentation}" is not known`);
  const size = reader.uleb128();
  const end = reader.position + size;
  for (const letter of augmentation.slice(1)) {
    if (letter === 'R') pointerEncoding = reader.uint8();
    else if (letter === 'S') signalFrame = true;
    else if (letter === 'L') reader.uint8();
    else if (letter === 'P') readEncodedPointer(reader, reader.uint8() & 0x7f, basesOf(section));
    else if (letter !== 'B' && letter !== 'G') break; // the size says where the instructions begin all the same
  }
  reader.seek(end);
  return { pointerEncoding, hasAugmentationData: true, signalFrame };
}
