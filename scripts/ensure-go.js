// Makes sure that `go` is there, for what compiles Go programs: the demo and the tests. Any Go from 1.19 will do.
// Where it is missing: root on Debian or Ubuntu gets the package golang-go; everybody else is told what to do.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const OLDEST_MINOR = 19;

/** Returns Go's version, or ends the process with a message that says what to do. */
export function ensureGo() {
  const version = goVersion() ?? install();
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1]);
  if (minor < OLDEST_MINOR) stop(`Go 1.${OLDEST_MINOR} or newer is needed, and \`go\` is ${version}.`);
  return version;
}

function goVersion() {
  const answer = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  return answer.status === 0 ? answer.stdout.trim() : undefined;
}

function install() {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync('/usr/bin/apt-get'))
    stop(
      'Go is not installed (no `go` in PATH), and this compiles Go programs.',
      existsSync('/usr/bin/apt-get')
        ? 'Install it with: sudo apt-get install golang-go'
        : 'Install it from https://go.dev/dl/ or with your package manager.',
    );
  console.log('Go is not installed: installing the package golang-go…');
  // gcc is for cgo; golang-go only recommends it.
  const steps = [
    ['update', '-q'],
    ['install', '-q', '-y', 'golang-go', 'gcc', 'libc6-dev'],
  ];
  for (const step of steps) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const done = spawnSync('apt-get', step, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    // An outdated list of packages may do: only the installation itself has to succeed.
    if (done.status !== 0 && step[0] === 'install')
      stop('apt-get could not install golang-go.', 'Install Go 1.19 or newer by hand: https://go.dev/dl/');
  }
  return goVersion() ?? stop('golang-go is installed, but `go` is still not in PATH.');
}

function stop(problem, remedy) {
  console.error(problem);
  if (remedy !== undefined) console.error(remedy);
  process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) ensureGo();
