import { UserError } from '../../base/index.ts';
import { defineCommand } from '../command.ts';
import { flag, positional } from '../language/arguments.ts';
import { file } from '../language/kinds.ts';
import type { Transcript } from '../session/session.ts';

export const transcript = defineCommand({
  name: 'transcript',
  aliases: [],
  group: 'session',
  summary: 'Write what commands print to a file',
  details:
    'The output of the commands that follow is appended to the file. Without arguments it says where it goes.',
  examples: ['transcript crash.txt', 'transcript -t -x crash.txt', 'transcript -off'],
  arguments: {
    truncate: flag('-t', 'empty the file first'),
    only: flag('-x', 'do not show the output as well'),
    off: flag('-off', 'write no further'),
    file: positional(file, 'the file'),
  },
  run({ session }, args): { readonly transcript: Transcript | undefined } {
    if (args.off) {
      session.transcript = undefined;
    } else if (args.file !== undefined) {
      session.host.startTranscript(args.file, args.truncate);
      session.transcript = { path: args.file, only: args.only };
    } else if (args.truncate || args.only) {
      throw new UserError('a file is missing');
    }
    return { transcript: session.transcript };
  },
  *render({ transcript: current }, style) {
    yield current === undefined ? 'no transcript is written' : `writing to ${style.path(current.path)}`;
  },
});
