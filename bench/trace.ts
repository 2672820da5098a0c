// npm run bench:trace [-- --only event,server] [-- --repetitions N] [-- --list]
//
// What recording costs the program and the recorder, and what reading a trace costs; Go's own tools in turns with it.
import { run } from '../test/support/tools.ts';
import { mattock } from './installed.ts';
import { attachStop } from './trace/attach-stop.ts';
import { callCost } from './trace/call-cost.ts';
import { eventCost } from './trace/event-cost.ts';
import { reading } from './trace/reading.ts';
import type { Finding, TraceRow } from './trace/row.ts';
import { serverLoss } from './trace/server-loss.ts';

const ROWS: readonly TraceRow[] = [eventCost, callCost, serverLoss, attachStop, reading];

const print = (line: string): void => console.log(line);
const text = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.1
    ? value.toPrecision(2)
    : value.toFixed(Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

function show({ what, value, unit, goal }: Finding): boolean {
  const kept = goal === undefined || value <= goal;
  const aim = goal === undefined ? '' : `(goal ${text(goal)})${kept ? '' : ' ! over the goal'}`;
  print(`  ${what.padEnd(32)} ${text(value).padStart(9)} ${unit} ${aim}`.trimEnd());
  return kept;
}

async function main(args: readonly string[]): Promise<number> {
  const value = (flag: string): string | undefined => {
    const at = args.indexOf(flag);
    return at < 0 ? undefined : args[at + 1];
  };
  if (args.includes('--list')) {
    for (const { name, about } of ROWS) print(`${name.padEnd(10)} ${about}`);
    return 0;
  }
  const only = value('--only')?.split(',') ?? [];
  const chosen = ROWS.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)));
  const repetitions = value('--repetitions');
  // The first run of all compiles Mattock: that is not what is measured.
  run(mattock()[0]!, [...mattock().slice(1), 'help']);
  print(`Mattock on Node ${process.versions.node}, ${run('go', ['version']).trim()}; medians`);
  let kept = true;
  for (const row of chosen) {
    print(`${row.name}: ${row.about}`);
    for (const finding of await row.measure(Number(repetitions ?? row.repetitions)))
      kept = show(finding) && kept;
  }
  return kept ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
