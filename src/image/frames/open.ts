import { DataError, type LinkedAddress } from '../../base/index.ts';
import type { FrameRow, FrameTable } from '../function-table.ts';
import { lazy } from '../lazy.ts';
import { frameRowAt } from './cfa-program.ts';
import { EhFrameHeader } from './eh-frame-header.ts';
import {
  type Cie,
  type Fde,
  type FrameSection,
  readCie,
  readEntryHead,
  readerOf,
  readFde,
} from './entries.ts';
import { indexFrames } from './frame-index.ts';

/** Rows are kept for so many addresses: steps, and breakpoints in loops, ask for the same ones over and over. */
const MOST_KEPT = 4096;
/** So many descriptions before a pc are looked at, for one that reaches to it. */
const MAX_OVERLAP = 8;

/** What reading frames needs of an image. */
export interface FrameSource {
  readonly file: string;
  section(name: string): { readonly address: LinkedAddress } | undefined;
  sectionBytes(name: string): Uint8Array | undefined;
}

/**
 * .eh_frame is asked first: it covers C and needs no inflating; in a Go program it is small or absent, and everything
 * of Go is in .debug_frame.
 */
export function openFrames(source: FrameSource): FrameTable {
  const eh = lazy(() => openSection(source, 'eh_frame'));
  const debug = lazy(() => openSection(source, 'debug_frame'));
  const find = (pc: LinkedAddress): FrameRow | undefined => {
    let damage: DataError | undefined;
    for (const open of [eh, debug]) {
      try {
        const row = open()?.rowAt(pc);
        if (row !== undefined) return row;
      } catch (error) {
        // The other section may know; if it does not, this is what the user must hear.
        if (!(error instanceof DataError)) throw error;
        damage ??= error;
      }
    }
    if (damage !== undefined) throw damage;
    return undefined;
  };
  const known = new Map<LinkedAddress, FrameRow>();
  return {
    rowAt(pc) {
      const before = known.get(pc);
      if (before !== undefined) return before;
      const row = find(pc);
      if (known.size >= MOST_KEPT) known.clear();
      if (row !== undefined) known.set(pc, row);
      return row;
    },
  };
}

function openSection(source: FrameSource, kind: FrameSection['kind']): SectionFrames | undefined {
  const name = `.${kind}`;
  const bytes = source.sectionBytes(name);
  if (bytes === undefined) return undefined;
  const address = source.section(name)?.address ?? 0;
  const header = kind === 'eh_frame' ? openHeader(source) : undefined;
  return new SectionFrames({ kind, name, bytes, address, file: source.file }, header);
}

function openHeader(source: FrameSource): EhFrameHeader | undefined {
  const section = source.section('.eh_frame_hdr');
  const bytes = source.sectionBytes('.eh_frame_hdr');
  if (section === undefined || bytes === undefined) return undefined;
  return EhFrameHeader.open(bytes, section.address, source.file);
}

/** One section's frame descriptions. */
class SectionFrames {
  readonly #section: FrameSection;
  readonly #header: EhFrameHeader | undefined;
  readonly #index = lazy(() => indexFrames(this.#section));
  readonly #cies = new Map<number, Cie>();

  constructor(section: FrameSection, header: EhFrameHeader | undefined) {
    this.#section = section;
    this.#header = header;
  }

  rowAt(pc: LinkedAddress): FrameRow | undefined {
    const fde = this.#fdeAt(pc);
    return fde === undefined ? undefined : frameRowAt(this.#section, fde, pc);
  }

  #fdeAt(pc: LinkedAddress): Fde | undefined {
    if (this.#header !== undefined) {
      const address = this.#header.find(pc);
      const fde = address === undefined ? undefined : this.#read(address - this.#section.address);
      return fde !== undefined && pc >= fde.from && pc < fde.to ? fde : undefined;
    }
    const { entries, damage } = this.#index();
    const last = entries.last(pc);
    for (let i = last; i >= 0 && last - i < MAX_OVERLAP; i--) {
      const fde = this.#read(entries.item(i));
      if (fde !== undefined && pc < fde.to) return fde;
    }
    if (damage !== undefined) throw damage;
    return undefined;
  }

  #read(offset: number): Fde | undefined {
    const reader = readerOf(this.#section, offset);
    const head = readEntryHead(reader, this.#section.kind);
    if (head?.kind !== 'fde')
      throw reader.error('an index points here, but this is no frame description', offset);
    const cie = this.#cies.get(head.cie) ?? readCie(this.#section, head.cie);
    this.#cies.set(head.cie, cie);
    return readFde(this.#section, head, cie);
  }
}
