// npm run demo: builds examples/crash, lets it crash, and looks at the core that it leaves; then runs examples/race and
// watches the field that two of its goroutines write.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { crashCore } from './crash-core.js';
import { ensureGo } from './ensure-go.js';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(path.join(tmpdir(), 'mattock-demo-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const go = ensureGo();
const executable = path.join(folder, 'crash');
step(`Build examples/crash, a small order service with a bug, with ${go}`, 'go build ./examples/crash');
must('go', ['build', '-o', executable, '.'], {
  cwd: path.join(root, 'examples/crash'),
  env: { ...process.env, GOFLAGS: '-buildvcs=false' },
});

step('Let it crash: GOTRACEBACK=crash makes Go leave a core', 'GOTRACEBACK=crash ./crash');
const { core, output, problem } = crashCore(executable, folder);
console.log(indented(output.split('\n').slice(0, 4).join('\n')));
if (core === undefined) {
  console.error(`No core was left. ${problem}`);
  process.exit(1);
}

let verdict = '';
look('Open the core: the verdict says what killed it, where, and what the others were doing');
look(
  'All goroutines: four workers, a mailer, an audit and main; what each waits for, and since when',
  'goroutines',
);
look('The same, counted by where they are in user code', 'goroutines -group userloc');
look('The stack of the goroutine that died, with arguments and local variables', 'stack -full');
look('In the frame of the fault: the ledger that was never made, and the order that was to be booked', [
  `frame ${frameOf('main.(*ledger).book')} print *l`,
  `frame ${frameOf('main.(*ledger).book')} print *o`,
]);

const race = [
  'break main.go:29',
  'continue',
  'watch shared.balance',
  'clear 1',
  'continue',
  'continue',
  'continue',
];
step(
  'Run examples/race, whose goroutines write a balance without a lock, and watch it: who wrote what, and who wrote before',
  ['mattock debug .', ...race.map((c) => `-c '${c}'`)].join(' '),
);
const watched = must(
  process.execPath,
  [path.join(root, 'bin/mattock.js'), 'debug', '.', ...race.flatMap((c) => ['-c', c])],
  {
    encoding: 'utf8',
    cwd: path.join(root, 'examples/race'),
    env: { ...process.env, GOFLAGS: '-buildvcs=false' },
  },
).stdout;
process.stdout.write(watched);
if (!/written by/.test(watched)) {
  console.error('The watchpoint saw no write.');
  process.exit(1);
}
console.log(
  '\nThat was `mattock core` and `mattock debug`. Without -c they are interactive: type help there.',
);

/** Runs Mattock on the core, as a user would, and shows the command. Later runs leave out the verdict again. */
function look(title, commands = []) {
  const list = [commands].flat();
  step(title, ['mattock core ./crash ./core', ...list.map((c) => `-c '${c}'`)].join(' '));
  const { stdout } = must(process.execPath, mattock(list), { encoding: 'utf8' });
  if (list.length === 0) verdict = stdout;
  process.stdout.write(list.length > 0 && stdout.startsWith(verdict) ? stdout.slice(verdict.length) : stdout);
}

function mattock(commands, ...flags) {
  // A command that does nothing keeps it from waiting for input.
  const given = commands.length === 0 ? ['exit'] : commands;
  return [
    path.join(root, 'bin/mattock.js'),
    'core',
    executable,
    core,
    ...flags,
    ...given.flatMap((c) => ['-c', c]),
  ];
}

/** Index of a function's frame in the stack of the goroutine that died. */
function frameOf(name) {
  const json = must(process.execPath, mattock(['stack'], '--json'), { encoding: 'utf8' }).stdout;
  const answers = json
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const frames = answers.find((answer) => answer.command === 'stack').result.frames;
  return frames.find((frame) => frame.function === name).index;
}

function step(title, command) {
  const rule = process.stdout.isTTY ? ['\x1b[1m', '\x1b[0m'] : ['', ''];
  console.log(`\n${rule[0]}── ${title}${rule[1]}\n   $ ${command}\n`);
}

function must(program, args, options) {
  const ran = spawnSync(program, args, { maxBuffer: 1 << 28, ...options });
  if (ran.status !== 0) {
    console.error(`${program} ${args.join(' ')} failed (${ran.status ?? ran.error})\n${ran.stderr ?? ''}`);
    process.exit(1);
  }
  return ran;
}

function indented(text) {
  return text.replaceAll(/^/gm, '   ');
}
