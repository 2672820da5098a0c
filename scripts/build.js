// Makes dist/ of src/: `npm run build`, and by itself after `npm ci`.
//   dist/cli.cjs   the command line in one file, in the form that starts soonest (bin/load-bundle.js)
//   dist/trace-page.html  the page of a trace, without data (web-ui/)
//   dist/lib/      the layers as a library, one entry each (package.json, exports)
//   dist/types/    their declarations
// bin/mattock.js makes the command line alone, in a checkout, when a source file is newer.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => path.join(root, ...parts);
const facts = JSON.parse(readFileSync(at('package.json'), 'utf8'));

const LAYERS = ['base', 'arch', 'image', 'target', 'golang', 'expr', 'commands', 'engine'];
/** Loaded only when they are needed, from node_modules: wasm or native code beside theirs, or CommonJS. */
const EXTERNAL = ['iced-x86', '@alexaltea/capstone-js', 'commander', 'koffi'];

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
};

/** Modules of Node that are not in its start-up snapshot, and that many commands do without. */
const LAZY = ['child_process', 'crypto', 'os', 'tty', 'zlib'];

/** Loads those when one of their functions is first called. */
const lazyBuiltins = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^node:(${LAZY.join('|')})$`) }, ({ path: name, namespace }) =>
      namespace === 'lazy' ? { path: name, external: true } : { path: name, namespace: 'lazy' },
    );
    onLoad({ filter: /./, namespace: 'lazy' }, async ({ path: name }) => {
      const functions = Object.entries(await import(name)).filter(([, value]) => typeof value === 'function');
      // Some are called with `new`.
      const lines = functions.map(([key]) => {
        const own = `require('${name}').${key}`;
        return `export const ${key === 'default' ? '_default' : key} = function (...a) { return new.target ? new ${own}(...a) : ${own}(...a); };`;
      });
      return { contents: lines.join('\n'), loader: 'js' };
    });
  },
};

/** Written under another name first: somebody else may be starting, or building, at the same time. */
export async function buildCli() {
  await buildPage();
  const { outputFiles } = await build({
    ...common,
    entryPoints: [at('src/cli/entry.ts')],
    outfile: at('dist/cli.cjs'),
    write: false,
    format: 'cjs',
    external: EXTERNAL,
    // import() of what is external becomes require(), which needs no second module loader; they are CommonJS.
    supported: { 'dynamic-import': false },
    minify: true,
    legalComments: 'none',
    plugins: [lazyBuiltins],
    define: { MATTOCK_VERSION: JSON.stringify(facts.version) },
  });
  // What esbuild leaves of other characters stands in regular expressions. V8 reads plain ASCII twice as fast.
  const ascii = outputFiles[0].text.replace(
    /[^\0-\x7f]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  // As Node wraps a module: put around it at the start, that would copy it (bin/load-bundle.js).
  const text = `(function (exports, require, module) {${ascii}\n})`;
  mkdirSync(at('dist'), { recursive: true });
  const temporary = at(`dist/cli.${process.pid}.cjs`);
  writeFileSync(temporary, text);
  for (const name of readdirSync(at('dist')))
    if (name.endsWith('.code')) rmSync(at('dist', name), { force: true });
  renameSync(temporary, at('dist/cli.cjs'));
}

/** One HTML file; its data go where a comment says so. */
export async function buildPage() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [at('web-ui/main.ts')],
    bundle: true,
    write: false,
    minify: true,
    legalComments: 'none',
    charset: 'ascii',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    logLevel: 'warning',
  });
  // Nothing in a script may look like its end.
  const script = outputFiles[0].text.replaceAll('</script', '<\\/script');
  const page = readFileSync(at('web-ui/page.html'), 'utf8')
    .replace('/*STYLE*/', () => readFileSync(at('web-ui/page.css'), 'utf8'))
    .replace('/*SCRIPT*/', () => script);
  mkdirSync(at('dist'), { recursive: true });
  const temporary = at(`dist/trace-page.${process.pid}.html`);
  writeFileSync(temporary, page);
  renameSync(temporary, at('dist/trace-page.html'));
}

async function buildLibrary() {
  const entries = LAYERS.map((layer) => [layer, at('src', layer, 'index.ts')]);
  await build({
    ...common,
    format: 'esm',
    splitting: true,
    entryPoints: { index: at('src/index.ts'), ...Object.fromEntries(entries) },
    outdir: at('dist/lib'),
    packages: 'external',
    sourcemap: true,
    sourcesContent: false,
  });
}

function buildTypes() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', at('scripts/tsconfig.types.json')], { stdio: 'inherit' });
  // Declarations name each other by what will be there at run time.
  for (const name of readdirSync(at('dist/types'), { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const file = at('dist/types', name);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/(from |import\()'(\.[^']*)\.ts'/g, "$1'$2.js'"));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const folder of ['lib', 'types']) rmSync(at('dist', folder), { recursive: true, force: true });
  await buildCli();
  await buildLibrary();
  buildTypes();
}
