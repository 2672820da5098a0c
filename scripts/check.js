// Everything that must hold before a commit: `npm run check`. Each step prints ok or FAILED with what it took;
// a failed one also prints its output and the command that mends it or shows more. The tests come last.
import { spawn } from 'node:child_process';

const STEPS = [
  { name: 'types', command: 'npx tsc -p . && npx tsc -p web-ui', mend: 'npx tsc -p . --watch' },
  { name: 'lint and format', command: 'npx biome check --error-on-warnings .', mend: 'npm run format' },
  {
    name: 'layers',
    command: 'npx depcruise src scripts --config .dependency-cruiser.cjs',
    mend: 'import only from the layers below: the table is in src/README.md',
  },
  { name: 'dead code', command: 'npx knip', mend: 'npx knip --fix, or state the use in knip.json' },
  { name: 'build', command: 'node scripts/build.js', mend: 'node scripts/build.js' },
  { name: 'package', command: 'npx publint --strict', mend: 'npx publint, then package.json' },
  {
    name: 'runtime assumptions',
    command: 'node scripts/ensure-go.js && node scripts/check-runtime.js',
    mend: 'npm run check:runtime',
  },
  { name: 'tests', command: 'npm test', mend: 'npx vitest run <the failed file>', live: true },
];

const only = process.argv.slice(2);
const steps =
  only.length === 0 ? STEPS : STEPS.filter((step) => only.some((word) => step.name.includes(word)));
if (steps.length === 0) {
  console.error(`no such step; there are: ${STEPS.map((step) => step.name).join(', ')}`);
  process.exit(2);
}

const failed = [];
for (const step of steps) {
  const started = performance.now();
  const { status, output } = await run(step);
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${seconds} s  ${step.name}`);
  if (status === 0) continue;
  failed.push(step.name);
  if (output !== '') console.log(output.replaceAll(/^/gm, '    '));
  console.log(`       to see or mend it: ${step.mend}`);
}
console.log(failed.length === 0 ? 'all steps ok' : `failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Output of a live step is shown as it comes; that of others only when they fail. */
function run(step) {
  return new Promise((resolve) => {
    const child = spawn(step.command, {
      shell: true,
      stdio: ['ignore', step.live ? 'inherit' : 'pipe', step.live ? 'inherit' : 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    child.on('close', (status) => resolve({ status: status ?? 1, output: output.trimEnd() }));
  });
}
