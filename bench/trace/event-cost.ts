import { buildGo } from '../../test/support/go-build.ts';
import { median } from '../measure.ts';
import { OrderedProgram } from './ordered-program.ts';
import { pause, Recorder } from './recorder.ts';
import type { TraceRow } from './row.ts';

/** So many that what they write fits into the ring: it is the probes that are measured, not what they do without room. */
const EXCHANGES = 20_000;
/** Runs in a recording, so that the events of its beginning and end do not count. */
const RUNS = 7;
const DRAIN_MS = 300;
const GOAL_NS = 60;

/** What an event costs where it happens: two goroutines on one P hand a number to and fro. */
export const eventCost: TraceRow = {
  name: 'event',
  about: 'an event of a goroutine, inline, in nanoseconds of CPU of the program; Go’s own tracer beside it',
  repetitions: 5,
  async measure(repetitions) {
    const program = await OrderedProgram.start(buildGo({ source: 'bench/programs/pingpong' }));
    try {
      const run = async (): Promise<number> => {
        const values: number[] = [];
        for (let i = 0; i < RUNS; i++) {
          values.push(Number(await program.ask(`run ${EXCHANGES}`)));
          await pause(DRAIN_MS);
        }
        return median(values);
      };
      const [bare, ours, theirs, perExchange]: number[][] = [[], [], [], []];
      let lost = 0;
      await run();
      for (let i = 0; i < repetitions; i++) {
        bare!.push(await run());
        const recorder = await Recorder.attach(program.pid);
        ours!.push(await run());
        const recorded = await recorder.stop();
        lost += recorded.lost;
        perExchange!.push(recorded.events / (RUNS * EXCHANGES));
        bare!.push(await run());
        await program.ask('trace on');
        theirs!.push(await run());
        await program.ask('trace off');
      }
      const events = median(perExchange!);
      const cost = (values: readonly number[]): number => (median(values) - median(bare!)) / events;
      return [
        { what: 'an event more', value: cost(ours!), unit: 'ns', goal: GOAL_NS },
        { what: 'the same by runtime/trace', value: cost(theirs!), unit: 'ns' },
        { what: 'ratio', value: cost(ours!) / cost(theirs!), unit: '×' },
        { what: 'an exchange untraced', value: median(bare!), unit: 'ns' },
        { what: 'its events', value: events, unit: '' },
        { what: 'lost', value: lost, unit: 'events', goal: 0 },
      ];
    } finally {
      program.end();
    }
  },
};
