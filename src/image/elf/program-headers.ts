/** Program headers (System V gABI, chapter 5), in columns: a core may have hundreds of thousands. */
import { type ByteSource, Reader, readAvailable } from '../../base/index.ts';
import { PROGRAM_HEADER_SIZE } from './header.ts';

export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_NOTE = 4;

/** More than any kernel maps (vm.max_map_count is 65,530 unless it is raised). */
const MAX_HEADERS = 2 ** 22;

const READABLE = 4;
const WRITABLE = 2;
const EXECUTABLE = 1;

export interface ProgramHeader {
  readonly type: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly fileOffset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

export class ProgramHeaders {
  readonly count: number;
  readonly types: Uint32Array;
  /** PF_X 1, PF_W 2, PF_R 4. */
  readonly flags: Uint32Array;
  readonly fileOffsets: Float64Array;
  readonly addresses: Float64Array;
  readonly fileSizes: Float64Array;
  readonly memorySizes: Float64Array;
  readonly aligns: Float64Array;

  /** As many of `count` headers at `offset` as the file has whole. */
  constructor(source: ByteSource, offset: number, count: number) {
    const bytes = readAvailable(source, offset, Math.min(count, MAX_HEADERS) * PROGRAM_HEADER_SIZE);
    const present = Math.floor(bytes.length / PROGRAM_HEADER_SIZE);
    this.count = present;
    this.types = new Uint32Array(present);
    this.flags = new Uint32Array(present);
    this.fileOffsets = new Float64Array(present);
    this.addresses = new Float64Array(present);
    this.fileSizes = new Float64Array(present);
    this.memorySizes = new Float64Array(present);
    this.aligns = new Float64Array(present);
    const reader = new Reader(bytes, { file: source.name, section: 'program headers' });
    for (let i = 0; i < present; i++) {
      this.types[i] = reader.uint32();
      this.flags[i] = reader.uint32();
      this.fileOffsets[i] = reader.uint64();
      this.addresses[i] = reader.uint64();
      reader.skip(8);
      this.fileSizes[i] = reader.uint64();
      this.memorySizes[i] = reader.uint64();
      this.aligns[i] = reader.uint64();
    }
  }

  at(index: number): ProgramHeader {
    const flags = this.flags[index]!;
    return {
      type: this.types[index]!,
      readable: (flags & READABLE) !== 0,
      writable: (flags & WRITABLE) !== 0,
      executable: (flags & EXECUTABLE) !== 0,
      fileOffset: this.fileOffsets[index]!,
      address: this.addresses[index]!,
      fileSize: this.fileSizes[index]!,
      memorySize: this.memorySizes[index]!,
      align: this.aligns[index]!,
    };
  }

  /** Headers of one type, in file order. */
  ofType(type: number): ProgramHeader[] {
    const found: ProgramHeader[] = [];
    for (let i = 0; i < this.count; i++) if (this.types[i] === type) found.push(this.at(i));
    return found;
  }
}
