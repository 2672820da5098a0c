// npm run bench:live [-- --only condition,trace] [-- --repetitions N] [-- --list]
//
// Mattock, Delve and gdb on the same running programs, in turns, in one run: free and pinned to one CPU.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildGo } from '../test/support/go-build.ts';
import { cacheFolder, projectRoot } from '../test/support/project.ts';
import { hasProgram, run } from '../test/support/tools.ts';
import { mattock } from './installed.ts';
import { forgetCertificates, measure, median } from './measure.ts';
import { DELVE_VERSION, delve, prometheus } from './subjects.ts';

type Side = 'mattock' | 'delve' | 'gdb';
type Prefix = readonly string[];

/** A measure of one side: its number, in the row's unit. */
type Measure = (prefix: Prefix) => Promise<number>;

interface Row {
  readonly name: string;
  readonly unit: 'µs' | 's' | 'ms';
  readonly sides: Readonly<Partial<Record<Side, Measure>>>;
  /** Mattock's number is to be at most so much of the other's. */
  readonly goals: Readonly<Partial<Record<Side, number>>>;
  readonly pinned: boolean;
}

const PINNED: Prefix = ['taskset', '-c', '0'];
const folder = path.join(cacheFolder, 'bench');
const noopt = ['-gcflags=all=-N -l'];
const hot = (): string => buildGo({ source: 'bench/programs/hot', flags: noopt });
const crowd = (): string => buildGo({ source: 'bench/programs/crowd' });

