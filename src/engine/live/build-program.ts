import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { UserError } from '../../base/index.ts';

/** What `debug` and `test` make before they run it. */
export interface BuildRequest {
  readonly kind: 'program' | 'test';
  /** As go takes it: `./cmd/app`, an import path, files; the current folder's if empty. */
  readonly packages: readonly string[];
  /** Further flags for go build. */
  readonly flags: readonly string[];
  /** With optimisation and inlining, as the program is shipped. */
  readonly optimized: boolean;
  /** Where the program is to be; in a folder of its own that is removed at the end if it is not named. */
  readonly output: string | undefined;
}

export interface BuiltProgram {
  readonly path: string;
  /** Where `go test` would run it: the folder of its package. */
  readonly directory: string | undefined;
  /** The folder that was made for this session only, with the program in it. */
  readonly folder: string | undefined;
}

/** Makes the program with the user's go. What go says goes to the terminal; a UserError if it fails. */
export function buildProgram(request: BuildRequest, before?: BuiltProgram): BuiltProgram {
  const temporary =
    request.output === undefined && before === undefined
      ? mkdtempSync(join(tmpdir(), 'mattock-'))
      : undefined;
  const path = before?.path ?? request.output ?? join(temporary!, programName(request));
  try {
    const flags = request.optimized ? request.flags : ['-gcflags=all=-N -l', ...request.flags];
    const command = request.kind === 'test' ? ['test', '-c'] : ['build'];
    go([...command, '-o', path, ...flags, ...request.packages]);
    // go test -c of a package without tests says so and succeeds.
    if (!existsSync(path))
      throw new UserError('there are no tests in this package', 'name one that has _test.go files');
    const directory = request.kind === 'test' ? packageFolder(request.packages) : undefined;
    return { path, directory, folder: before?.folder ?? temporary };
  } catch (error) {
    removeFolder(temporary);
    throw error;
  }
}

export function removeBuilt({ folder }: BuiltProgram): void {
  removeFolder(folder);
}

function removeFolder(folder: string | undefined): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

function programName({ kind, packages }: BuildRequest): string {
  const [first = '.'] = packages;
  const name = basename(first === '.' ? process.cwd() : first).replace(/\.go$/, '') || 'program';
  return kind === 'test' ? `${name}.test` : name;
}

function packageFolder(packages: readonly string[]): string | undefined {
  const { stdout } = go(['list', '-f', '{{.Dir}}', ...packages], true);
  return stdout.split('\n')[0] || undefined;
}

function go(args: readonly string[], quiet = false): { readonly stdout: string } {
  const done = spawnSync('go', args, { stdio: ['ignore', quiet ? 'pipe' : 2, 2], encoding: 'utf8' });
  const { error, status } = done;
  if (error !== undefined) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT') throw error;
    throw new UserError(
      'go is not installed: it is needed to compile the program',
      'build it elsewhere and use `mattock exec`',
    );
  }
  if (status !== 0) throw new UserError(`go ${args[0]} failed`, 'what it says stands above');
  return { stdout: done.stdout ?? '' };
}
