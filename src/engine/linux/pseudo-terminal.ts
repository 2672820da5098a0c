import { closeSync, constants } from 'node:fs';
import { checkNumber, kernelError } from './errno.ts';
import type { Libc } from './libc.ts';

/** Programs that are started do not inherit the near end. */
const O_CLOEXEC = 0o2000000;
const LONGEST_NAME = 128;

export interface PseudoTerminal {
  readonly nearEnd: number;
  /** The end that programs open. */
  readonly path: string;
}

/** posix_openpt(3), grantpt(3), unlockpt(3), ptsname(3). */
export function openPseudoTerminal(libc: Libc): PseudoTerminal {
  const nearEnd = libc.posix_openpt(constants.O_RDWR | constants.O_NOCTTY | O_CLOEXEC);
  if (nearEnd < 0) throw kernelError('posix_openpt', libc.errno());
  try {
    if (libc.grantpt(nearEnd) !== 0) throw kernelError('grantpt', libc.errno());
    if (libc.unlockpt(nearEnd) !== 0) throw kernelError('unlockpt', libc.errno());
    const name = Buffer.alloc(LONGEST_NAME);
    checkNumber('ptsname_r', libc.ptsname_r(nearEnd, name, name.length));
    return { nearEnd, path: name.toString('latin1', 0, name.indexOf(0)) };
  } catch (error) {
    closeSync(nearEnd);
    throw error;
  }
}
