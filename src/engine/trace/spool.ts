import type { Spool } from '../../trace/recording/raw-log.ts';
import { TemporaryFile } from '../files/temporary-file.ts';

const USE = {
  purpose: 'for what is recorded',
  remedy: 'Record for a shorter time, or with -o to a file system with more room.',
};

/** Keeps what there is no room for in memory in a file without a name, which is made when it is needed. */
export function fileSpool(folder: string | undefined): Spool {
  let file: TemporaryFile | undefined;
  return {
    append: (words) => {
      file ??= new TemporaryFile(USE, folder);
      file.append(bytesOf(words));
    },
    read: (at, into) => file?.read(4 * at, bytesOf(into)),
  };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
