/**
 * What a section holds, inflated: SHF_COMPRESSED with ELFCOMPRESS_ZLIB or ELFCOMPRESS_ZSTD (gABI, "Section
 * Compression"), and the GNU form that came before it: "ZLIB", the size in eight big-endian bytes, an RFC 1950 stream.
 */
import { decompress as inflateZstd } from 'fzstd';
import { type ByteSource, DataError, type Platform, Reader, readAvailable } from '../../base/index.ts';

export interface Compression {
  readonly kind: 'zlib' | 'zstd';
  /** Inflated. */
  readonly size: number;
  /** Bytes before the stream. */
  readonly headerSize: number;
}

/** How much of a section is read from its beginning. */
export interface Beginning {
  /** Of what is stored. */
  readonly share: number;
  /** Inflated bytes that it must have to be of use. */
  readonly wanted: number;
}

interface Stored {
  readonly name: string;
  readonly fileOffset: number;
  readonly fileSize: number;
  readonly style: 'plain' | 'chdr' | 'zdebug';
  readonly compressed: Compression | undefined;
}

const CHDR_SIZE = 24;
const ZDEBUG_HEADER_SIZE = 12;
const KINDS: ReadonlyMap<number, 'zlib' | 'zstd'> = new Map([
  [1, 'zlib'],
  [2, 'zstd'],
]);
/** Deflate's best: 258 bytes in 2 bits (zlib, "Maximum Compression Factor"). */
const ZLIB_MAX_RATIO = 1032;
/** Zstandard's best: a block of 128 KiB in 4 bytes (RFC 8878 §3.1.1.2). */
const ZSTD_MAX_RATIO = 32768;
/** Larger than any real section, and what one allocation may ask for. */
const MAX_SIZE = 2 ** 31 - 1;

/** Throws a DataError if the header is damaged or its size cannot be true. */
export function readCompression(
  source: ByteSource,
  section: Pick<Stored, 'name' | 'fileOffset' | 'fileSize' | 'style'>,
): Compression | undefined {
  const where = { file: source.name, section: section.name };
  const head = readAvailable(source, section.fileOffset, Math.min(CHDR_SIZE, section.fileSize));
  const reader = new Reader(head, where);
  if (section.style === 'zdebug') {
    if (head.length < ZDEBUG_HEADER_SIZE || reader.uint32() !== 0x42494c5a) return undefined;
    const size = new DataView(head.buffer, head.byteOffset).getBigUint64(4);
    return checked(
      { kind: 'zlib', size: Number(size), headerSize: ZDEBUG_HEADER_SIZE },
      section.fileSize,
      reader,
    );
  }
  const type = reader.uint32();
  const kind = KINDS.get(type);
  if (kind === undefined) throw reader.error(`compressed by method ${type}; only zlib and zstd are known`, 0);
  reader.skip(4);
  return checked({ kind, size: reader.uint64(), headerSize: CHDR_SIZE }, section.fileSize, reader);
}

function checked(compression: Compression, storedSize: number, reader: Reader): Compression {
  const ratio = compression.kind === 'zlib' ? ZLIB_MAX_RATIO : ZSTD_MAX_RATIO;
  if (compression.size > Math.min(MAX_SIZE, storedSize * ratio)) {
    throw reader.error(`claims to inflate from ${storedSize} to ${compression.size} bytes`, 0);
  }
  return compression;
}

export function readContents(source: ByteSource, section: Stored, platform: Platform): Uint8Array {
  const where = { file: source.name, section: section.name };
  if (section.fileSize > MAX_SIZE) throw new DataError(where, `claims to have ${section.fileSize} bytes`);
  const available = source.size - section.fileOffset;
  if (available < section.fileSize) {
    throw new DataError(
      where,
      `the file ends ${section.fileSize - Math.max(0, available)} bytes before the section does`,
      'the file is cut off: copy it again',
    );
  }
  const compression = section.compressed;
  const stored = readAvailable(source, section.fileOffset, section.fileSize);
  if (compression === undefined) return stored;
  const stream = stored.subarray(compression.headerSize);
  return inflated(source, section, () =>
    compression.kind === 'zlib'
      ? platform.inflateZlib(stream, compression.size)
      : inflateZstdExactly(stream, compression.size),
  );
}

/** Of a smaller section all is inflated at once. */
const LARGE = 8 << 20;

/** A share of a large section, if that has its first `wanted` bytes. */
export function readBeginning(
  source: ByteSource,
  section: Stored,
  platform: Platform,
  { share, wanted }: Beginning,
): Uint8Array | undefined {
  const { compressed } = section;
  if (compressed?.kind !== 'zlib' || platform.inflateZlibStart === undefined) return undefined;
  const { size, headerSize } = compressed;
  if (size < LARGE || wanted > size * share) return undefined;
  const length = Math.floor((section.fileSize - headerSize) * share);
  const stream = readAvailable(source, section.fileOffset + headerSize, length);
  const bytes = inflated(source, section, () => platform.inflateZlibStart!(stream, size));
  return bytes.length < wanted ? undefined : bytes;
}

function inflated(source: ByteSource, section: Stored, inflate: () => Uint8Array): Uint8Array {
  try {
    return inflate();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError({ file: source.name, section: section.name }, `cannot be inflated: ${reason}`);
  }
}

/** The decoder fills what it is given and does not say how much; the frame does (RFC 8878 §3.1.1.1). */
function inflateZstdExactly(stream: Uint8Array, size: number): Uint8Array {
  const stated = zstdContentSize(stream);
  if (stated !== undefined && stated !== size) throw new Error(`it has ${stated} bytes instead of ${size}`);
  const inflated = stated === undefined ? inflateZstd(stream) : inflateZstd(stream, new Uint8Array(size));
  if (inflated.length !== size) throw new Error(`it has ${inflated.length} bytes instead of ${size}`);
  return inflated;
}

function zstdContentSize(stream: Uint8Array): number | undefined {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >> 6) {
    case 0:
      return isSingleSegment ? view.getUint8(at) : undefined;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}
