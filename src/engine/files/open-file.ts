import { UserError } from '../../base/index.ts';
import { compressionOf, unpackCommand } from './compression.ts';
import { FileSource } from './file-source.ts';
import { type UnpackOptions, unpack } from './unpack.ts';

export interface OpenedFile {
  readonly source: FileSource;
  readonly warnings: readonly string[];
}

/** Opens a file that may be packed with gzip or zstd; which it is, its first bytes tell, not its name. */
export async function openFile(path: string, options: UnpackOptions = {}): Promise<OpenedFile> {
  const source = FileSource.open(path);
  const compression = compressionOf(source.read(0, 8));
  if (compression === undefined) return { source, warnings: [] };
  if (compression !== 'gzip' && compression !== 'zstd') {
    source.close();
    throw new UserError(
      `${path} is packed with ${compression}`,
      `Unpack it first: ${unpackCommand(compression, path)}`,
    );
  }
  try {
    const { file, damage } = await unpack(source, compression, options);
    const warnings = damage === undefined ? [] : [`${damage.message}. What was unpacked before is used.`];
    return { source: file, warnings };
  } finally {
    source.close();
  }
}