function script(name: string, lines: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.dlv`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

const mattockExec = (program: string, lines: readonly string[], args: readonly string[] = []): string[] => [
  ...mattock(),
  'exec',
  program,
  ...lines.flatMap((line) => ['-c', line]),
  ...(args.length === 0 ? [] : ['--', ...args]),
];

const dlvExec = (
  program: string,
  lines: readonly string[],
  args: readonly string[],
  name: string,
): string[] => [
  delve(),
  'exec',
  program,
  '--allow-non-terminal-interactive=true',
  '--init',
  script(name, [...lines, 'exit']),
  ...(args.length === 0 ? [] : ['--', ...args]),
];

/** Runs a debugger on a program that says itself what a call took. */
const perCall =
  (command: () => readonly string[]): Measure =>
  async (prefix) => {
    const [file, ...args] = [...prefix, ...command()];
    const done = spawnSync(file!, args, {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const found = /nanoseconds per call (\d+)/.exec(done.stdout + done.stderr);
    if (found === null)
      throw new Error(`${command().join(' ')} failed:\n${(done.stdout + done.stderr).slice(-2000)}`);
    return Number(found[1]) / 1000;
  };

const steps =
  (side: 'mattock' | 'delve', kind: 'instructions' | 'lines', count: number): Measure =>
  async (prefix) => {
    const runner = path.join(projectRoot, 'bench/live-steps.js');
    const worker = path.join(path.dirname(mattock().at(-1)!), 'worker.js');
    const [file, ...args] = [...prefix, process.execPath, runner, side, kind, String(count), hot(), worker];
    const out = run(file!, args);
    const found = /nanoseconds per step (\d+)/.exec(out);
    if (found === null) throw new Error(out);
    return Number(found[1]) / 1000;
  };

const cpu =
  (command: (program: string) => readonly string[]): Measure =>
  async (prefix) => {
    const { executable } = await prometheus();
    const watched = { first: /main\.main/, count: /main\.main/g };
    const measured = await measure([...prefix, ...command(executable)], watched, folder);
    if (measured.count === 0) throw new Error(`nothing was found:\n${measured.tail}`);
    return measured.cpu;
  };

/** How long a process is stopped while a debugger attaches, lists its goroutines and lets it go. */
const pause =
  (command: (pid: number, program: string) => readonly string[]): Measure =>
  async (prefix) => {
    const program = crowd();
    const child = spawn(program, ['1000', '100000'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const until = async (found: () => boolean): Promise<void> => {
      const deadline = Date.now() + 300_000;
      while (!found()) {
        if (Date.now() > deadline) throw new Error(`the program did not say what it should: ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    try {
      await until(() => said.includes('ready'));
      said = '';
      const [file, ...args] = [...prefix, ...command(child.pid!, program)];
      await new Promise<void>((resolve, reject) => {
        const debugging = spawn(file!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
        debugging.on('error', reject).on('exit', () => resolve());
      });
      await until(() => said.includes('stopped for'));
      await new Promise((resolve) => setTimeout(resolve, 200));
      const all = [...said.matchAll(/stopped for (\d+)/g)].map(([, micros]) => Number(micros));
      return Math.max(...all) / 1000;
    } finally {
      child.kill('SIGKILL');
    }
  };

const ROWS: readonly Row[] = [
  {
    name: 'condition',
    unit: 'µs',
    pinned: true,
    goals: { delve: 0.15, gdb: 0.5 },
    sides: {
      mattock: perCall(() => mattockExec(hot(), ['break main.work if i == -1', 'continue'], ['20000'])),
      delve: perCall(() =>
        dlvExec(hot(), ['break b main.work', 'condition b i == -1', 'continue'], ['1000'], 'condition'),
      ),
      gdb: perCall(() => [
        'gdb',
        '-batch',
        '-ex',
        'break main.work if i == -1',
        '-ex',
        'run',
        '--args',
        hot(),
        '2000',
      ]),
    },
  },
  {
    name: 'trace',
    unit: 'µs',
    pinned: true,
    goals: { delve: 0.05 },
    sides: {
      mattock: perCall(() => mattockExec(hot(), ['trace main.work', 'continue'], ['10000'])),
      delve: perCall(() => [delve(), 'trace', '--exec', hot(), '^main.work$', '--', '500']),
    },
  },
  {
    name: 'step-instruction',
    unit: 'µs',
    pinned: true,
    goals: { delve: 0.3 },
    sides: { mattock: steps('mattock', 'instructions', 1000), delve: steps('delve', 'instructions', 1000) },
  },
  {
    name: 'next',
    unit: 'µs',
    pinned: true,
    goals: { delve: 0.3 },
    sides: { mattock: steps('mattock', 'lines', 100), delve: steps('delve', 'lines', 100) },
  },
  {
    name: 'first-breakpoint',
    unit: 's',
    pinned: false,
    goals: { delve: 0.15 },
    sides: {
      mattock: cpu((program) => mattockExec(program, ['break main.main', 'continue'])),
      delve: cpu((program) => dlvExec(program, ['break main.main', 'continue'], [], 'first-breakpoint')),
    },
  },
  {
    name: 'attach-pause',
    unit: 'ms',
    pinned: false,
    goals: { delve: 0.2 },
    sides: {
      mattock: pause((pid) => [...mattock(), 'attach', String(pid), '-c', 'goroutines']),
      delve: pause((pid, program) => [
        delve(),
        'attach',
        String(pid),
        program,
        '--allow-non-terminal-interactive=true',
        '--init',
        script('attach', ['goroutines', 'exit']),
      ]),
    },
  },
];

const print = (line: string): void => console.log(line);

async function bench(row: Row, prefix: Prefix, repetitions: number): Promise<boolean> {
  const results = new Map<Side, number[]>();
  const sides = Object.entries(row.sides).filter(([side]) => side !== 'gdb' || hasProgram('gdb')) as [
    Side,
    Measure,
  ][];
  // The first run of all compiles Mattock: that is not what is measured.
  await row.sides.mattock!(prefix);
  for (let i = 0; i < repetitions; i++) {
    for (const [side, take] of sides) results.set(side, [...(results.get(side) ?? []), await take(prefix)]);
  }
  const medians = new Map([...results].map(([side, values]) => [side, median(values)]));
  const ours = medians.get('mattock')!;
  const where = row.pinned ? (prefix.length === 0 ? ' free' : ' pinned') : '';
  const others = [...medians].filter(([side]) => side !== 'mattock');
  const texts = others.map(([side, value]) => {
    const goal = row.goals[side];
    return `${side} ${value.toFixed(value < 10 ? 2 : 0)}, ratio ${(ours / value).toFixed(3)}${goal === undefined ? '' : ` (goal ${goal})`}`;
  });
  print(
    `${(row.name + where).padEnd(26)} mattock ${ours.toFixed(ours < 10 ? 2 : 0)} ${row.unit}; ${texts.join('; ')}`,
  );
  const missed = others.filter(([side, value]) => ours > (row.goals[side] ?? Infinity) * value);
  for (const [side] of missed) print(`${' '.repeat(27)}! over the goal against ${side}`);
  return missed.length === 0;
}

async function main(args: readonly string[]): Promise<number> {
  const value = (flag: string): string | undefined => {
    const at = args.indexOf(flag);
    return at < 0 ? undefined : args[at + 1];
  };
  const only = value('--only')?.split(',') ?? [];
  const chosen = ROWS.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)));
  if (args.includes('--list')) {
    for (const { name } of ROWS) print(name);
    return 0;
  }
  const repetitions = Number(value('--repetitions') ?? 3);
  print(`Mattock on Node ${process.versions.node}, Delve ${DELVE_VERSION}; medians of ${repetitions}`);
  let kept = true;
  for (const row of chosen) {
    kept = (await bench(row, [], repetitions)) && kept;
    if (row.pinned) kept = (await bench(row, PINNED, repetitions)) && kept;
  }
  return kept ? 0 : 1;
}

forgetCertificates();
process.exitCode = await main(process.argv.slice(2));
