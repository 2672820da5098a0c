import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { projectRoot } from '../support/project.ts';

/** A program of the folder `programs`, as Node can run it. */
export function bundledProgram(name: string): string {
  const file = join(projectRoot, '.cache/test', `${name}.mjs`);
  buildSync({
    entryPoints: [join(projectRoot, 'test/live/programs', name)],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  return file;
}
