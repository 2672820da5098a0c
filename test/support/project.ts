import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: found upwards, so that it holds for sources and for a bundle of them under `.cache/`. */
export const projectRoot = findRoot(path.dirname(fileURLToPath(import.meta.url)));

/** Everything made by tests, comparisons and benchmarks; ignored by git and safe to delete. */
export const cacheFolder = path.join(projectRoot, '.cache');

function findRoot(folder: string): string {
  const manifest = path.join(folder, 'package.json');
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'mattock') return folder;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error('no package.json of mattock above this file');
  return findRoot(parent);
}
