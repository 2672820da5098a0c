import type * as Koffi from 'koffi';
import { UserError } from '../../base/index.ts';

/**
 * The C library's functions as koffi calls them. Addresses of the debuggee pass as numbers (size_t), memory of ours as
 * typed arrays (`void *`: koffi passes where their bytes are, and keeps them while the call runs). Both cost a few
 * hundred nanoseconds; koffi's own arrays and structures would cost microseconds. Every call is synchronous: koffi's
 * `.async` runs on other threads, which are not the tracer.
 *
 * koffi is loaded here and nowhere else, when the first kernel is opened.
 */
export interface Libc {
  /** errno of the last call that failed. */
  errno(): number;
  /** Where an array's bytes are. Does not keep them: the caller holds the array for as long as the address is used. */
  address(bytes: Uint8Array): bigint;

  ptrace(request: number, tid: number, address: number, data: number): number;
  ptraceInto(request: number, tid: number, address: number, data: Uint8Array): number;
  /** PTRACE_PEEKUSER, whose result is the word itself; errno is 0 after success. */
  ptracePeek(request: number, tid: number, address: number, data: number): number | bigint;
  waitpid(pid: number, status: Int32Array, options: number): number;
  kill(pid: number, signal: number): number;
  syscall(number: number, a: number, b: number, c: number): number;
  personality(persona: number): number;

  process_vm_readv(
    pid: number,
    local: Uint32Array,
    localCount: number,
    remote: Uint32Array,
    remoteCount: number,
    flags: number,
  ): number;
  pread(descriptor: number, into: Uint8Array, length: number, offset: number): number;
  pwrite(descriptor: number, from: Uint8Array, length: number, offset: number): number;

  posix_openpt(flags: number): number;
  grantpt(descriptor: number): number;
  unlockpt(descriptor: number): number;
  ptsname_r(descriptor: number, into: Uint8Array, length: number): number;

  posix_spawn(
    pid: Int32Array,
    path: string,
    actions: Uint8Array,
    attributes: Uint8Array,
    argv: BigUint64Array,
    environment: BigUint64Array,
  ): number;
  posix_spawnattr_init(attributes: Uint8Array): number;
  posix_spawnattr_destroy(attributes: Uint8Array): number;
  posix_spawnattr_setflags(attributes: Uint8Array, flags: number): number;
  posix_spawnattr_setpgroup(attributes: Uint8Array, group: number): number;
  posix_spawnattr_setsigdefault(attributes: Uint8Array, signals: Uint8Array): number;
  posix_spawnattr_setsigmask(attributes: Uint8Array, signals: Uint8Array): number;
  posix_spawn_file_actions_init(actions: Uint8Array): number;
  posix_spawn_file_actions_destroy(actions: Uint8Array): number;
  posix_spawn_file_actions_addopen(
    actions: Uint8Array,
    descriptor: number,
    path: string,
    flags: number,
    mode: number,
  ): number;
  posix_spawn_file_actions_adddup2(actions: Uint8Array, from: number, to: number): number;
  posix_spawn_file_actions_addchdir_np(actions: Uint8Array, path: string): number;
}

type Signature = readonly [symbol: string, result: string, parameters: readonly string[]];

const PTRACE_NUMBERS = ['int', 'int', 'size_t', 'size_t'] as const;
const ON_ATTRIBUTES = ['void *'] as const;

const SIGNATURES: { readonly [Name in Exclude<keyof Libc, 'errno' | 'address'>]: Signature } = {
  // long in C; all but PEEK give 0 or -1, and an int is made into a JavaScript number sooner.
  ptrace: ['ptrace', 'int', PTRACE_NUMBERS],
  ptraceInto: ['ptrace', 'int', ['int', 'int', 'size_t', 'void *']],
  ptracePeek: ['ptrace', 'long', PTRACE_NUMBERS],
  waitpid: ['waitpid', 'int', ['int', 'void *', 'int']],
  kill: ['kill', 'int', ['int', 'int']],
  syscall: ['syscall', 'long', ['long', 'long', 'long', 'long']],
  personality: ['personality', 'int', ['ulong']],
  process_vm_readv: ['process_vm_readv', 'long', ['int', 'void *', 'ulong', 'void *', 'ulong', 'ulong']],
  pread: ['pread64', 'long', ['int', 'void *', 'size_t', 'int64_t']],
  pwrite: ['pwrite64', 'long', ['int', 'void *', 'size_t', 'int64_t']],
  posix_openpt: ['posix_openpt', 'int', ['int']],
  grantpt: ['grantpt', 'int', ['int']],
  unlockpt: ['unlockpt', 'int', ['int']],
  ptsname_r: ['ptsname_r', 'int', ['int', 'void *', 'size_t']],
  posix_spawn: ['posix_spawn', 'int', ['void *', 'const char *', 'void *', 'void *', 'void *', 'void *']],
  posix_spawnattr_init: ['posix_spawnattr_init', 'int', ON_ATTRIBUTES],
  posix_spawnattr_destroy: ['posix_spawnattr_destroy', 'int', ON_ATTRIBUTES],
  posix_spawnattr_setflags: ['posix_spawnattr_setflags', 'int', ['void *', 'short']],
  posix_spawnattr_setpgroup: ['posix_spawnattr_setpgroup', 'int', ['void *', 'int']],
  posix_spawnattr_setsigdefault: ['posix_spawnattr_setsigdefault', 'int', ['void *', 'void *']],
  posix_spawnattr_setsigmask: ['posix_spawnattr_setsigmask', 'int', ['void *', 'void *']],
  posix_spawn_file_actions_init: ['posix_spawn_file_actions_init', 'int', ON_ATTRIBUTES],
  posix_spawn_file_actions_destroy: ['posix_spawn_file_actions_destroy', 'int', ON_ATTRIBUTES],
  posix_spawn_file_actions_addopen: [
    'posix_spawn_file_actions_addopen',
    'int',
    ['void *', 'int', 'const char *', 'int', 'uint'],
  ],
  posix_spawn_file_actions_adddup2: ['posix_spawn_file_actions_adddup2', 'int', ['void *', 'int', 'int']],
  posix_spawn_file_actions_addchdir_np: [
    'posix_spawn_file_actions_addchdir_np',
    'int',
    ['void *', 'const char *'],
  ],
};

export async function openLibc(): Promise<Libc> {
  const koffi = await loadKoffi();
  // No name: the functions that this process has already, of whichever C library it runs with.
  const library = koffi.load(null);
  const bind = ([symbol, result, parameters]: Signature): unknown =>
    library.func(symbol, result, [...parameters]);
  const functions = Object.entries(SIGNATURES).map(([name, signature]) => [name, bind(signature)]);
  return { ...Object.fromEntries(functions), errno: koffi.errno, address: koffi.address } as Libc;
}

async function loadKoffi(): Promise<typeof Koffi> {
  try {
    return await import('koffi');
  } catch (error) {
    throw new UserError(
      `live processes need the package koffi, which cannot be loaded: ${(error as Error).message.split('\n')[0]}`,
      'install again with optional dependencies: they hold its native code for each system',
    );
  }
}
