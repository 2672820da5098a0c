// npm run bench:core [-- --only open,goroutines-100k] [-- --repetitions N] [-- --alone delve|mattock] [-- --list]
//
// Mattock against Delve on the same cores, in turns, in one run: CPU seconds, peak memory, time to the first line.
// Without --only the rows that take minutes are left out: --only 1m, --only all.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../test/support/project.ts';
import { mattock } from './installed.ts';
import { forgetCertificates, type Measured, measure, median } from './measure.ts';
import { type BenchRow, ROWS } from './rows.ts';
import { DELVE_VERSION, delve, type Subject } from './subjects.ts';

type Side = 'mattock' | 'delve';

interface Options {
  readonly only: readonly string[];
  readonly repetitions: number | undefined;
  readonly sides: readonly Side[];
}

interface Medians {
  readonly cpu: number;
  readonly memory: number;
  readonly wall: number;
  readonly firstOutput: number | undefined;
  readonly count: number;
  readonly shown: readonly string[];
}

const print = (line: string): void => console.log(line);

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  const rows = ROWS.filter((row) => isChosen(row, options.only));
  if (args.includes('--list')) {
    for (const row of ROWS)
      print(`${row.name}${row.slow ? ' (only when named)' : ''}: ${row.commands.join('; ')}`);
    return 0;
  }
  print(
    `Mattock on Node ${process.versions.node} and Delve ${DELVE_VERSION}; medians; s = CPU seconds, MB = peak memory`,
  );
  print(
    `${'row'.padEnd(18)}${'Mattock s'.padStart(11)}${'Delve s'.padStart(10)}${'ratio'.padStart(8)}${'goal'.padStart(7)}` +
      `${'MB'.padStart(9)}${'MB'.padStart(8)}${'ratio'.padStart(8)}${'goal'.padStart(7)}${'first'.padStart(9)}${'first'.padStart(8)}${'count'.padStart(10)}`,
  );
  let kept = true;
  for (const row of rows) kept = (await bench(row, options)) && kept;
  return kept ? 0 : 1;
}

function parse(args: readonly string[]): Options {
  const value = (flag: string): string | undefined => {
    const at = args.indexOf(flag);
    return at < 0 ? undefined : args[at + 1];
  };
  const alone = value('--alone') as Side | undefined;
  const repetitions = value('--repetitions');
  return {
    only: value('--only')?.split(',') ?? [],
    repetitions: repetitions === undefined ? undefined : Number(repetitions),
    sides: alone === undefined ? ['mattock', 'delve'] : [alone],
  };
}

function isChosen(row: BenchRow, only: readonly string[]): boolean {
  if (only.length === 0) return row.slow !== true;
  return only.includes('all') || only.some((word) => row.name.includes(word));
}

async function bench(row: BenchRow, options: Options): Promise<boolean> {
  const subject = await row.subject();
  // The first run of all compiles Mattock: that is not what is measured.
  const { head } = await measure(mattockCommand(subject, row), row, folderOf(subject));
  const commands: Readonly<Record<Side, string[]>> = {
    mattock: mattockCommand(subject, row),
    delve: delveCommand(subject, row, row.delveCommands?.(head) ?? row.commands),
  };
  const runs = new Map<Side, Measured[]>(options.sides.map((side) => [side, []]));
  for (let i = 0; i < (options.repetitions ?? row.repetitions); i++)
    for (const side of options.sides) {
      const measured = await measure(commands[side], row, folderOf(subject));
      if (measured.status !== 0 || measured.count === 0) {
        print(
          `${row.name}: ${side} failed (status ${measured.status}, ${measured.count} counted):\n${measured.tail}`,
        );
        return false;
      }
      runs.get(side)!.push(measured);
    }
  const [ours, theirs] = [mediansOf(runs.get('mattock')), mediansOf(runs.get('delve'))];
  print(tableLine(row, ours, theirs));
  if (row.note !== undefined && ours !== undefined && theirs !== undefined)
    print(`${' '.repeat(18)}(${row.note})`);
  return verdict(row, ours, theirs);
}

