import { closeSync, constants, openSync } from 'node:fs';
import { UserError } from '../../base/index.ts';
import type { SpawnTerminal } from '../../target/process/kernel.ts';
import type { Libc } from './libc.ts';
import type { FileAction } from './posix-spawn.ts';
import { openPseudoTerminal } from './pseudo-terminal.ts';

/** What a new process has as its descriptors 0, 1 and 2. */
export interface StandardFiles {
  readonly actions: readonly FileAction[];
  readonly newSession: boolean;
  /** Near end of the pseudo terminal. */
  readonly terminal: number | undefined;
  /** Closes what only the new process is to have open; with `all`, the near end too. */
  close(all: boolean): void;
}

export function standardFiles(libc: Libc, terminal: SpawnTerminal): StandardFiles {
  if (terminal.kind === 'files') return files(terminal);
  if (terminal.kind === 'tty') {
    closeSync(open(terminal.path, constants.O_RDWR | constants.O_NOCTTY));
    return { actions: onTerminal(terminal.path), newSession: true, terminal: undefined, close() {} };
  }
  const { nearEnd, path } = openPseudoTerminal(libc);
  return {
    actions: onTerminal(path),
    newSession: true,
    terminal: nearEnd,
    close(all) {
      if (all) closeSync(nearEnd);
    },
  };
}

/** The leader of a session without a terminal gets the one that it opens first. */
const onTerminal = (path: string): readonly FileAction[] => [
  { kind: 'open', descriptor: 0, path, flags: constants.O_RDWR },
  { kind: 'copy', from: 0, to: 1 },
  { kind: 'copy', from: 0, to: 2 },
];

/** Opened here, before anything is started, so that what is wrong with a file is said of that file. */
function files(names: SpawnTerminal & { readonly kind: 'files' }): StandardFiles {
  const opened: number[] = [];
  const actions: FileAction[] = [];
  const closeOpened = (): void => {
    for (const descriptor of opened.splice(0)) closeSync(descriptor);
  };
  // Node marks its own to be closed at an exec; a copy, onto itself too, is not.
  const keep = (from: number, to: number): void => {
    actions.push({ kind: 'copy', from, to });
  };
  const place = (path: string, flags: number, to: number): void => {
    const from = open(path, flags);
    opened.push(from);
    keep(from, to);
  };
  const output = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;
  try {
    keep(0, 0);
    keep(names.stdoutDescriptor ?? 1, 1);
    keep(names.stdoutDescriptor ?? 2, 2);
    if (names.stdin !== undefined) place(names.stdin, constants.O_RDONLY, 0);
    if (names.stdout !== undefined) place(names.stdout, output, 1);
    // One file for both is opened once: two would overwrite each other.
    if (names.stderr !== undefined && names.stderr === names.stdout) keep(1, 2);
    else if (names.stderr !== undefined) place(names.stderr, output, 2);
  } catch (error) {
    closeOpened();
    throw error;
  }
  return { actions, newSession: names.newSession === true, terminal: undefined, close: closeOpened };
}

function open(path: string, flags: number): number {
  try {
    return openSync(path, flags, 0o666);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = message.replace(/^[A-Z]+: /, '').replace(/, open .*$/, '');
    throw new UserError(`cannot open ${path} for the program: ${reason}`);
  }
}
