import { checkNumber } from './errno.ts';
import type { Libc } from './libc.ts';
import { stringTable } from './string-table.ts';

/** <spawn.h> */
const SETPGROUP = 0x02;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
/** sizeof(posix_spawnattr_t) is 336, of posix_spawn_file_actions_t 80, of sigset_t 128. */
const ATTRIBUTES = 512;
const ACTIONS = 256;
const SIGNAL_SET = 128;

/** In the order in which they are done. */
export type FileAction =
  | { readonly kind: 'open'; readonly descriptor: number; readonly path: string; readonly flags: number }
  | { readonly kind: 'copy'; readonly from: number; readonly to: number }
  | { readonly kind: 'enter'; readonly path: string };

export interface Child {
  readonly path: string;
  readonly argv: readonly string[];
  readonly environment: readonly string[];
  readonly actions: readonly FileAction[];
  /** A session of its own, without a terminal until it opens one, or only a process group of its own. */
  readonly newSession: boolean;
}

/**
 * posix_spawn(3). Every signal is as in a new login: Node ignores SIGPIPE and SIGXFSZ and may block others, and a
 * child would inherit that. Throws a KernelError: also for what exec and the actions in the child refuse.
 */
export function posixSpawn(libc: Libc, child: Child): number {
  const attributes = new Uint8Array(ATTRIBUTES);
  const actions = new Uint8Array(ACTIONS);
  const argv = stringTable(libc, child.argv);
  const environment = stringTable(libc, child.environment);
  const pid = new Int32Array(1);
  checkNumber('posix_spawnattr_init', libc.posix_spawnattr_init(attributes));
  checkNumber('posix_spawn_file_actions_init', libc.posix_spawn_file_actions_init(actions));
  try {
    setAttributes(libc, attributes, child.newSession);
    for (const action of child.actions) addAction(libc, actions, action);
    const { pointers } = argv;
    checkNumber(
      'posix_spawn',
      libc.posix_spawn(pid, child.path, actions, attributes, pointers, environment.pointers),
    );
    return pid[0]!;
  } finally {
    libc.posix_spawn_file_actions_destroy(actions);
    libc.posix_spawnattr_destroy(attributes);
    held(argv.bytes, environment.bytes);
  }
}

/** Used behind the call that reads them, these cannot have been collected before. */
function held(...bytes: readonly Uint8Array[]): void {
  for (const { length } of bytes) if (length === 0) throw new Error('a table of strings ends in a zero byte');
}

function setAttributes(libc: Libc, attributes: Uint8Array, newSession: boolean): void {
  const flags = SETSIGDEF | SETSIGMASK | (newSession ? SETSID : SETPGROUP);
  const every = new Uint8Array(SIGNAL_SET).fill(0xff);
  const none = new Uint8Array(SIGNAL_SET);
  checkNumber('posix_spawnattr_setflags', libc.posix_spawnattr_setflags(attributes, flags));
  checkNumber('posix_spawnattr_setpgroup', libc.posix_spawnattr_setpgroup(attributes, 0));
  checkNumber('posix_spawnattr_setsigdefault', libc.posix_spawnattr_setsigdefault(attributes, every));
  checkNumber('posix_spawnattr_setsigmask', libc.posix_spawnattr_setsigmask(attributes, none));
}

function addAction(libc: Libc, actions: Uint8Array, action: FileAction): void {
  if (action.kind === 'open') {
    const { descriptor, path, flags } = action;
    const errno = libc.posix_spawn_file_actions_addopen(actions, descriptor, path, flags, 0);
    checkNumber('posix_spawn_file_actions_addopen', errno);
  } else if (action.kind === 'copy') {
    const errno = libc.posix_spawn_file_actions_adddup2(actions, action.from, action.to);
    checkNumber('posix_spawn_file_actions_adddup2', errno);
  } else {
    const errno = libc.posix_spawn_file_actions_addchdir_np(actions, action.path);
    checkNumber('posix_spawn_file_actions_addchdir_np', errno);
  }
}
