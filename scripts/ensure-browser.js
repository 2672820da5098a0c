// Makes sure that a Chromium is there for the tests of the page. Where it is missing: root on Debian or Ubuntu gets the
// package chromium; for everybody else those tests are skipped, and this says what to do. MATTOCK_BROWSER names another.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function ensureBrowser() {
  const named = process.env.MATTOCK_BROWSER;
  const program = named ?? PROGRAMS.find((path) => existsSync(path)) ?? install();
  if (program === undefined) return;
  if (!existsSync(program)) console.error(`MATTOCK_BROWSER names ${program}, which is not there.`);
}

function install() {
  const debian = existsSync('/usr/bin/apt-get');
  if (process.getuid?.() !== 0 || !debian) {
    console.error('Chromium is not installed: the tests of the page in a browser are skipped.');
    console.error(
      debian
        ? 'Install it with: sudo apt-get install chromium'
        : 'Set MATTOCK_BROWSER to a Chromium or Chrome.',
    );
    return undefined;
  }
  console.log('Chromium is not installed: installing the package chromium…');
  for (const step of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
  ]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', step, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const program = PROGRAMS.find((path) => existsSync(path));
  if (program === undefined) console.error('apt-get could not install chromium: those tests are skipped.');
  return program;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) ensureBrowser();
