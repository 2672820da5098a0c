import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mattockProgram } from './cli/run-mattock.ts';
import { kernelWritesFiles } from './support/cores.ts';
import { projectRoot } from './support/project.ts';

const readme = readFileSync(path.join(projectRoot, 'README.md'), 'utf8');
const consoleBlocks = [...readme.matchAll(/```console\n([\s\S]*?)```/g)].map((match) => match[1]!);
const commands = consoleBlocks.flatMap((block) => block.split('\n').filter((line) => line.startsWith('$ ')));

/** On a busy machine what is to be ended may have ended by itself. */
const asRun = (command: string): string => command.slice('$ '.length).replace('kill $!', 'kill $! || true');

/** What differs from run to run: addresses, ids, how far the other goroutines had come. */
const settle = (text: string): string =>
  text
    .replaceAll(/0x[\da-f]+/g, '0x…')
    .replaceAll(/\b(process|thread|Goroutine|Frame) \d+/g, '$1 N')
    .replaceAll(/go1\.[\w.]+/g, 'go1.N')
    .replaceAll(/^\d+ goroutines: .*$/gm, 'N goroutines');

const upToCounts = (text: string): string => settle(text).split('N goroutines')[0]!;
const order = (text: string): string =>
  settle(text.slice(text.indexOf('*main.order {'))).split('main.ledger')[0]!;

describe.skipIf(!kernelWritesFiles())('the README', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-readme-'));
  const shell = (script: string): string =>
    execFileSync('bash', ['-c', script], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 2 ** 26,
      env: { ...process.env, PATH: `${folder}/path:${process.env.PATH}`, XDG_CONFIG_HOME: '/nonexistent' },
    });

  beforeAll(() => {
    cpSync(path.join(projectRoot, 'examples/crash'), folder, { recursive: true });
    shell('mkdir path && go build -o crash .');
    cpSync(path.join(projectRoot, 'examples/race'), path.join(folder, 'race'), { recursive: true });
    shell(`cd race && go build -gcflags='all=-N -l' -o race .`);
    const leaky = path.join(projectRoot, 'examples/leaky-server');
    shell(
      `go build -C ${leaky} -o ${folder}/leaky-server . || (cd ${leaky} && go build -o ${folder}/leaky-server .)`,
    );
    symlinkSync(mattockProgram, path.join(folder, 'path/mattock'));
    shell('ulimit -c unlimited; GOTRACEBACK=crash ./crash > /dev/null 2>&1; [ -e core ] || mv core.* core');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('shows commands', () => {
    expect(commands.length).toBeGreaterThan(8);
  });

  it.each(commands)('%s', (command) => {
    expect(shell(`{ ${asRun(command)}\n} 2>&1`)).not.toBe('');
  });

  it('begins with what the analysis of the hanging server says', () => {
    const analysed = (): string => shell('mattock trace analyze trace.out 2>&1 || true');
    let printed = analysed();
    // On a busy machine it may not have sold so much in that time, or not have begun: then the audit takes less.
    const sooner = asRun(commands[0]!)
      .replace('-audit-quota 3000', '-audit-quota 200')
      .replace('20s', '120s');
    for (let times = 0; times < 3 && !printed.includes(' hang on one that nobody lets go on'); times++) {
      shell(`{ ${sooner}\n} 2>&1`);
      printed = analysed();
    }
    expect(printed).toMatch(/^HIGH \d+ goroutines hang on one that nobody lets go on$/m);
    expect(printed).toMatch(/wait to lock the Mutex 0x[\da-f]+, in main\.\(\*shop\)\.order \(shop\.go:53\)/);
    expect(printed).toMatch(
      /waits? to send on the channel 0x[\da-f]+, in main\.\(\*shop\)\.record\.func1 \(shop\.go:67\)/,
    );
  });

  it('shows what the first command on a core prints', () => {
    const block = consoleBlocks.find((text) => text.startsWith('$ mattock core '))!;
    const command = block.slice(2, block.indexOf('\n'));
    const printed = shell(command);
    const shown = block.slice(block.indexOf('\n') + 1);
    expect(upToCounts(printed)).toBe(upToCounts(shown));
    expect(order(printed)).toBe(order(shown));
  });
});
