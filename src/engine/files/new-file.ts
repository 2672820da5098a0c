import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../base/index.ts';
import { errorCode } from './file-source.ts';

const MODE = 0o600;
/** Where a file can have one name only. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * A file that is written under another name, hidden and in the same folder, and gets its own when it is whole. If this
 * process ends before that, however it ends, the file is removed. Fails with errors of the system and UserErrors.
 */
export class NamedWhenWhole {
  readonly path: string;
  readonly #replace: boolean;
  readonly #partial: string;
  readonly #fd: number;
  readonly #remover: ChildProcess;
  #position = 0;
  #size = 0;
  #open = true;

  constructor(path: string, replace: boolean) {
    this.path = path;
    this.#replace = replace;
    checkPlace(path, replace);
    const name = `.${basename(path)}.${randomBytes(6).toString('hex')}.partial`;
    this.#partial = join(dirname(path), name);
    // First who removes it: we may be killed between any two steps.
    this.#remover = removeAfterUs(this.#partial);
    try {
      this.#fd = openSync(this.#partial, 'wx', MODE);
    } catch (error) {
      this.#remover.kill('SIGKILL');
      throw error;
    }
  }

  begin(size: number): void {
    this.#size = size;
  }

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, this.#position + done);
    }
    this.#position += bytes.length;
  }

  skip(length: number): void {
    this.#position += length;
  }

  finish(): void {
    // A hole at the end is not there until the file is that long.
    ftruncateSync(this.#fd, this.#size);
    if (this.#replace) {
      checkFree(this.path, true);
      renameSync(this.#partial, this.path);
    } else giveName(this.#partial, this.path);
    this.#close();
  }

  discard(): void {
    if (!this.#open) return;
    unlinkSync(this.#partial);
    this.#close();
  }

  #close(): void {
    this.#open = false;
    closeSync(this.#fd);
    this.#remover.kill('SIGKILL');
  }
}

/** Whether a file can be made here. Throws what is in the way. */
export function checkPlace(path: string, replace: boolean): void {
  checkFree(path, replace);
  // For a message about the folder that is not there, not about a file that nobody asked for.
  statSync(dirname(path));
}

/** Before something is made that is to be kept there: whether a file can be made at all. */
export function checkWritable(path: string): void {
  const folder = dirname(path);
  const trial = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.trial`);
  try {
    closeSync(openSync(trial, 'wx', MODE));
  } catch (error) {
    throw new UserError(`no file can be made in ${folder} (${errorCode(error)})`, 'name another folder');
  }
  unlinkSync(trial);
}

function checkFree(path: string, replace: boolean): void {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return;
  if (!facts.isFile()) throw new UserError(`${path} is there already, and not a regular file`);
  if (!replace) throw alreadyThere(path);
}

const alreadyThere = (path: string): UserError =>
  new UserError(`${path} is there already`, 'Give -f to replace it, or another name.');

/** Without replacing what may have come there meanwhile: link(2) refuses to, rename(2) does not. */
function giveName(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') throw alreadyThere(to);
    if (!NO_LINKS.has(code)) throw error;
    checkFree(to, false);
    renameSync(from, to);
    return;
  }
  unlinkSync(from);
}

/**
 * A process that waits for the end of this one, which closes the pipe, and removes the file. A signal that kills us, as
 * Ctrl-C does while a command is computed, leaves no time to do that ourselves. Without a shell the file stays.
 */
function removeAfterUs(path: string): ChildProcess {
  const child = spawn('/bin/sh', ['-c', 'read end; rm -f -- "$0"', path], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  });
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.unref();
  (child.stdin as { unref?: () => void } | null)?.unref?.();
  return child;
}
