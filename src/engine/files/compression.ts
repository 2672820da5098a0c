/**
 * How a file is packed, told by its first bytes: RFC 1952 §2.3.1 (gzip), RFC 8878 §3.1.1 (zstd), and those that
 * are recognised only to say what to do about them.
 */
export type Compression = 'gzip' | 'zstd' | 'xz' | 'bzip2' | 'lz4';

const MAGICS: readonly { readonly compression: Compression; readonly bytes: readonly number[] }[] = [
  { compression: 'gzip', bytes: [0x1f, 0x8b, 0x08] },
  { compression: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { compression: 'xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { compression: 'bzip2', bytes: [0x42, 0x5a, 0x68] },
  { compression: 'lz4', bytes: [0x04, 0x22, 0x4d, 0x18] },
];

export function compressionOf(start: Uint8Array): Compression | undefined {
  return MAGICS.find(({ bytes }) => bytes.every((byte, i) => start[i] === byte))?.compression;
}

/** The command that unpacks what Mattock does not. */
export function unpackCommand(compression: Compression, path: string): string {
  return `${compression} -dk ${path.includes(' ') ? `'${path}'` : path}`;
}
