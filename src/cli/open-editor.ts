import { spawn } from 'node:child_process';
import type { EditRequest } from '../commands/index.ts';

/** Runs the user's editor on this terminal until it ends. Gives what went wrong. */
export function openEditor({ editor, file, line }: EditRequest): Promise<string | undefined> {
  // The shell splits the command as it does for other programs that start editors: `code --wait`.
  const child = spawn('/bin/sh', ['-c', `${editor} "$@"`, editor, `+${line}`, file], { stdio: 'inherit' });
  // Ctrl-C is a signal to the editor and to us: it is the editor's.
  const ignore = (): void => {};
  process.on('SIGINT', ignore);
  return new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(`cannot run ${editor}: ${error.message}`));
    child.on('close', (status, signal) =>
      resolve(status === 0 ? undefined : `${editor} ended with ${status ?? signal}`),
    );
  }).finally(() => process.off('SIGINT', ignore));
}