const folderOf = (subject: Subject): string => path.dirname(subject.core);

const mattockCommand = ({ executable, core }: Subject, { commands }: BenchRow): string[] => [
  ...mattock(),
  'core',
  executable,
  core,
  ...commands.flatMap((c) => ['-c', c]),
];

function delveCommand({ executable, core }: Subject, row: BenchRow, commands: readonly string[]): string[] {
  const script = path.join(cacheFolder, 'bench', `${row.name}.dlv`);
  writeFileSync(script, `${[...commands, 'exit'].join('\n')}\n`);
  const flags = ['--allow-non-terminal-interactive=true', '--check-go-version=false', '--init', script];
  return [delve(), 'core', executable, core, ...flags];
}

function mediansOf(runs: readonly Measured[] | undefined): Medians | undefined {
  if (runs === undefined) return undefined;
  const firsts = runs.map((run) => run.firstOutput).filter((first) => first !== undefined);
  return {
    cpu: median(runs.map((run) => run.cpu)),
    memory: median(runs.map((run) => run.memory)),
    wall: median(runs.map((run) => run.wall)),
    firstOutput: firsts.length === 0 ? undefined : median(firsts),
    count: runs[0]!.count,
    shown: runs[0]!.shown,
  };
}

function tableLine(row: BenchRow, ours: Medians | undefined, theirs: Medians | undefined): string {
  const number = (value: number | undefined, digits: number, width: number) =>
    (value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits)).padStart(width);
  const ratio = (of: 'cpu' | 'memory') => (ours && theirs ? ours[of] / theirs[of] : undefined);
  const count = (ours ?? theirs)!.count;
  return (
    `${row.name.padEnd(18)}${number(ours?.cpu, 2, 11)}${number(theirs?.cpu, 2, 10)}${number(ratio('cpu'), 3, 8)}${number(row.goal.cpu, 2, 7)}` +
    `${number(ours?.memory, 0, 9)}${number(theirs?.memory, 0, 8)}${number(ratio('memory'), 2, 8)}${number(row.goal.memory, 2, 7)}` +
    `${number(ours?.firstOutput, 2, 9)}${number(theirs?.firstOutput, 2, 8)}${String(count).padStart(10)}`
  );
}

/** Says what is not as it should be: a timing of different work is worth nothing, so counts come first. */
function verdict(row: BenchRow, ours: Medians | undefined, theirs: Medians | undefined): boolean {
  if (ours === undefined || theirs === undefined) return true;
  const problems: string[] = [];
  const differs = ours.shown.findIndex((one, i) => one !== theirs.shown[i]);
  if (differs >= 0)
    problems.push(`the outputs differ: ${ours.shown[differs]} and ${theirs.shown[differs] ?? 'nothing'}`);
  if (Math.abs(ours.count - theirs.count) > row.tolerance * theirs.count)
    problems.push(`the outputs differ: ${ours.count} and ${theirs.count} counted`);
  if (ours.cpu > row.goal.cpu * theirs.cpu) problems.push('CPU time is over the goal');
  if (ours.memory > row.goal.memory * theirs.memory) problems.push('memory is over the goal');
  if (ours.memory > (row.goal.megabytes ?? Number.POSITIVE_INFINITY))
    problems.push(`memory is over ${row.goal.megabytes} MB`);
  if ((ours.firstOutput ?? 0) > (row.goal.firstOutput ?? Number.POSITIVE_INFINITY))
    problems.push(`the first line came after more than ${row.goal.firstOutput} s`);
  for (const problem of problems) print(`${' '.repeat(18)}! ${problem}`);
  return problems.length === 0;
}

forgetCertificates();
process.exitCode = await main(process.argv.slice(2));
