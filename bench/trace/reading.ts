import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { buildGo } from '../../test/support/go-build.ts';
import { cacheFolder } from '../../test/support/project.ts';
import { run } from '../../test/support/tools.ts';
import { mattock } from '../installed.ts';
import { type Measured, measure, median } from '../measure.ts';
import type { TraceRow } from './row.ts';

/** About 17 events each. */
const ROUNDS = 65_000;
const EVENTS = 1_000_000;
const GOAL = { seconds: 3, megabytes: 600, ratio: 0.5 };

/** Reading and analysing a large trace. */
export const reading: TraceRow = {
  name: 'reading',
  about: 'reading a trace of a million events and all analyses of it; go tool trace -d=parsed beside it',
  repetitions: 3,
  async measure(repetitions) {
    const folder = path.join(cacheFolder, 'bench');
    mkdirSync(folder, { recursive: true });
    const generator = buildGo({ source: 'bench/programs/tracegen' });
    const file = path.join(folder, `${path.basename(generator)}-${ROUNDS}.trace`);
    if (!existsSync(file)) run(generator, [file, String(ROUNDS)]);
    const ours = [...mattock(), 'trace', 'analyze', file, '--all'];
    const theirs = ['go', 'tool', 'trace', '-d=parsed', file];
    const [mine, go]: Measured[][] = [[], []];
    for (let i = 0; i < repetitions; i++) {
      mine!.push(await good(ours, { first: /./, count: /(\d+) events/g }, folder));
      go!.push(await good(theirs, { first: /./, count: /^M=/gm }, folder));
    }
    const of = (all: readonly Measured[], what: 'cpu' | 'wall' | 'memory'): number =>
      median(all.map((each) => each[what]));
    return [
      { what: 'CPU', value: of(mine!, 'cpu'), unit: 's', goal: GOAL.seconds },
      { what: 'wall', value: of(mine!, 'wall'), unit: 's' },
      { what: 'memory', value: of(mine!, 'memory'), unit: 'MB', goal: GOAL.megabytes },
      { what: 'go tool trace: CPU', value: of(go!, 'cpu'), unit: 's' },
      { what: 'wall', value: of(go!, 'wall'), unit: 's' },
      { what: 'ratio of CPU', value: of(mine!, 'cpu') / of(go!, 'cpu'), unit: '×', goal: GOAL.ratio },
      { what: 'events', value: go![0]!.count, unit: '' },
    ];
  },
};

async function good(
  command: readonly string[],
  watched: Parameters<typeof measure>[1],
  folder: string,
): Promise<Measured> {
  const measured = await measure(command, watched, folder);
  if (measured.status !== 0 || measured.count < EVENTS)
    throw new Error(
      `${command.join(' ')}: status ${measured.status}, ${measured.count} events\n${measured.tail}`,
    );
  return measured;
}
