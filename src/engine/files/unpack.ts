import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { DataError, MattockError, UserError } from '../../base/index.ts';
import { errorCode, type FileSource } from './file-source.ts';
import { TemporaryFile } from './temporary-file.ts';

/**
 * Unpacks gzip (RFC 1952) and zstd (RFC 8878) into a temporary file. Memory stays at a few buffers and zstd's
 * window. Several members or frames in one file are joined, as gzip and zstd do. Not supported: zstd dictionaries
 * and windows over 128 MiB (`--long=28` and more). Not checked: zstd's content checksums.
 */

const USE = {
  purpose: 'to unpack the core',
  remedy: 'Set TMPDIR to a directory with more room, or unpack the core yourself.',
};

export interface UnpackProgress {
  /** Packed bytes read, of how many. */
  readonly done: number;
  readonly total: number;
}

export interface UnpackOptions {
  readonly onProgress?: (progress: UnpackProgress) => void;
  readonly signal?: AbortSignal;
}

export interface Unpacked {
  readonly file: FileSource;
  /** Why unpacking ended early: `file` then holds what came before. */
  readonly damage: DataError | undefined;
}

const INPUT_CHUNK = 128 * 1024;
const OUTPUT_CHUNK = 256 * 1024;
const MAX_WINDOW = 128 * 2 ** 20;
const CHUNKS_PER_TURN = 16;

/** Feeds a decoder packed bytes; resolves when it took them all, rejects with what is wrong with them. */
interface Decoder {
  push(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

export async function unpack(
  source: FileSource,
  compression: 'gzip' | 'zstd',
  options: UnpackOptions = {},
): Promise<Unpacked> {
  const target = new TemporaryFile(USE);
  const decoder = compression === 'gzip' ? gzipDecoder(target) : zstdDecoder(source, target);
  let done = 0;
  let damage: DataError | undefined;
  try {
    for (let turn = 1; done < source.size; turn++) {
      options.signal?.throwIfAborted();
      const chunk = source.read(done, INPUT_CHUNK);
      await decoder.push(chunk);
      done += chunk.length;
      options.onProgress?.({ done, total: source.size });
      if (turn % CHUNKS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      if (chunk.length === 0) break;
    }
    await decoder.end();
  } catch (error) {
    damage = damageOf(source, done, compression, error);
    if (damage === undefined || target.length === 0) {
      target.discard();
      throw damage ?? error;
    }
  }
  return { file: target.finish(source.name), damage };
}

/** What a decoder says of its input; undefined: something else went wrong. */
function damageOf(
  source: FileSource,
  offset: number,
  compression: string,
  error: unknown,
): DataError | undefined {
  if (!(error instanceof Error) || error instanceof MattockError) return undefined;
  const code = errorCode(error);
  const isZstd = 'code' in error && typeof error.code === 'number';
  // Without a code fzstd met data that leads it outside its own tables.
  const isInner = compression === 'zstd' && (error instanceof RangeError || error instanceof TypeError);
  if (!isZstd && !isInner && !code?.startsWith('Z_')) return undefined;
  const cut = code === 'Z_BUF_ERROR' || (isZstd && error.code === 5);
  const problem = cut
    ? `the ${compression} data is cut`
    : `the ${compression} data is damaged (${error.message})`;
  return new DataError({ file: source.name, offset: cut ? source.size : offset }, problem);
}

function gzipDecoder(target: TemporaryFile): Decoder {
  const gunzip = createGunzip({ chunkSize: OUTPUT_CHUNK });
  let failure: unknown;
  let fail = (_: unknown): void => {};
  gunzip.on('data', (chunk: Uint8Array) => {
    try {
      target.append(chunk);
    } catch (error) {
      gunzip.destroy(error as Error);
    }
  });
  gunzip.on('error', (error) => {
    failure = error;
    fail(error);
  });
  const step = (start: (done: () => void) => void) =>
    new Promise<void>((resolve, reject) => {
      if (failure !== undefined) return reject(failure);
      fail = reject;
      start(resolve);
    });
  return {
    push: (chunk) => step((done) => gunzip.write(chunk, (error) => (error ? fail(error) : done()))),
    end: () =>
      step((done) => {
        gunzip.once('end', done);
        gunzip.end();
      }),
  };
}

function zstdDecoder(source: FileSource, target: TemporaryFile): Decoder {
  checkWindow(source);
  const decoder = new Decompress((chunk) => target.append(chunk));
  return {
    push: async (chunk) => {
      decoder.push(chunk);
    },
    end: async () => {
      decoder.push(new Uint8Array(0), true);
    },
  };
}

/** RFC 8878 §3.1.1.1: what the decoder would allocate for the first frame. */
function checkWindow(source: FileSource): void {
  const header = source.read(0, 18);
  const [, , , , descriptor = 0, windowByte = 0] = header;
  const singleSegment = (descriptor & 0x20) !== 0;
  const base = 2 ** (10 + (windowByte >> 3));
  const window = singleSegment ? contentSize(header, descriptor) : base + (base / 8) * (windowByte & 7);
  if (window <= MAX_WINDOW) return;
  throw new UserError(
    `${source.name} is packed with a window of ${Math.round(window / 2 ** 20)} MiB, more than Mattock unpacks`,
    `Unpack it yourself: zstd -dk --long=31 ${source.name}`,
  );
}

function contentSize(header: Uint8Array, descriptor: number): number {
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const size = [1, 2, 4, 8][descriptor >> 6]!;
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (header[5 + dictionaryBytes + i] ?? 0);
  return size === 2 ? value + 256 : value;
}
