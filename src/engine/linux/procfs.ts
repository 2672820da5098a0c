import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { KernelError } from '../../target/process/kernel.ts';

const code = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** The process, the thread or the descriptor is no more. */
export const isGone = (error: unknown): boolean => code(error) === 'ENOENT' || code(error) === 'ESRCH';

/** What Node throws for a system call, in our words; anything else is a bug of ours and stays what it is. */
export function systemError(call: string, error: unknown): unknown {
  const name = code(error);
  return name === undefined ? error : new KernelError(call, name);
}

function unlessGone<T>(call: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw systemError(call, error);
  }
}

/** proc(5). A file of it tells one moment, read as a whole. */
export const procfs = {
  file: (pid: number, name: string): Uint8Array | undefined =>
    unlessGone(`read /proc/PID/${name}`, () => readFileSync(`/proc/${pid}/${name}`)),
  link: (pid: number, name: string): string | undefined =>
    unlessGone(`readlink /proc/PID/${name}`, () => readlinkSync(`/proc/${pid}/${name}`)),
  folder: (pid: number, name: string): readonly string[] | undefined =>
    unlessGone(`readdir /proc/PID/${name}`, () => readdirSync(`/proc/${pid}/${name}`)),
};
