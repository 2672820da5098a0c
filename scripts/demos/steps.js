// What the demos share: they show each command before they run it, and end when one fails.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const mattock = path.join(root, 'bin/mattock.js');

export function step(title, command) {
  const rule = process.stdout.isTTY ? ['\x1b[1m', '\x1b[0m'] : ['', ''];
  console.log(`\n${rule[0]}── ${title}${rule[1]}\n   $ ${command}\n`);
}

export function must(program, args, options) {
  const ran = spawnSync(program, args, { maxBuffer: 1 << 28, ...options });
  if (ran.status !== 0) {
    console.error(`${program} ${args.join(' ')} failed (${ran.status ?? ran.error})\n${ran.stderr ?? ''}`);
    process.exit(1);
  }
  return ran;
}

export function build(example, executable) {
  must('go', ['build', '-o', executable, '.'], {
    cwd: path.join(root, 'examples', example),
    env: { ...process.env, GOFLAGS: '-buildvcs=false' },
  });
}

export const indented = (text) => text.replaceAll(/^(?=.)/gm, '   ');
