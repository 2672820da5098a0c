import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/**
 * The file of a program that was named: as a shell and exec.LookPath of os/exec do, a name without a slash is looked for in
 * PATH, but a file that is called so in the current folder comes first: a folder does not, for packages often have the
 * name of a command. If there is none, it is the name as it is.
 */
export function programPath(name: string, searched = process.env.PATH ?? ''): string {
  if (name === '' || name.includes('/') || isFile(name)) return name;
  const candidates = searched
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name));
  return candidates.find(isProgram) ?? name;
}

function isProgram(file: string): boolean {
  if (!isFile(file)) return false;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not for us to run: another folder may have one that is.
    return false;
  }
}

const isFile = (name: string): boolean => statSync(name, { throwIfNoEntry: false })?.isFile() === true;
