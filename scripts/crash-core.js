// Runs a program that crashes, and finds the core that it leaves.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Runs `executable` in `folder` until it dies, with core files allowed and Go asked to leave one.
 * Returns the core's path and what the program printed; `problem` says why there is no core and what to do.
 */
export function crashCore(executable, folder) {
  const before = new Set(readdirSync(folder));
  const ran = spawnSync('bash', ['-c', 'ulimit -c unlimited 2>/dev/null; exec "$0"', executable], {
    cwd: folder,
    // crash: without it Go exits with status 2 and no core.
    env: { ...process.env, GOTRACEBACK: 'crash' },
    encoding: 'utf8',
    timeout: 60_000,
  });
  const output = ran.stdout + ran.stderr;
  const core = readdirSync(folder).find((name) => !before.has(name)) ?? coreByGdb(executable, folder);
  if (core !== undefined) return { core: path.join(folder, core), output };
  return { core: undefined, output, problem: whyNoCore() };
}

/** Where the kernel leaves no file, gdb can: it runs the program again and dumps it at its SIGABRT. */
function coreByGdb(executable, folder) {
  const name = 'core.gdb';
  // Go handles these itself: SIGSEGV becomes a panic, SIGURG preempts.
  const commands = ['handle SIGSEGV SIGURG SIGPIPE nostop noprint pass', 'run', `generate-core-file ${name}`];
  const args = ['-q', '-batch', ...commands.flatMap((command) => ['-ex', command]), executable];
  spawnSync('gdb', args, {
    cwd: folder,
    env: { ...process.env, GOTRACEBACK: 'crash' },
    stdio: 'ignore',
    timeout: 120_000,
  });
  return existsSync(path.join(folder, name)) ? name : undefined;
}

function whyNoCore() {
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
  if (pattern.startsWith('|'))
    return `This system hands cores to a program (${pattern.slice(1).split(' ')[0]}), not to a file.
With systemd: coredumpctl dump --output=core, else, as root: sysctl -w kernel.core_pattern=core`;
  if (pattern.includes('/'))
    return `This system keeps cores as ${pattern}: look there, or, as root: sysctl -w kernel.core_pattern=core`;
  return 'The limit on core files could not be raised: see `ulimit -H -c` (0 means that none may be written).';
}
