import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { KernelError } from '../../target/process/kernel.ts';
import type { Libc } from './libc.ts';

const { EINVAL, EIO, EFAULT, ESRCH, ECHILD, EINTR, ENOSPC, EPERM } = constants.errno;

export { ECHILD, EFAULT, EINTR, EINVAL, EIO, ENOSPC, EPERM, ESRCH };

export const kernelError = (call: string, errno: number): KernelError =>
  new KernelError(call, getSystemErrorName(-errno));

/** What a call about a thread gives that failed: false if the thread is gone, or for another expected error. */
export function refusal(libc: Libc, call: string, ...expected: readonly number[]): false {
  const errno = libc.errno();
  if (errno === ESRCH || expected.includes(errno)) return false;
  throw kernelError(call, errno);
}

/** The call itself told the error's number (posix_spawn and its kin), or 0. */
export function checkNumber(call: string, errno: number): void {
  if (errno !== 0) throw kernelError(call, errno);
}
