import { getSystemErrorName } from 'node:util';
import { KernelError } from '../../target/process/kernel.ts';
import type { Libc } from './libc.ts';

/** <asm-generic/errno-base.h>. */
export const EPERM = 1;
export const ESRCH = 3;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const ECHILD = 10;
export const EFAULT = 14;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENOSPC = 28;

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
