import { UserError } from '../../base/index.ts';
import { type WrittenCore, writeCore } from '../../target/index.ts';
import { defineCommand } from '../command.ts';
import { flag, required } from '../language/arguments.ts';
import { file } from '../language/kinds.ts';
import type { Session } from '../session/session.ts';

interface DumpResult extends WrittenCore {
  readonly path: string;
  /** Where the program is kept, which would be gone otherwise. */
  readonly program: string | undefined;
}

const CHUNK = 4 << 20;

export const dump = defineCommand({
  name: 'dump',
  aliases: [],
  group: 'session',
  summary: 'Write a core of the program as it is now',
  details:
    'An ELF core as the kernel writes them, with the contents of everything that is mapped and can be read: Mattock, ' +
    'Delve and gdb open it, on other machines too. Pages of zeros take no room. Only you can read the file: it holds ' +
    'all that the program has in memory.\n\n' +
    'A program that goes with the session (`mattock debug`, `mattock test`), or whose file is gone already, is kept beside ' +
    'it, as CORE.NAME: `mattock core CORE` finds it there.\n\n' +
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
      // First, for a core without it is not wanted.
      const kept = keepProgram(session, output.path, args.force);
      const written = writeCore(program.target, output, {
        progress(done, total) {
          session.checkCancelled();
          host.progress('writing the core', done, total);
        },
      });
      output.finish();
      return { path: output.path, program: kept, ...written };
    } finally {
      output.discard();
    }
  },
  *render({ path, program, size, written, threads, regions, unreadable }, style) {
    yield `${style.path(path)}: ${mebibytes(size)}, ${mebibytes(written)} of it on disk; ` +
      `${threads} threads, ${regions} regions`;
    if (program !== undefined) yield `${style.path(program)}: the program, which the core needs`;
    if (unreadable > 0) {
      yield style.paint('warning', `${mebibytes(unreadable)} could not be read, and are zeros there`);
    }
  },
});

function keepProgram({ live, host, program }: Session, core: string, replace: boolean): string | undefined {
  const passing = live?.passingProgram(program.target);
  if (passing === undefined) return undefined;
  const output = host.createFile(`${core}.${passing.name}`, replace);
  const source = passing.open();
  try {
    output.begin(source.size);
    for (let at = 0; at < source.size; at += CHUNK) output.write(source.read(at, CHUNK));
    output.finish();
    return output.path;
  } finally {
    source.close();
    output.discard();
  }
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
