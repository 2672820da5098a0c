import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { projectRoot } from '../support/project.ts';
import { writeAtomically } from '../support/tools.ts';

/** A program of the folder `programs`, as Node can run it. */
export function bundledProgram(name: string): string {
  const file = join(projectRoot, '.cache/test', `${name}.mjs`);
  const { outputFiles } = buildSync({
    entryPoints: [join(projectRoot, 'test/live/programs', name)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    write: false,
  });
  // Another test may be starting it now.
  writeAtomically(file, outputFiles[0]!.text);
  return file;
}
