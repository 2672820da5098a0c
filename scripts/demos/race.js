// Runs examples/race, whose goroutines write a balance without a lock, and watches it: who wrote, and who before.
import path from 'node:path';
import { mattock, must, root, step } from './steps.js';

const COMMANDS = [
  'break main.go:29',
  'continue',
  'watch shared.balance',
  'clear 1',
  'continue',
  'continue',
  'continue',
];

export function race() {
  step(
    'Run examples/race and watch the balance: who wrote what, and who wrote before',
    ['mattock debug .', ...COMMANDS.map((c) => `-c '${c}'`)].join(' '),
  );
  const { stdout } = must(process.execPath, [mattock, 'debug', '.', ...COMMANDS.flatMap((c) => ['-c', c])], {
    encoding: 'utf8',
    cwd: path.join(root, 'examples/race'),
    env: { ...process.env, GOFLAGS: '-buildvcs=false' },
  });
  process.stdout.write(stdout);
  if (!/written by|changed by/.test(stdout)) {
    console.error('The watchpoint saw no write.');
    process.exit(1);
  }
  console.log('\nThat was `mattock debug`. Without -c it is interactive: type help there.');
}
