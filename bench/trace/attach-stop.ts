import { buildGo } from '../../test/support/go-build.ts';
import { median } from '../measure.ts';
import { OrderedProgram } from './ordered-program.ts';
import { pause, Recorder } from './recorder.ts';
import type { TraceRow } from './row.ts';

const THREADS = 100;
const GOAL_MS = 20;
const RECORDING_MS = 300;

/** For how long a program is stopped by the beginning and the end of a recording, as it sees it itself. */
export const attachStop: TraceRow = {
  name: 'stop',
  about: `how long a program of ${THREADS} threads stands still at the beginning and the end of a recording`,
  repetitions: 7,
  async measure(repetitions) {
    const program = await OrderedProgram.start(
      buildGo({ source: 'bench/programs/stops' }),
      [String(THREADS)],
      { GODEBUG: 'asyncpreemptoff=1' },
    );
    const gap = async (): Promise<number> => {
      // What it answers is read while it changes: of the gap that ends now there may be one half.
      await pause(RECORDING_MS);
      const [longest, queued] = await program.numbers('gap');
      return (longest! - queued!) / 1e6;
    };
    try {
      const [bare, begin, end]: number[][] = [[], [], []];
      for (let i = 0; i < repetitions; i++) {
        await gap();
        bare!.push(await gap());
        const recorder = await Recorder.attach(program.pid);
        begin!.push(await gap());
        await recorder.stop();
        end!.push(await gap());
      }
      return [
        { what: 'stop at the beginning', value: median(begin!), unit: 'ms', goal: GOAL_MS },
        { what: 'the longest', value: Math.max(...begin!), unit: 'ms' },
        { what: 'stop at the end', value: median(end!), unit: 'ms', goal: GOAL_MS },
        { what: 'without a recorder', value: median(bare!), unit: 'ms' },
      ];
    } finally {
      program.end();
    }
  },
};
