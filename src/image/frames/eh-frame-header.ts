/**
 * .eh_frame_hdr (Linux Standard Base 5.0, "The .eh_frame_hdr section"): a table of {function address, address of its
 * frame description}, sorted, that finds one without reading all. Used in the form that linkers write, pairs of
 * section-relative int32; for any other form .eh_frame itself is indexed.
 */
import { DataError, Reader } from '../../base/index.ts';
import { DW_EH_PE_OMIT, readEncodedPointer } from './pointer-encoding.ts';

const VERSION = 1;
/** DW_EH_PE_datarel | DW_EH_PE_sdata4. */
const PAIRS_OF_INT32 = 0x3b;
const PAIR_SIZE = 8;

export class EhFrameHeader {
  readonly #address: number;
  readonly #view: DataView;
  readonly #table: number;
  readonly #count: number;

  private constructor(address: number, view: DataView, table: number, count: number) {
    this.#address = address;
    this.#view = view;
    this.#table = table;
    this.#count = count;
  }

  /** undefined: there is no table, or none that can be searched. */
  static open(bytes: Uint8Array, address: number, file: string): EhFrameHeader | undefined {
    const reader = new Reader(bytes, { file, section: '.eh_frame_hdr' });
    try {
      if (reader.uint8() !== VERSION) return undefined;
      const pointerEncoding = reader.uint8();
      const countEncoding = reader.uint8();
      if (reader.uint8() !== PAIRS_OF_INT32 || countEncoding === DW_EH_PE_OMIT) return undefined;
      const bases = { section: address, data: address };
      readEncodedPointer(reader, pointerEncoding, bases);
      const count = readEncodedPointer(reader, countEncoding, bases);
      if (!(count > 0 && count * PAIR_SIZE <= reader.remaining)) return undefined;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return new EhFrameHeader(address, view, reader.position, count);
    } catch (error) {
      if (error instanceof DataError) return undefined;
      throw error;
    }
  }

  /** Address of the description of the last function that begins at or before a pc; undefined: none does. */
  find(pc: number): number | undefined {
    const wanted = pc - this.#address;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#view.getInt32(this.#table + middle * PAIR_SIZE, true) <= wanted) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    return this.#address + this.#view.getInt32(this.#table + (low - 1) * PAIR_SIZE + 4, true);
  }
}
