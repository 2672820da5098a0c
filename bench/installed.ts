import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder, projectRoot } from '../test/support/project.ts';
import { run } from '../test/support/tools.ts';

const folder = path.join(cacheFolder, 'bench/installed');
const command = [process.execPath, path.join(folder, 'bin/mattock.js')] as const;
let made = false;

/**
 * What a session is started with in a package that npm has installed. In a checkout each start looks for sources that
 * are newer than the bundle (10 ms), and who edits them meanwhile would have a build measured.
 */
export function mattock(): readonly string[] {
  if (!made) install();
  made = true;
  return command;
}

/** The files that package.json names; builds the bundle before, if it must be built. */
function install(): void {
  run(process.execPath, [path.join(projectRoot, 'bin/mattock.js'), 'help']);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'dist'), { recursive: true });
  for (const name of ['package.json', 'bin', 'dist/cli.cjs', 'dist/trace-page.html'])
    cpSync(path.join(projectRoot, name), path.join(folder, name), { recursive: true });
  symlinkSync(path.join(projectRoot, 'node_modules'), path.join(folder, 'node_modules'));
}
