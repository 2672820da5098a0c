import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { kernelWritesFiles } from '../test/support/cores.ts';
import { buildGo } from '../test/support/go-build.ts';
import { cacheFolder } from '../test/support/project.ts';
import { run } from '../test/support/tools.ts';

/** An executable and a core of it. */
export interface Subject {
  readonly executable: string;
  readonly core: string;
}

const folder = path.join(cacheFolder, 'bench');
export const DELVE_VERSION = '1.27.2';
const PROMETHEUS = 'v0.305.0';

/** Delve: the one in PATH or GOPATH if it is of the version that is compared with, else one installed into `.cache`. */
export function delve(): string {
  const ours = path.join(folder, 'bin/dlv');
  const gopath = run('go', ['env', 'GOPATH']).trim();
  for (const candidate of [ours, 'dlv', path.join(gopath, 'bin/dlv')])
    if (versionOf(candidate) === DELVE_VERSION) return candidate;
  console.log(`installing Delve ${DELVE_VERSION}…`);
  run('go', ['install', `github.com/go-delve/delve/cmd/dlv@v${DELVE_VERSION}`], {
    env: { ...process.env, GOBIN: path.dirname(ours), GOFLAGS: '' },
  });
  return ours;
}

function versionOf(program: string): string | undefined {
  try {
    return /Version: (\S+)/.exec(run(program, ['version']))?.[1];
  } catch {
    return undefined; // not there
  }
}

/** Delve's own binary, waiting for a client. */
export async function delveItself(): Promise<Subject> {
  const executable = path.resolve(run('bash', ['-c', 'command -v -- "$0"', delve()]).trim());
  const command = [executable, 'dap', '--listen=127.0.0.1:0'];
  return { executable, core: await coreAt(`delve-${DELVE_VERSION}.core`, command, /server listening/) };
}

/** Prometheus, a server of some 150 MB from a public module, after its start. Its build takes minutes, once. */
export async function prometheus(): Promise<Subject> {
  const module = path.join(folder, 'big');
  const executable = path.join(module, 'prometheus');
  if (!existsSync(executable)) {
    console.log(`building Prometheus ${PROMETHEUS}: some minutes, once…`);
    rmSync(module, { recursive: true, force: true });
    mkdirSync(module, { recursive: true });
    // A module of its own: what Prometheus' go.mod replaces would keep `go install` from building it.
    const main = 'github.com/prometheus/prometheus/cmd/prometheus';
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' };
    run('go', ['mod', 'init', 'example.com/big'], { cwd: module, env });
    run('go', ['get', `${main}@${PROMETHEUS}`], { cwd: module, env });
    run('go', ['build', '-o', `${executable}.new`, main], { cwd: module, env });
    renameSync(`${executable}.new`, executable);
  }
  const data = path.join(folder, 'prometheus-data');
  mkdirSync(data, { recursive: true });
  writeFileSync(path.join(data, 'prometheus.yml'), 'global:\n  scrape_interval: 15s\n');
  const command = [
    executable,
    `--config.file=${data}/prometheus.yml`,
    `--storage.tsdb.path=${data}`,
    '--web.listen-address=127.0.0.1:0',
    '--log.level=info',
  ];
  return { executable, core: await coreAt('prometheus.core', command, /Server is ready/) };
}

export async function parkedGoroutines(count: number): Promise<Subject> {
  const executable = buildGo({ source: 'bench/programs/goroutines' });
  return { executable, core: await coreAt(`goroutines-${count}.core`, [executable, String(count)], /ready/) };
}

export async function bigMap(count: number): Promise<Subject> {
  const executable = buildGo({ source: 'bench/programs/bigmap' });
  return { executable, core: await coreAt(`bigmap-${count}.core`, [executable, String(count)], undefined) };
}

/**
 * The core that a program leaves when it gets SIGABRT after it has printed `ready`, or by itself. A core is kept
 * with the name of its executable, and made again when that is another.
 */
async function coreAt(name: string, command: readonly string[], ready: RegExp | undefined): Promise<string> {
  const core = path.join(folder, `${path.basename(command[0]!)}-${name}`);
  if (existsSync(core)) return core;
  if (!kernelWritesFiles())
    throw new Error('the kernel writes no core files here: as root, sysctl -w kernel.core_pattern=core');
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(path.join(folder, 'run-'));
  try {
    const said = await runToDeath(command, ready, work);
    const left = readdirSync(work).find((file) => file.startsWith('core'));
    if (left === undefined) throw new Error(`${command.join(' ')} left no core:\n${said}`);
    renameSync(path.join(work, left), core);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return core;
}

function runToDeath(command: readonly string[], ready: RegExp | undefined, cwd: string): Promise<string> {
  const child = spawn('bash', ['-c', 'ulimit -c unlimited && exec "$0" "$@"', ...command], {
    cwd,
    env: { ...process.env, GOTRACEBACK: 'crash' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 1 << 16) said += text;
      if (ready?.test(said)) {
        ready = undefined;
        // Some more start after that line.
        setTimeout(() => child.kill('SIGABRT'), 500);
      }
    });
  const deadline = setTimeout(() => child.kill('SIGKILL'), 300_000);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(deadline);
      resolve(said.slice(-3000));
    });
  });
}
