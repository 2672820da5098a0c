// Node 20 does not run TypeScript: this bundles a program of the checkout into .cache and runs it in this process.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

export async function runTypeScript(source) {
  const folder = path.join(root, '.cache/scripts');
  mkdirSync(folder, { recursive: true });
  const outfile = path.join(folder, `${source.replaceAll(/\W/g, '-')}.mjs`);
  await build({
    entryPoints: [path.join(root, source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  process.chdir(root);
  await import(pathToFileURL(outfile).href);
}
