import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const CACHE = join(PROJECT, '.cache', 'go-build');

export interface GoBuild {
  /** A package's directory, or one .go file. */
  readonly source: string;
  /** `go1.22.12`; without it, the installed Go. */
  readonly toolchain?: string;
  readonly flags?: readonly string[];
  /** GOARCH, CGO_ENABLED, GOEXPERIMENT… */
  readonly env?: Readonly<Record<string, string>>;
}

/** Builds a Go program, once per source, toolchain, flags and environment. Returns the path of the binary. */
export function buildGo(build: GoBuild): string {
  const source = resolve(PROJECT, build.source);
  const env = buildEnvironment(build);
  const flags = build.flags ?? [];
  const key = createHash('sha256');
  for (const part of [toolchainVersion(build.toolchain), ...flags]) key.update(`${part}\0`);
  for (const name of Object.keys(build.env ?? {}).sort()) key.update(`${name}=${build.env?.[name]}\0`);
  for (const file of sourceFiles(source)) key.update(`${file}\0`).update(readFileSync(file)).update('\0');
  const name = `${basename(source, '.go')}-${key.digest('hex').slice(0, 16)}`;
  const binary = join(CACHE, name);
  if (!existsSync(binary)) compile(source, binary, flags, env);
  return binary;
}

/** Whether a toolchain can be had here: installed, or downloaded before. For `describe.skipIf`. */
export function hasToolchain(toolchain: string | undefined): boolean {
  try {
    toolchainVersion(toolchain);
    return true;
  } catch {
    return false;
  }
}

/** Runs `go tool …` with the toolchain that built a binary; returns what it prints. */
export function goTool(toolchain: string | undefined, args: readonly string[], input = ''): string {
  const env = { ...process.env, ...toolchainEnvironment(toolchain) };
  return execFileSync('go', ['tool', ...args], { env, input, encoding: 'utf8', maxBuffer: 2 ** 30 });
}

function compile(source: string, binary: string, flags: readonly string[], env: NodeJS.ProcessEnv): void {
  mkdirSync(CACHE, { recursive: true });
  const isFile = source.endsWith('.go');
  const cwd = isFile ? dirname(source) : source;
  // A build of the same by another process is fine: each writes its own file, and the last rename wins.
  const unfinished = `${binary}.${process.pid}.tmp`;
  const args = ['build', ...flags, '-o', unfinished, isFile ? basename(source) : '.'];
  try {
    execFileSync('go', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    renameSync(unfinished, binary);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw new Error(`go ${args.join(' ')} in ${relative(PROJECT, cwd)} failed:\n${reasonOf(error)}`, {
      cause: error,
    });
  }
}

const versions = new Map<string, string>();

/** `go1.26.8 linux/amd64`. Throws when the toolchain is not here and cannot be downloaded. */
function toolchainVersion(toolchain: string | undefined): string {
  const name = toolchain ?? 'local';
  let version = versions.get(name);
  if (version === undefined) {
    try {
      const env = { ...process.env, ...toolchainEnvironment(toolchain) };
      const said = execFileSync('go', ['version'], {
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      version = said.trim().replace('go version ', '');
    } catch (error) {
      throw new Error(`Go toolchain ${name} cannot be had: ${reasonOf(error)}`, { cause: error });
    }
    // Go before 1.21 knows no GOTOOLCHAIN and answers with its own version.
    if (toolchain !== undefined && version.split(' ')[0] !== toolchain)
      throw new Error(`Go toolchain ${toolchain} cannot be had: the installed Go is ${version}`);
    versions.set(name, version);
  }
  return version;
}

const toolchainEnvironment = (toolchain: string | undefined) =>
  toolchain === undefined ? {} : { GOTOOLCHAIN: toolchain };

function buildEnvironment(build: GoBuild): NodeJS.ProcessEnv {
  return {
    ...process.env,
    GOFLAGS: '-buildvcs=false',
    ...toolchainEnvironment(build.toolchain),
    ...build.env,
  };
}

/**
 * Everything that a build may depend on: the files under the directory (but how a fixture is used), its module's go.mod
 * and go.sum, and the packages that the programs of a module share.
 */
function sourceFiles(source: string): string[] {
  if (source.endsWith('.go')) return [source];
  return [...filesBelow(source), ...moduleFiles(source)];
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => basename(path) !== 'fixture.json' && statSync(path).isFile())
    .sort();

const SHARED_PACKAGES = ['settle'];

function moduleFiles(directory: string): string[] {
  for (let at = directory; at.startsWith(PROJECT); at = dirname(at)) {
    if (!existsSync(join(at, 'go.mod'))) continue;
    const files = ['go.mod', 'go.sum'].map((name) => join(at, name)).filter((file) => existsSync(file));
    const shared = SHARED_PACKAGES.map((name) => join(at, name)).filter((folder) => existsSync(folder));
    return [...files, ...shared.flatMap(filesBelow)];
  }
  return [];
}

function reasonOf(error: unknown): string {
  const stderr = (error as { stderr?: unknown }).stderr;
  const text = typeof stderr === 'string' ? stderr.trim() : '';
  return text === '' ? String(error) : text;
}
