import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { UserError } from '../../base/index.ts';
import type { Processor } from './processor.ts';

/** ELF-64 object file format: e_ident, e_type, e_machine. */
const HEADER = 20;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const EM_NAMES: Readonly<Record<number, string>> = {
  3: '386',
  8: 'mips',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

/** Says why a file cannot be run, before anything is started. Scripts may be: what they name is run. */
export function checkProgram(path: string, processor: Processor): void {
  if (!(facts(path)?.isFile() ?? false)) throw new UserError(`${path} is no file that can be run`);
  if (!allows(path, constants.X_OK)) throw new UserError(`${path} may not be executed`, `chmod +x ${path}`);
  if (!allows(path, constants.R_OK)) throw new UserError(`${path} may not be read, so it cannot be debugged`);
  const header = beginning(path);
  if (header.toString('latin1', 0, 2) === '#!') return;
  if (header.length < HEADER || header.toString('latin1', 0, 4) !== '\x7fELF')
    throw new UserError(`${path} is no program: neither ELF nor a script`);
  const machine = header.readUInt16LE(18);
  if (header[4] === CLASS_64 && header[5] === LITTLE_ENDIAN && machine === processor.machine) return;
  const made = EM_NAMES[machine] ?? `a processor of ELF's number ${machine}`;
  throw new UserError(
    `${path} is made for ${made}, and this is ${processor.name}`,
    `build it with GOOS=linux GOARCH=${processor.name}`,
  );
}

export function checkDirectory(path: string): void {
  if (!(facts(path)?.isDirectory() ?? false)) throw new UserError(`there is no directory ${path}`);
  if (!allows(path, constants.X_OK)) throw new UserError(`${path} may not be entered`);
}

function facts(path: string): ReturnType<typeof statSync> {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new UserError(`${path}: ${(error as Error).message}`);
  }
}

function allows(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function beginning(path: string): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(HEADER);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, HEADER, 0));
  } finally {
    closeSync(descriptor);
  }
}
