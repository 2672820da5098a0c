import { UserError } from '../../base/index.ts';
import { type WrittenCore, writeCore } from '../../target/index.ts';
import { defineCommand } from '../command.ts';
import { flag, required } from '../language/arguments.ts';
import { file } from '../language/kinds.ts';

interface DumpResult extends WrittenCore {
  readonly path: string;
}

export const dump = defineCommand({
  name: 'dump',
  aliases: [],
  group: 'session',
  summary: 'Write a core of the program as it is now',
  details:
    'An ELF core as the kernel writes them, with the contents of everything that is mapped and can be read: Mattock, ' +
    'Delve and gdb open it, on other machines too. Pages of zeros take no room. Only you can read the file: it holds ' +
    'all that the program has in memory.\n\n' +
    'Of a core it makes one that has in it what the first left to the files of the program and its libraries.',
  examples: ['dump app.core', 'dump -f ~/cores/app.core'],
  arguments: {
    force: flag(['-f', '-force'], 'replace the file if there is one'),
    file: required(file, 'the file'),
  },
  run({ session }, args): DumpResult {
    const { host, program } = session;
    if (program.target.threads.length === 0) {
      throw new UserError('there is nothing to write: the process is gone');
    }
    const output = host.createFile(args.file, args.force);
    try {
      const written = writeCore(program.target, output, {
        progress(done, total) {
          session.checkCancelled();
          host.progress('writing the core', done, total);
        },
      });
      output.finish();
      return { path: output.path, ...written };
    } finally {
      output.discard();
    }
  },
  *render({ path, size, written, threads, regions, unreadable }, style) {
    yield `${style.path(path)}: ${mebibytes(size)}, ${mebibytes(written)} of it on disk; ` +
      `${threads} threads, ${regions} regions`;
    if (unreadable > 0) {
      yield style.paint('warning', `${mebibytes(unreadable)} could not be read, and are zeros there`);
    }
  },
});

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
